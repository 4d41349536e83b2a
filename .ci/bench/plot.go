package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The plot shows what the ratios of all workloads have in common: overhead, as a share of the
// untraced time, against the notified calls that the untraced command makes in a second. Both
// axes are logarithmic, so that a price per call is a straight line; that of the budget is
// drawn.

// series are the candidates in the plot, with colours that those who do not see red and green
// can tell apart (Okabe and Ito's).
var series = []struct{ name, title, colour string }{
	{theFloor, "floor", "#999999"},
	{"deptrace --engine notify -MF", "deptrace, notify", "#0072b2"},
	{"deptrace --engine ptrace -MF", "deptrace, ptrace", "#009e73"},
	{"deptrace --engine ptrace-slow -MF", "deptrace, ptrace-slow", "#56b4e9"},
	{"strace -f --seccomp-bpf -e trace=%file", "strace --seccomp-bpf", "#e69f00"},
	{"strace -f -e trace=%file", "strace", "#d55e00"},
}

// The drawing, in pixels.
const (
	plotWidth, plotHeight = 820, 480
	left, right           = 70, 600
	top, bottom           = 30, 420
)

// axis maps a quantity to pixels.
type axis struct{ low, high, from, to float64 } // low and high: powers of ten

func (a axis) at(v float64) float64 {
	return a.from + (math.Log10(v)-a.low)/(a.high-a.low)*(a.to-a.from)
}

type point struct {
	x, y     float64
	workload string
}

// smallest is the least overhead that is drawn: less is in the noise.
const smallest = 1e-3

func (p *report) points(name string) (all []point) {
	for _, r := range p.results {
		row := r.row(name)
		if r.calls == 0 || !measured(row) {
			continue
		}
		over := ratio(row, r.base).med - 1
		all = append(all, point{float64(r.calls) / r.base.wall().med, max(over, smallest), fmt.Sprintf("%s: %+.1f %%", r.name, 100*over)})
	}
	return all
}

// plot returns the drawing as SVG.
func (p *report) plot() string {
	x, y := axis{3, 6, left, right}, axis{-3, 3, bottom, top}
	for _, s := range series {
		for _, at := range p.points(s.name) {
			x.low, x.high = min(x.low, math.Floor(math.Log10(at.x))), max(x.high, math.Ceil(math.Log10(at.x)))
			y.high = max(y.high, math.Ceil(math.Log10(at.y)))
		}
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&s, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	for e := x.low; e <= x.high; e++ {
		at := x.at(math.Pow(10, e))
		fmt.Fprintf(&s, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", at, at, top, bottom, at, bottom+18, power(e, ""))
	}
	for e := y.low; e <= y.high; e++ {
		at := y.at(math.Pow(10, e))
		fmt.Fprintf(&s, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left, right, at, at, left-6, at+4, power(e+2, " %"))
	}
	fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="middle">watched calls a second, untraced</text>`+"\n", (left+right)/2, bottom+42)
	fmt.Fprintf(&s, `<text x="16" y="%d" text-anchor="middle" transform="rotate(-90 16 %d)">overhead</text>`+"\n", (top+bottom)/2, (top+bottom)/2)
	lowX := math.Max(math.Pow(10, x.low), smallest/perCall)
	fmt.Fprintf(&s, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="black" stroke-dasharray="5 4"/>`+"\n",
		x.at(lowX), y.at(lowX*perCall), x.at(math.Pow(10, x.high)), y.at(math.Pow(10, x.high)*perCall))
	for i, c := range series {
		row := top + 20*i + 10
		fmt.Fprintf(&s, `<circle cx="%d" cy="%d" r="5" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n", right+30, row, c.colour, right+42, row+4, html.EscapeString(c.title))
		for _, at := range p.points(c.name) {
			fmt.Fprintf(&s, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s" fill-opacity="0.85"><title>%s</title></circle>`+"\n", x.at(at.x), y.at(at.y), c.colour, html.EscapeString(c.title+", "+at.workload))
		}
	}
	row := top + 20*len(series) + 10
	fmt.Fprintf(&s, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="black" stroke-dasharray="5 4"/><text x="%d" y="%d">7 µs a call</text>`+"\n", right+20, right+38, row, row, right+42, row+4)
	for i, at := range p.points("deptrace --engine notify -MF") {
		name, _, _ := strings.Cut(at.workload, ":")
		fmt.Fprintf(&s, `<text x="%.1f" y="%d" text-anchor="middle" fill="#555" font-size="10">%s</text>`+"\n", x.at(at.x), bottom-6-11*(i%3), html.EscapeString(name))
	}
	fmt.Fprintf(&s, `<text x="%d" y="%d" fill="#555" font-size="10">%s</text>`+"\n", left, plotHeight-6, html.EscapeString(p.machine))
	s.WriteString("</svg>\n")
	return s.String()
}

// power is a power of ten as text.
func power(e float64, unit string) string {
	v := math.Pow(10, e)
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM%s", v/1e6, unit)
	case v >= 1e3:
		return fmt.Sprintf("%gk%s", v/1e3, unit)
	}
	return fmt.Sprintf("%g%s", v, unit)
}
