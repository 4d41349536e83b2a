package main

import (
	"fmt"
	"strings"
)

// The budgets of the notify engine: what a step may cost besides its calls, and each of
// these; and how much more than the floor a whole build may cost.
const (
	perStep   = 3e-3
	perCall   = 7e-6
	overFloor = 1.02
)

// budgets says for each workload where notify stands.
func (p *report) budgets() string {
	var s strings.Builder
	for _, r := range p.results {
		row := r.first()
		if !measured(row) {
			continue
		}
		if t := row.wall().med; r.limit > 0 {
			fmt.Fprintf(&s, "- %s: %s: %s of %s%s\n", r.name, row.name, duration(t), duration(r.limit), met(t <= r.limit))
		}
		if q := ratio(row, r.base).med; r.goal > 0 {
			fmt.Fprintf(&s, "- %s: %s: %s of %s%s\n", r.name, row.name, times(q), times(r.goal), met(q <= r.goal))
		}
	}
	s.WriteString("\n| workload | notify -MF / floor | overhead, of which allowed | per call, floor's | ahead of strace's same mode |\n|---|---|---|---|---|\n")
	for _, r := range p.results {
		notify, floor := r.row("deptrace --engine notify -MF"), r.row(theFloor)
		if !measured(notify) || r.candidates != nil {
			continue
		}
		cells := []string{r.name, "", "", "", ahead(r)}
		if measured(floor) {
			q := ratio(notify, floor)
			cells[1] = fmt.Sprintf("%.3f (%.3f–%.3f)", q.med, q.min, q.max)
			if r.whole {
				cells[1] += met(q.med <= overFloor)
			}
		}
		if r.calls > 0 {
			over, allowed := more(notify, r.base).med, perStep+float64(r.calls)*perCall
			cells[2] = fmt.Sprintf("%s of %s%s", duration(over), duration(allowed), met(over <= allowed))
			cells[3] = fmt.Sprintf("%.1f µs", over/float64(r.calls)*1e6)
			if measured(floor) {
				cells[3] += fmt.Sprintf(", %.1f µs", more(floor, r.base).med/float64(r.calls)*1e6)
			}
		}
		s.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return s.String()
}

// first is the row of deptrace's that goals are about: notify with -MF, where engines are
// compared.
func (r *result) first() *row {
	for _, row := range r.rows {
		if row.own {
			return row
		}
	}
	return nil
}

func measured(r *row) bool { return r != nil && len(r.runs) > 0 && r.failed == nil }

func met(ok bool) string {
	if ok {
		return " met"
	}
	return " MISSED"
}

// ahead says how deptrace's engines stand to strace in the mode that stops at the same calls.
func ahead(r *result) string {
	var all []string
	for _, pair := range [][2]string{{"notify", "--seccomp-bpf "}, {"ptrace", "--seccomp-bpf "}, {"ptrace-slow", ""}} {
		own, its := r.row("deptrace --engine "+pair[0]+" -MF"), r.row("strace -f "+pair[1]+"-e trace=%file")
		if measured(own) && measured(its) {
			q := ratio(own, its).med
			all = append(all, fmt.Sprintf("%s %.2f%s", pair[0], q, met(q < 1)))
		}
	}
	return strings.Join(all, ", ")
}
