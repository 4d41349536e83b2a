package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// report is what is made of all results.
type report struct {
	results []*result
	machine string
	seed    uint64
	loads   []float64
}

func (p *report) failed() bool {
	return slices.ContainsFunc(p.results, func(r *result) bool {
		return slices.ContainsFunc(r.rows, func(r *row) bool { return r.failed != nil })
	})
}

// head says what the figures were measured on.
func (p *report) head() string {
	return fmt.Sprintf("%s; load %.2f to %.2f; seed %d\n", p.machine, slices.Min(p.loads), slices.Max(p.loads), p.seed)
}

// write writes everything into a directory.
func (p *report) write(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"summary.md": p.summary(), "table.md": p.table() + "\n" + p.budgets(), "overhead.svg": p.plot(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return p.writeRuns(filepath.Join(dir, "runs.csv"))
}

// table has a row for every candidate of every workload.
func (p *report) table() string {
	var s strings.Builder
	s.WriteString(p.head() + "\n")
	s.WriteString("| workload | candidate | engine that ran | n | median time | ratio: median | min | max | |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range p.results {
		for _, row := range slices.Concat([]*row{r.base}, r.rows) {
			engine, remark := row.engine, row.remark
			if row == r.base {
				remark = r.what
				if r.calls > 0 {
					remark += fmt.Sprintf("; %d notified calls", r.calls)
				}
			}
			switch {
			case row.absent != "":
				fmt.Fprintf(&s, "| %s | %s | | | | | | | left out: %s |\n", r.name, row.name, oneCell(row.absent))
				continue
			case row.failed != nil:
				fmt.Fprintf(&s, "| %s | %s | | %d | | | | | FAILED: %s |\n", r.name, row.name, len(row.runs), oneCell(row.failed.Error()))
				continue
			}
			q := ratio(row, r.base)
			fmt.Fprintf(&s, "| %s | %s | %s | %d | %s | %s | %s | %s | %s |\n", r.name, row.name, engine, q.n,
				duration(row.wall().med), times(q.med), times(q.min), times(q.max), oneCell(remark))
		}
	}
	return s.String()
}

// times prints a ratio with three digits.
func times(x float64) string {
	if x >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	if x >= 10 {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	if x < 0.1 {
		return strconv.FormatFloat(x, 'f', 3, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

func oneCell(s string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s) }

// columns are what the summary shows of the recorders.
var columns = []struct{ title, name string }{
	{"floor", theFloor},
	{"`notify -MF`", "deptrace --engine notify -MF"},
	{"`notify -m`", "deptrace --engine notify -m"},
	{"`ptrace -MF`", "deptrace --engine ptrace -MF"},
	{"`ptrace-slow -MF`", "deptrace --engine ptrace-slow -MF"},
	{"`strace --seccomp-bpf`", "strace -f --seccomp-bpf -e trace=%file"},
	{"`strace`", "strace -f -e trace=%file"},
}

// summary is the README's table: medians, with the least and the greatest.
func (p *report) summary() string {
	var s, rest strings.Builder
	for _, r := range p.results {
		if r.candidates != nil {
			for _, row := range r.rows {
				if row.own && row.failed == nil && row.absent == "" {
					fmt.Fprintf(&rest, "| %s: %s | %s | %s |\n", r.what, row.name, span(row.wall(), duration), span(ratio(row, r.base), times))
				}
			}
			continue
		}
		calls := ""
		if r.calls > 0 {
			calls = itoa(r.calls)
		}
		fmt.Fprintf(&s, "| %s (%s) | %s |", r.what, duration(r.base.wall().med), calls)
		for _, c := range columns {
			cell := ""
			if row := r.row(c.name); row != nil {
				switch {
				case row.failed != nil:
					cell = "failed"
				case row.absent == "":
					cell = span(ratio(row, r.base), times)
				}
			}
			s.WriteString(" " + cell + " |")
		}
		s.WriteString("\n")
	}
	var all strings.Builder
	if s.Len() > 0 {
		all.WriteString("| | calls |")
		for _, c := range columns {
			all.WriteString(" " + c.title + " |")
		}
		all.WriteString("\n|---|---|" + strings.Repeat("---|", len(columns)) + "\n" + s.String() + "\n")
	}
	if rest.Len() > 0 {
		all.WriteString("| | time | ratio |\n|---|---|---|\n" + rest.String())
	}
	return all.String()
}

// span prints a median with the least and the greatest.
func span(v spread, format func(float64) string) string {
	return fmt.Sprintf("%s (%s–%s)", format(v.med), format(v.min), format(v.max))
}

// row returns the row of a candidate, nil if there is none.
func (r *result) row(name string) *row {
	for _, row := range r.rows {
		if row.name == name {
			return row
		}
	}
	return nil
}

// writeRuns writes every run.
func (p *report) writeRuns(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	w.Write([]string{"workload", "candidate", "round", "place", "wall_us", "cpu_us"})
	for _, r := range p.results {
		for _, row := range slices.Concat([]*row{r.base}, r.rows) {
			for _, t := range row.runs {
				w.Write([]string{r.name, row.name, itoa(t.round + 1), itoa(t.place + 1), strconv.FormatInt(t.wall.Microseconds(), 10), strconv.FormatInt(t.cpu.Microseconds(), 10)})
			}
		}
	}
	w.Flush()
	return w.Error()
}
