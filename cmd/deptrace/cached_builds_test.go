package main

import (
	"strings"
	"testing"
)

// layCached writes a small C project and the rules to build it under cached, for make and,
// with restat, for ninja.
func (tr *tree) layCached() {
	tr.write(".git", "")
	tr.write("a.c", "#include \"common.h\"\n#include \"only_a.h\"\nint a(void) { return COMMON + A; }\n")
	tr.write("b.c", "#include \"common.h\"\nint a(void);\nint main(void) { return a() + COMMON; }\n")
	tr.write("include/common.h", "#define COMMON 1\n")
	tr.write("include/only_a.h", "#define A 2\n")
	tr.write("Makefile", `cached = deptrace cached -v -MF $@.d -MT $@ -m $@.toml --
prog: a.o b.o
	$(cached) gcc -o $@ a.o b.o
%.o: %.c
	$(cached) gcc -Iinclude -c -o $@ $<
-include $(wildcard *.d)
`)
	tr.write("build.ninja", `rule cc
  command = deptrace cached -v --restat --dialect ninja -MF $out.d -MT $out -m $out.toml -- gcc -Iinclude -c -o $out $in
  depfile = $out.d
  deps = gcc
  restat = 1
rule link
  command = deptrace cached -v --restat -m $out.toml -- gcc -o $out $in
  restat = 1
build a.o: cc a.c
build b.o: cc b.c
build prog: link a.o b.o
`)
}

// decisions counts what deptrace says it decided, in the output of a build.
func decisions(said string) (hits, misses int) {
	return strings.Count(said, "deptrace: hit: "), strings.Count(said, "deptrace: miss: ")
}

// After a hit make and ninja are content: a header that was only touched costs one hit for
// each of its dependents, and then nothing. Branches are found again in both directions.
func TestCachedBuilds(t *testing.T) {
	needs(t, "gcc", "make", "ninja")
	built := newTree(t)
	for _, tool := range []string{"make", "ninja"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			tr := built.withCache(t)
			tr.layCached()
			step := func(what string, hits, misses int) {
				t.Helper()
				var out, errs string
				var status int
				if tool == "ninja" {
					out, errs, status = tr.try("ninja", "-v", "prog")
				} else {
					out, errs, status = tr.try("make", "prog")
				}
				h, m := decisions(out + errs)
				if status != 0 || h != hits || m != misses {
					t.Errorf("%s: exit %d, %d hits and %d misses, want %d and %d\n%s%s", what, status, h, m, hits, misses, out, errs)
				}
			}
			clean := func() { tr.try("sh", "-c", "rm -f prog *.o *.d *.toml .ninja_deps .ninja_log") }

			step("the first build", 0, 3)
			step("once more", 0, 0)
			prog := tr.read("prog")
			clean()
			step("from the cache", 3, 0)
			if string(tr.read("prog")) != string(prog) {
				t.Error("another program comes from the cache")
			}
			step("once more", 0, 0)

			tr.age() // what was made is older than what is touched now
			tr.write("include/only_a.h", string(tr.read("include/only_a.h")))
			if tool == "ninja" {
				step("a header is touched", 1, 0) // restat: the link is not run
			} else {
				step("a header is touched", 2, 0)
			}
			step("once more", 0, 0)

			tr.age()
			tr.write("include/only_a.h", "#define A 3\n")
			step("a header that one file includes", 0, 2)
			step("once more", 0, 0)
			tr.age()
			tr.write("include/only_a.h", "#define A 2\n")
			step("and back", 2, 0)
			if string(tr.read("prog")) != string(prog) {
				t.Error("another program comes back")
			}
			tr.age()
			tr.write("include/only_a.h", "#define A 3\n")
			step("and forth", 2, 0)
			tr.age()
			tr.write("include/only_a.h", "#define A 3 /* more */\n")
			step("a comment", 1, 1) // the compiler writes the same bytes anew, and the link is a hit
			step("once more", 0, 0)
		})
	}
}
