package main

import (
	"fmt"
	"path"
	"strings"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// A record is drawn for Graphviz with the step in the middle, what it found on the left
// and what it left on the right. The strokes say how much it mattered: solid for
// contents, dashed for what was only looked at, dotted for what was only looked for.

// drawnEach is how many inputs of one region are drawn each by itself. A compile reads
// some two hundred files of the system, which nobody wants to see one by one; of more than
// these, those of one directory and kind become one box.
const drawnEach = 40

// dot returns a record as a graph in the language of Graphviz.
func dot(m *manifest.Manifest) string {
	g := &graph{}
	g.line("digraph step {")
	g.line("\trankdir = LR;")
	g.line("\tnode [shape = box];")
	g.step(m)
	for i, p := range m.Programs {
		id := fmt.Sprintf("p%d", i)
		at := "nowhere"
		if p.Path != "" {
			at = printable(p.Path)
		}
		g.node(id, "shape = component", "program "+printable(p.Name), at)
		g.edge(id, "step", "dashed", "")
	}
	for i, in := range boxes(m.Inputs) {
		id := fmt.Sprintf("i%d", i)
		shape := "shape = note"
		if in.kinds == "absent" {
			shape += ", color = gray, fontcolor = gray"
		}
		g.node(id, shape, in.lines()...)
		g.edge(id, "step", in.style, in.kinds)
	}
	for i, list := range [][]manifest.Output{m.Outputs, m.Side} {
		for j, out := range list {
			id := fmt.Sprintf("%c%d", "os"[i], j)
			shape := "shape = note, style = filled, fillcolor = white"
			if i > 0 {
				shape = "shape = note, style = dashed"
			}
			g.node(id, shape, printable(out.Path)+aboutOutput(out))
			what := ""
			if out.Kind != manifest.File {
				what = out.Kind.String()
			}
			g.edge("step", id, "solid", what)
		}
	}
	g.line("}")
	return g.String()
}

// graph is the text so far.
type graph struct{ strings.Builder }

func (g *graph) line(format string, args ...any) { fmt.Fprintf(g, format+"\n", args...) }

func (g *graph) node(id, attributes string, lines ...string) {
	g.line("\t%s [label = %s, %s];", id, dotQuote(lines...), attributes)
}

func (g *graph) edge(from, to, style, label string) {
	attributes := "style = " + style
	if label != "" {
		attributes = "label = " + dotQuote(label) + ", " + attributes
	}
	g.line("\t%s -> %s [%s];", from, to, attributes)
}

func (g *graph) step(m *manifest.Manifest) {
	lines := folded(m.Step.Argv)
	about := "in " + printable(m.Step.Dir)
	if end := m.Step.End(); end != "exit 0" {
		about += ", " + end
	}
	if len(m.Uses) > 0 {
		about += ", uses " + strings.Join(m.Uses, ", ")
	}
	lines = append(lines, about)
	color := "lightgray"
	for _, why := range m.Incomplete {
		color = "lightpink"
		lines = append(lines, "incomplete: "+why)
	}
	g.node("step", "style = filled, fillcolor = "+color, lines...)
}

// folded returns a command line as a few lines of a box.
func folded(argv []string) []string {
	const columns, most = 60, 6
	lines := []string{""}
	for _, a := range argv {
		word := shellWord(a)
		if n := len(lines) - 1; lines[n] == "" {
			lines[n] = word
		} else if len(lines[n])+len(word) < columns {
			lines[n] += " " + word
		} else if len(lines) == most {
			lines[n] += " …"
			break
		} else {
			lines = append(lines, word)
		}
	}
	for i, l := range lines {
		if r := []rune(l); len(r) > 2*columns {
			lines[i] = string(r[:2*columns]) + "…"
		}
	}
	return lines
}

// dotQuote returns the text of a label. In a label Graphviz reads "\" as the beginning of
// what a node is called or of how a line is set, and "&" as that of a character of HTML.
func dotQuote(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")
	quoted := make([]string, len(lines))
	for i, l := range lines {
		quoted[i] = escape.Replace(l)
	}
	return `"` + strings.Join(quoted, `\n`) + `"`
}

// box is one input, or several of one directory.
type box struct {
	path  string // or the directory of several
	n     int
	kinds string // "read", or of one path several: "stat, list"
	style string
	about string // of one
}

func (b *box) lines() []string {
	if b.n == 1 {
		return []string{printable(b.path) + b.about}
	}
	return []string{printable(b.path), count(b.n, "path")}
}

// boxes puts the kinds of one path into one box, and, where there are too many, the paths of
// one directory.
func boxes(inputs []manifest.Input) []*box {
	styles := map[footprint.Kind]string{
		footprint.Read: "solid", footprint.Stat: "dashed", footprint.List: "dashed", footprint.Link: "dashed",
		footprint.Exists: "dotted", footprint.Absent: "dotted",
	}
	var each []*box
	for i := range inputs {
		in := &inputs[i]
		if n := len(each) - 1; n >= 0 && each[n].path == in.Path {
			each[n].kinds += ", " + in.Kind.String()
			each[n].about += aboutInput(in)
			continue
		}
		each = append(each, &box{in.Path, 1, in.Kind.String(), styles[in.Kind], aboutInput(in)})
	}
	regions := map[byte]int{}
	for _, b := range each {
		regions[region(b.path)]++
	}
	type place struct{ dir, kinds string }
	at := map[place]*box{}
	var all []*box
	for _, b := range each {
		if regions[region(b.path)] <= drawnEach {
			all = append(all, b)
			continue
		}
		key := place{path.Dir(b.path), b.kinds}
		if group := at[key]; group == nil {
			at[key] = b
			all = append(all, b)
		} else {
			group.path, group.n = key.dir, group.n+1
		}
	}
	return all
}

// region is where a path form leads: '/' elsewhere, '~' into the user's home, or below the
// root.
func region(form string) byte {
	if form[0] == '/' || form[0] == '~' {
		return form[0]
	}
	return '.'
}
