package cache

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func weakOf(parts ...Part) Key { return (&Weak{Parts: parts}).Key() }

// No two commands have one key because something of one part stands in another.
func TestWeakPartsApart(t *testing.T) {
	keys := map[Key]string{}
	add := func(what string, k Key) {
		t.Helper()
		if was, ok := keys[k]; ok {
			t.Errorf("%s has the key of %s", what, was)
		}
		keys[k] = what
	}
	for i, parts := range [][]Part{
		nil, {{"", ""}}, {{"", ""}, {"", ""}}, {{"a", "b"}}, {{"ab", ""}}, {{"", "ab"}}, {{"a", "b"}, {"c", "d"}}, {{"c", "d"}, {"a", "b"}},
		{{"a", "bc"}, {"", "d"}}, {{"a", `b" "c`}}, {{`a" "b`, "c"}}, {{"a", "b\"\n\"c\" \"d"}}, {{"a", "b\nc"}}, {{"a", `b\nc`}},
		{{"a", "\xff"}}, {{"a", `\xff`}}, {{"a", "\ufffd"}}, {{"a", "\x00"}}, {{"a", "b "}}, {{"a ", "b"}}, {{"a", "\xfe"}},
		{{"a b", "c"}}, {{"a", "b c"}}, {{"a", "b\nc d"}},
	} {
		add(fmt.Sprintf("%d: %q", i, parts), weakOf(parts...))
	}
	for i, words := range [][]string{
		nil, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"a b"}, {"a", "b"}, {`a" "b`}, {"ab"}, {"b", "a"}, {"a\x00b"}, {`a" `, "b"}, {"\xff"}, {`\xff`}, {"\ufffd"},
	} {
		var w Weak
		w.AddWords("words", words)
		add(fmt.Sprintf("words %d: %q", i, words), w.Key())
	}
	var w Weak
	w.Add("format", "%s %d", "x", 1)
	if want := []Part{{"format", "x 1"}}; !slices.Equal(w.Parts, want) {
		t.Errorf("got %q, want %q", w.Parts, want)
	}
}

func TestAddEnviron(t *testing.T) {
	same := func(v string) string { return v }
	for _, tt := range []struct {
		name    string
		environ []string
		only    []string
		asked   []string
		want    []Part
	}{
		{"nothing", nil, nil, nil, nil},
		{"sorted", []string{"B=2", "A=1"}, nil, nil, []Part{{"variable A", "1"}, {"variable B", "2"}}},
		{"the first of two counts", []string{"A=1", "A=2"}, nil, nil, []Part{{"variable A", "1"}}},
		{"empty is not unset", []string{"A="}, nil, nil, []Part{{"variable A", ""}}},
		{"an equals sign in the value", []string{"A=b=c"}, nil, nil, []Part{{"variable A", "b=c"}}},
		{"no equals sign", []string{"A", "A=1"}, nil, nil, []Part{{"variable A", "1"}}},
		{"noise", []string{"PATH=/bin", "HOME=/h", "USER=u", "PWD=/", "SSH_X=1", "GITHUB_RUN_ID=7", "MAKEFLAGS=-j", "CC=gcc", "CI=true"}, nil, nil,
			[]Part{{"variable CC", "gcc"}, {"variable CI", "true"}}},
		{"what only begins like noise", []string{"PATHS=1", "HOMES=1", "path=1", "SSH=1", "TERMCAP=1", "XPATH=1", "_X=1"}, nil, nil,
			[]Part{{"variable HOMES", "1"}, {"variable PATHS", "1"}, {"variable SSH", "1"}, {"variable TERMCAP", "1"}, {"variable XPATH", "1"},
				{"variable _X", "1"}, {"variable path", "1"}}},
		{"what tools read", []string{"CFLAGS=1", "LANG=C", "LC_ALL=C", "TZ=UTC", "TMPDIR=/t", "SOURCE_DATE_EPOCH=0", "LD_PRELOAD=x", "CPATH=/i",
			"PYTHONPATH=/p", "GOFLAGS=-x", "RUSTFLAGS=-g", "VIRTUAL_ENV=/v"}, []string{}, nil,
			[]Part{{"variable CFLAGS", "1"}, {"variable CPATH", "/i"}, {"variable GOFLAGS", "-x"}, {"variable LANG", "C"}, {"variable LC_ALL", "C"},
				{"variable LD_PRELOAD", "x"}, {"variable PYTHONPATH", "/p"}, {"variable RUSTFLAGS", "-g"}, {"variable SOURCE_DATE_EPOCH", "0"},
				{"variable TMPDIR", "/t"}, {"variable TZ", "UTC"}, {"variable VIRTUAL_ENV", "/v"}}},
		{"only some, noise too", []string{"A=1", "B=2", "PATH=/bin", "AB=3"}, []string{"PATH", "A", "C"}, nil,
			[]Part{{"variable A", "1"}, {"variable PATH", "/bin"}}},
		{"only some, and what every record has", []string{"A=1", "B=2", "CPATH=/i"}, []string{"A"}, nil, []Part{{"variable A", "1"}, {"variable CPATH", "/i"}}},
		{"asked for, noise too", []string{"A=1", "BUILD_ID=2", "PATH=/bin", "USER=u"}, nil, []string{"BUILD_ID", "PATH", "-A"},
			[]Part{{"variable A", "1"}, {"variable BUILD_ID", "2"}, {"variable PATH", "/bin"}}},
		{"asked for beside some", []string{"A=1", "B=2", "C=3"}, []string{"A"}, []string{"B"}, []Part{{"variable A", "1"}, {"variable B", "2"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var w Weak
			w.AddEnviron(tt.environ, tt.only, tt.asked, same)
			if d := cmp.Diff(tt.want, w.Parts); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
	var w Weak
	w.AddEnviron([]string{"A=secret"}, nil, nil, strings.ToUpper)
	if got := w.Parts[0].Text; got != "SECRET" {
		t.Errorf("the value was taken as %q", got)
	}
}

// The order of an environment does not count, that of the parts before it does not change.
func TestAddEnvironOrder(t *testing.T) {
	environ := []string{"B=2", "A=1", "C=3", "AB=4"}
	key := func() Key {
		var w Weak
		w.Add("z", "first")
		w.AddEnviron(environ, nil, nil, func(v string) string { return v })
		if w.Parts[0].Name != "z" {
			t.Errorf("the first part is %q", w.Parts[0].Name)
		}
		return w.Key()
	}
	want := key()
	for range len(environ) {
		environ = append(environ[1:], environ[0])
		if key() != want {
			t.Errorf("%q has another key", environ)
		}
	}
	environ[0] += "x"
	if key() == want {
		t.Error("a value does not count")
	}
}

// Of the flags of make those count by which another make does something else.
func TestMakeFlags(t *testing.T) {
	for value, want := range map[string]string{
		"":                          "",
		"w":                         "",
		"kw":                        "",
		" -j4 --jobserver-auth=3,4": "",
		"kw -j8 --jobserver-auth=fifo:/tmp/GMfifo7 --sync-mutex=fnm:/tmp/GM9 -l2.5 -Otarget --no-print-directory": "",
		"n":                       "n",
		"nk -j2":                  "n",
		" --trace -j2":            "--trace",
		"B -- CFLAGS=-O2 D=a\\ b": "B -- CFLAGS=-O2 D=a\\ b",
		" -j4 -- V=1":             "-- V=1",
		" -- J=-j4":               "-- J=-j4",
		"-n -k -j 2":              "-n 2", // GNUMAKEFLAGS is as somebody writes it
		"CFLAGS=-O2":              "CFLAGS=-O2",
	} {
		if got := makeFlags(value); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}
