package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// edit is something that a user does to the example project.
type edit struct {
	name string
	do   func(tr *tree)
	// made is what must be made again, everywhere but where ninja or gcc says
	// otherwise.
	made string
	// ninja is where restat does better than make can; gcc is what a Makefile with
	// gcc -MMD makes, which is wrong wherever it differs.
	ninja, gcc *string
}

var (
	nothing      = ""
	objectsOfAll = "main.o table.o weight.o"
	onlyTheTable = "table.h"
)

// The edits are made one after the other, each in the project as the one before left it.
var edits = []edit{
	{name: "nothing", do: func(*tree) {}, made: nothing},
	{name: "a source", made: "weight.o planets", do: func(tr *tree) {
		tr.replace("src/weight.c", "kilograms * gravity", "gravity * kilograms")
	}},
	{name: "a header that two of three sources include", made: "main.o table.o planets", do: func(tr *tree) {
		tr.replace("include/planets.h", "at the surface, in m/s^2", "in m/s^2")
	}},
	{name: "a header that all include, one through the other", made: objectsOfAll + " planets", do: func(tr *tree) {
		tr.write("include/common.h", "/* empty */\n")
		tr.replace("include/weight.h", "double weight(", "#include \"common.h\"\ndouble weight(")
		tr.replace("include/planets.h", "#include <stddef.h>", "#include \"common.h\"\n#include <stddef.h>")
	}},
	{name: "the data file", made: "table.h table.o planets", gcc: &nothing, do: func(tr *tree) {
		tr.replace("data/planets.tsv", "Mars\t3.73", "Mars\t3.72")
	}},
	{name: "the data file, in a comment", made: "table.h table.o planets", ninja: &onlyTheTable, gcc: &nothing, do: func(tr *tree) {
		tr.replace("data/planets.tsv", "# name", "# planet")
	}},
	{name: "the generator", made: "table.h table.o planets", do: func(tr *tree) {
		tr.replace("tools/table.sh", `\t{ "%s", %s },`, `\t{"%s", %s},`)
	}},
	{name: "the file with spaces in its name", made: "about.h main.o planets", gcc: &nothing, do: func(tr *tree) {
		tr.write("data/where it is from.txt", "From a book.\n")
	}},
	{name: "the file with spaces in its name, touched", made: "about.h main.o planets", gcc: &nothing, do: func(tr *tree) {
		tr.write("data/where it is from.txt", string(tr.read("data/where it is from.txt")))
	}},
	{name: "a header is no longer included, and deleted", made: "weight.o planets", do: func(tr *tree) {
		tr.replace("src/weight.c", "#include \"units.h\"\n", "")
		tr.replace("src/weight.c", "/ NEWTON", "")
		if err := os.Remove(tr.path("include/units.h")); err != nil {
			tr.t.Fatal(err)
		}
	}},
	{name: "an object is deleted", made: "table.o planets", do: func(tr *tree) {
		if err := os.Remove(tr.path("build/table.o")); err != nil {
			tr.t.Fatal(err)
		}
	}},
}

// finished is what the program prints when all edits are in it: a build that runs the
// right steps and has the wrong result would be of no use.
const finished = `Mercury     259 N
Venus       621 N
Earth       687 N
Mars        260 N
Jupiter    1735 N
Saturn      731 N
Uranus      621 N
Neptune     780 N
From a book.
`

// tool is a way to build the example.
type tool struct {
	name    string
	project string   // below examples
	command []string // prints every step that it runs
	idle    string   // all that it prints when there is nothing to do
	want    func(edit) string
	prints  string // what the program prints in the end
}

func exampleTools() []tool {
	either := func(other *string, e edit) string {
		if other != nil {
			return *other
		}
		return e.made
	}
	madeAll := func(e edit) string { return e.made }
	return []tool{
		{"make", "make", []string{"make"}, "make: 'build/planets' is up to date.\n", madeAll, finished},
		{"ninja", "ninja", []string{"ninja", "-v"}, "ninja: no work to do.\n",
			func(e edit) string { return either(e.ninja, e) }, finished},
		{"gcc -MMD", "make", []string{"make", "-f", "gcc.mk"}, "make: 'build/planets' is up to date.\n",
			func(e edit) string { return either(e.gcc, e) },
			strings.Replace(finished, "From a book.", "Surface gravity as in the planetary fact sheets, rounded.", 1)},
	}
}

// TestExamples edits the example projects and wants exactly what depends on the edit
// made again. The last column is the control: a Makefile with gcc -MMD is seen to miss
// what only the scripts read.
func TestExamples(t *testing.T) {
	needs(t, "gcc", "make", "ninja")
	tools := exampleTools()
	built := newTree(t)
	got := make([]map[string]string, len(tools))
	t.Run("tools", func(t *testing.T) {
		for i, tool := range tools {
			t.Run(tool.name, func(t *testing.T) {
				t.Parallel()
				got[i] = editAll(built.another(t), tool)
			})
		}
	})

	var table strings.Builder
	row := "%-48s  %-34s  %-5s  %-7s  %s\n"
	fmt.Fprintf(&table, "\n"+row, "edit", "must be made again", tools[0].name, tools[1].name, tools[2].name)
	for _, e := range edits {
		cells := []any{e.name, orNothing(inOrder(e.made))}
		for i, tool := range tools {
			cells = append(cells, verdict(got[i][e.name], inOrder(e.made), inOrder(tool.want(e))))
		}
		fmt.Fprintf(&table, row, cells...)
	}
	t.Log(table.String())
}

// verdict is a cell of the table: what was made again next to what must be, and to what
// this tool is known to make.
func verdict(got, must, known string) string {
	switch {
	case got != known:
		return "WRONG: " + orNothing(got)
	case got == must:
		return "="
	}
	return orNothing(got)
}

func orNothing(made string) string {
	if made == "" {
		return "-"
	}
	return made
}

// editAll builds a project, makes the edits, and returns what was made after each.
func editAll(tr *tree, tool tool) map[string]string {
	t := tr.t
	tr.copyFrom(filepath.Join("../../examples", tool.project))
	tr.run(tool.command...)
	got := map[string]string{}
	for _, e := range edits {
		tr.age()
		e.do(tr)
		out, stderr, status := tr.try(tool.command...)
		if status != 0 || stderr != "" {
			t.Fatalf("%s: exit status %d\n%s%s", e.name, status, out, stderr)
		}
		got[e.name] = madeSteps(out)
		if want := tool.want(e); got[e.name] != inOrder(want) {
			t.Errorf("edit of %s: made again\n got %q\nwant %q\n%s", e.name, got[e.name], inOrder(want), out)
		}
		if out := tr.run(tool.command...); out != tool.idle {
			t.Errorf("after the edit of %s: run once more, it says %q, want %q", e.name, out, tool.idle)
		}
	}
	if diff := cmp.Diff(tool.prints, tr.run("build/planets")); diff != "" {
		t.Errorf("the program prints (-want +got):\n%s", diff)
	}
	return got
}

// made matches the target of a step that make or ninja prints.
var made = regexp.MustCompile(`(?m)(?:-MT|-o|>) build/(\S+)`)

// madeSteps returns the targets of the steps that were run.
func madeSteps(out string) string {
	targets := map[string]bool{}
	for line := range strings.Lines(out) {
		if m := made.FindStringSubmatch(line); m != nil {
			targets[m[1]] = true
		}
	}
	return inOrder(strings.Join(slices.Collect(maps.Keys(targets)), " "))
}

func inOrder(words string) string {
	return strings.Join(slices.Sorted(slices.Values(strings.Fields(words))), " ")
}

// make and ninja cannot see that a header appears where the compiler looked in vain;
// the manifests can.
func TestExamplesEarlierHeader(t *testing.T) {
	needs(t, "gcc", "make", "ninja")
	built := newTree(t)
	for _, tool := range exampleTools()[:2] {
		t.Run(tool.name, func(t *testing.T) {
			tr := built.another(t)
			tr.copyFrom(filepath.Join("../../examples", tool.project))
			tr.run(tool.command...)
			manifests, err := filepath.Glob(tr.path("build/*.toml"))
			if err != nil || len(manifests) != 6 {
				t.Fatalf("manifests %q, %v, want 6", manifests, err)
			}
			tr.wantFresh(manifests...)
			check := slices.Concat(tool.command, []string{"check"})
			// ninja passes it on with what else it prints.
			if out, stderr, status := tr.try(check...); status != 0 || !strings.HasSuffix(out+stderr, allFresh(6)) {
				t.Errorf("%q: exit status %d\n%s%s", check, status, out, stderr)
			}

			tr.write("local/planets.h", string(tr.read("include/planets.h")))
			reason := "local/planets.h: was absent, is a file"
			tr.wantStale("build/main.o.toml", reason)
			tr.wantStale("build/table.o.toml", reason)
			tr.wantFresh("build/about.h.toml", "build/planets.toml", "build/table.h.toml", "build/weight.o.toml")
			want := fmt.Sprintf("build/main.o.toml: %s\nbuild/table.o.toml: %s\n", reason, reason)
			if out, _, status := tr.try(check...); status == 0 || !strings.Contains(out, want) {
				t.Errorf("%q: exit status %d\n got %s\nwant %s", check, status, out, want)
			}
		})
	}
}

// The two examples are one project.
func TestExamplesAreTheSame(t *testing.T) {
	for _, dir := range []string{"data", "include", "local", "src", "tools"} {
		files, err := filepath.Glob(filepath.Join("../../examples/make", dir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %q, %v", dir, files, err)
		}
		for _, file := range files {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join("../../examples/ninja", dir, filepath.Base(file)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s/%s differs (-make +ninja):\n%s", dir, filepath.Base(file), diff)
			}
		}
	}
}
