package manifest

import (
	"path"
	"strings"
	"testing"
)

func TestForm(t *testing.T) {
	for _, tt := range []struct{ name, abs, root, home, want string }{
		{"under the root", "/p/a/b.c", "/p", "/home/u", "a/b.c"},
		{"the root itself", "/p", "/p", "/home/u", "."},
		{"a neighbour whose name begins like the root's", "/p2/x", "/p", "", "/p2/x"},
		{"under home", "/home/u/.cache/x", "/p", "/home/u", "~/.cache/x"},
		{"home itself", "/home/u", "/p", "/home/u", "~"},
		{"a root under home", "/home/u/p/x", "/home/u/p", "/home/u", "x"},
		{"a home under the root", "/home/u/x", "/", "/home/u", "home/u/x"},
		{"a name that begins with ~", "/p/~x/y", "/p", "/home/u", "./~x/y"},
		{"the name ~", "/p/~", "/p", "/home/u", "./~"},
		{"~ under home", "/home/u/~", "/p", "/home/u", "~/~"},
		{"neither", "/usr/include/stdio.h", "/p", "/home/u", "/usr/include/stdio.h"},
		{"no home", "/home/u/x", "/p", "", "/home/u/x"},
		{"a home that is everything", "/x", "/p", "/", "/x"},
		{"the top as root", "/", "/", "", "."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Form(tt.abs, tt.root, tt.home)
			if got != tt.want {
				t.Errorf("Form = %q, want %q", got, tt.want)
			}
			if !validForm(got) {
				t.Errorf("%q is not taken for a form", got)
			}
			if back := Abs(got, tt.root, tt.home); back != tt.abs {
				t.Errorf("Abs(%q) = %q, want %q", got, back, tt.abs)
			}
		})
	}
}

func TestNoFormOfAnything(t *testing.T) {
	for _, s := range []string{"", "..", "../x", "a/../b", "a//b", "a/", "./a", "./", "/a/", "//", "~u/x", "~/", "~/../x", "./~/../x", "a\x00b"} {
		if validForm(s) {
			t.Errorf("validForm(%q)", s)
		}
	}
}

func TestAbsWithoutHome(t *testing.T) {
	for _, form := range []string{"~", "~/x"} {
		if got := Abs(form, "/p", ""); got != "" {
			t.Errorf("Abs(%q) = %q, want nothing", form, got)
		}
	}
}

func FuzzForm(f *testing.F) {
	f.Add("/p/~x", "/p", "/home/u")
	f.Add("/home/u/\xff", "/home/u/p", "/home/u")
	f.Add("/", "/", "/")
	f.Fuzz(func(t *testing.T, abs, root, home string) {
		for _, p := range []string{abs, root, home} {
			if !strings.HasPrefix(p, "/") || path.Clean(p) != p || strings.Contains(p, "\x00") {
				return
			}
		}
		form := Form(abs, root, home)
		if !validForm(form) {
			t.Errorf("Form(%q, %q, %q) = %q, which is none", abs, root, home, form)
		}
		if back := Abs(form, root, home); back != abs {
			t.Errorf("%q becomes %q becomes %q", abs, form, back)
		}
	})
}
