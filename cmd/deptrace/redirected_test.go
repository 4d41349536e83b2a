package main

import (
	"slices"
	"testing"

	"deptrace/depfile/manifest"
)

// Who opened what a step writes to decides whether it is the step's.
func TestRedirected(t *testing.T) {
	needs(t, "dash", "bash", "make", "timeout")
	tr := newTree(t)
	const step = "deptrace -m m.toml -- echo out"
	tr.write("log.sh", step+"; echo more\n")
	tr.program("script", "echo first; "+step+" >out; echo more\n")
	tr.program("logging", step+"; echo more\n")
	tr.write("Makefile", "SHELL = $(WITH)\nall:\n\t"+step+"\nout:\n\t"+step+" >out; echo more\n"+
		"err:\n\t"+step+" 2>out; echo more\npart:\n\t(:; "+step+"; :) >out; echo more\n")
	for _, shell := range []string{"dash", "bash"} {
		for _, c := range []struct {
			line string
			own  bool // out is the step's; what is called log is not
		}{
			{step + " >out", true},
			{step + " >out; echo more", true},
			{"{ " + step + "; echo more; } >out", true},
			{"(:; " + step + "; :) >out; echo more", true},
			{"f() { " + step + "; }; f >out; echo more", true},
			{"timeout 60 " + step + " >out; echo more", true},
			{"./script", true},
			{"./script >log", true},
			{"make -s WITH=" + shell + " out", true},
			{"make -s WITH=" + shell + " out >log", true},
			{"make -s WITH=" + shell + " part", true},
			{shell + " log.sh >log", false},
			{shell + " log.sh >log; echo more", false},
			{"timeout 60 " + shell + " log.sh >log", false},
			{"./logging >log; echo more", false},
			{"exec >log; " + step + "; echo more", false},
			{"make -s WITH=" + shell + " all >log", false},
			{"make -s WITH=" + shell + " out >log 2>&1", true},
			{"make -s WITH=" + shell + " out >log 2>log2", true},
			{"make -s WITH=" + shell + " err", true},
			{"make -s WITH=" + shell + " err >log", true},
		} {
			t.Run(shell+"/"+c.line, func(t *testing.T) {
				tr.run("rm", "-f", "out", "log", "m.toml")
				tr.run(shell, "-c", c.line)
				m, err := manifest.Read(tr.path("m.toml"))
				if err != nil {
					t.Fatal(err)
				}
				var outputs []string
				for _, out := range m.Outputs {
					outputs = append(outputs, out.Path)
				}
				want := []string{"out"}
				if !c.own {
					want = nil
				}
				if !slices.Equal(outputs, want) {
					t.Errorf("outputs %q, want %q", outputs, want)
				}
			})
		}
	}
}
