package main

import "testing"

func TestBeside(t *testing.T) {
	s := &step{f: &runFlags{}, dir: "/p/src"}
	for _, c := range []struct{ dir, out, want string }{
		{"", "x.o", "x.o"},
		{"", "../x.o", "../x.o"},
		{"deps", "x.o", "deps/x.o"},
		{"deps", "sub/x.o", "deps/sub/x.o"},
		{"deps", "/p/src/x.o", "deps/x.o"},
		{"deps", "/p/x.o", "deps/@/p/x.o"},
		{"deps", "../x.o", "deps/@/p/x.o"},
		{"deps", "@/x.o", "deps/@@/x.o"},
		{"/p/deps", "x.o", "/p/deps/src/x.o"},
		{"/p/deps", "../x.o", "/p/deps/x.o"},
		{"/q/deps", "x.o", "/q/deps/@/p/src/x.o"},
	} {
		s.f.dir = c.dir
		if got := s.beside(c.out); got != c.want {
			t.Errorf("--dir %q: %s goes to %s, want %s", c.dir, c.out, got, c.want)
		}
	}
}

func TestGivenOutputs(t *testing.T) {
	s := &step{argv: []string{"gcc", "-oa", "-o", "b", "-o"}}
	if got := s.givenOutputs(); len(got) != 2 || got[0] != (given{"b", false}) || got[1] != (given{"a", true}) {
		t.Errorf("got %v, want [{b false} {a true}]", got)
	}
}

func TestPrincipal(t *testing.T) {
	for _, c := range []struct {
		outputs []string
		want    string
	}{
		{[]string{"/x.d", "/x.gcno", "/x.o"}, "/x.o"},
		{[]string{"/a-x.dwo", "/a.out"}, "/a.out"},
		{[]string{"/x.o", "/y.o"}, ""},
		{[]string{"/x", "/y"}, ""},
	} {
		if got := principal(c.outputs); got != c.want {
			t.Errorf("principal(%q) = %q, want %q", c.outputs, got, c.want)
		}
	}
}

func TestShellWord(t *testing.T) {
	for s, want := range map[string]string{
		"a.c": "a.c", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "a\nb": `$'a\nb'`, "a\xff'": `$'a\xff\''`, "$x": "'$x'",
	} {
		if got := shellWord(s); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", s, got, want)
		}
	}
}

// The build knows an output by the name that it gave on the command line.
func TestSpelled(t *testing.T) {
	s := &step{f: &runFlags{}, dir: "/p/src", root: "/p", argv: []string{"cc", "-o./x.o", "/p/src/y.o", "../z.o", "v.o"}}
	for path, want := range map[string]string{
		"/p/src/x.o": "./x.o",
		"/p/src/y.o": "/p/src/y.o",
		"/p/z.o":     "../z.o",
		"/p/out/v.o": "../out/v.o",
		"/p/src/w.o": "w.o",
		"/q/w.o":     "/q/w.o",
	} {
		if got := s.spelled(path); got != want {
			t.Errorf("%s is spelled %s, want %s", path, got, want)
		}
	}
}
