package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/BurntSushi/toml"

	"deptrace/cache"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// showFlags are the flags of show.
type showFlags struct {
	format, against, root string
	nul                   bool
}

func (f *showFlags) defs() []flagDef {
	return append([]flagDef{
		only(choiceFlag("format", &f.format, "text", "json", "dot", "inputs")),
		only(boolFlag("0", &f.nul)),
		only(textFlag("against", &f.against)),
		only(textFlag("root", &f.root)),
	}, helpFlags()...)
}

// showMain is `deptrace show`.
func showMain(args []string) int {
	f := showFlags{format: "text"}
	manifests, err := operands(f.defs(), args)
	if err != nil {
		return badUsage(err, statusError)
	}
	if len(manifests) != 1 {
		return badUsage(&flagError{fmt.Sprintf("show takes one manifest, not %d", len(manifests)), "deptrace show MANIFEST"}, statusError)
	}
	path := manifests[0]
	if f.nul && f.format != "inputs" {
		return badUsage(&flagError{message: "-0 goes with --format inputs"}, statusError)
	}
	if f.against != "" {
		if f.format != "text" {
			return badUsage(&flagError{message: "flag --against: its answer is text"}, statusError)
		}
		return showAgainst(path, f.root, f.against)
	}
	if f.format == "inputs" {
		end := "\n"
		if f.nul {
			end = "\x00"
		}
		return showInputs(path, f.root, end)
	}
	m, data, status := readRecord(path)
	if status != 0 {
		return status
	}
	switch f.format {
	case "json":
		return showJSON(path, data)
	case "dot":
		return printOut(dot(m))
	}
	return printOut(describe(m))
}

// showJSON prints a record that is known to be well-formed with its own keys: what
// is true of TOML's is true of these, and there is no second list of them to keep.
func showJSON(path string, data []byte) int {
	var keys map[string]any
	if _, err := toml.Decode(string(data), &keys); err != nil {
		errorf("%s: %v", printable(path), err)
		return statusError
	}
	delete(keys, "entries") // guards against a file that is cut off; JSON needs no such thing
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(keys); err != nil {
		errorf("%s: %v", printable(path), err)
		return statusError
	}
	return printOut(b.String())
}

// describe returns a record as a human reads it.
func describe(m *manifest.Manifest) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	var argv []string
	for _, a := range m.Step.Argv {
		argv = append(argv, shellWord(a))
	}
	line("%s", strings.Join(argv, " "))
	line("  in %s, %s, %s", printable(m.Step.Dir), m.Step.End(), map[bool]string{true: "complete", false: "incomplete"}[m.Complete])
	if m.Step.Stdin != "" {
		line("  standard input from %s", printable(m.Step.Stdin))
	}
	for _, why := range m.Incomplete {
		line("  incomplete: %s", cache.Line(why))
	}
	if len(m.Uses) > 0 {
		line("  uses %s", cache.Line(strings.Join(m.Uses, ", ")))
	}
	if len(m.Step.Ignore) > 0 {
		line("  ignores %s", cache.Line(strings.Join(m.Step.Ignore, ", ")))
	}
	if len(m.Step.Env)+len(m.Step.EnvUnset)+len(m.Step.EnvOff) > 0 {
		line("\nvariables:")
		for _, name := range slices.Sorted(maps.Keys(m.Step.Env)) {
			line("  %s=%s", printable(name), shellWord(m.Step.Env[name]))
		}
		for _, name := range m.Step.EnvUnset {
			line("  %s is not set", printable(name))
		}
		for _, name := range m.Step.EnvOff {
			line("  %s does not count", printable(name))
		}
	}
	if len(m.Programs) > 0 {
		line("\n%s:", count(len(m.Programs), "program"))
		for _, p := range m.Programs {
			where := "nowhere"
			if p.Path != "" {
				where = printable(p.Path)
			}
			line("  %s: %s", printable(p.Name), where)
		}
	}
	if len(m.Inputs) > 0 {
		line("\n%s:", count(len(m.Inputs), "input"))
		for i := range m.Inputs {
			in := &m.Inputs[i]
			line("  %-6s  %s", in.Kind, printable(in.Path)+aboutInput(in))
		}
	}
	for _, l := range []struct {
		list []manifest.Output
		what string
	}{{m.Outputs, "output"}, {m.Side, "output outside the root"}} {
		if len(l.list) == 0 {
			continue
		}
		what := l.what
		if len(l.list) != 1 {
			what = strings.Replace(what, "output", "outputs", 1)
		}
		line("\n%d %s:", len(l.list), what)
		for _, o := range l.list {
			line("  %-7s  %s", o.Kind, printable(o.Path)+aboutOutput(o))
		}
	}
	return b.String()
}

func aboutInput(in *manifest.Input) string {
	if in.Denied != 0 {
		allowed := *in
		allowed.Denied = 0
		return aboutInput(&allowed) + ", denied to " + in.Denied.String()
	}
	switch {
	case in.Kind == footprint.Link:
		return " -> " + printable(in.Target)
	case in.Kind == footprint.Read || in.Kind == footprint.Stat && in.Type == footprint.File:
		about := count(int(in.Size), "byte")
		if in.Exec {
			about += ", executable"
		}
		return " (" + about + ")"
	case in.Type == footprint.Dir:
		return " (a directory)"
	case in.Type == footprint.Symlink:
		return " (a link)"
	}
	return ""
}

func aboutOutput(o manifest.Output) string {
	switch {
	case o.Kind == manifest.Symlink:
		return " -> " + printable(o.Target)
	case o.Exec:
		return " (executable)"
	}
	return ""
}

// shellWord returns a word as one could type it into a shell.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("%+,-./:=@_", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	if q := strconv.Quote(s); strings.Contains(q[1:len(q)-1], `\x`) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "$'" + strings.ReplaceAll(strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`), "'", `\'`) + "'"
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
