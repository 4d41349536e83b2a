package cache

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

func TestRelocate(t *testing.T) {
	for _, tt := range []struct{ root, text, want string }{
		// Where the root is one.
		{"/a/b", "/a/b", "$"}, {"/a/b", "/a/b/", "$/"}, {"/a/b", "/a/b/c", "$/c"}, {"/a/b", "-I/a/b/include", "-I$/include"},
		{"/a/b", "/a/b=.", "$=."}, {"/a/b", "-ffile-prefix-map=/a/b=.", "-ffile-prefix-map=$=."}, {"/a/b", "@/a/b/args", "@$/args"},
		{"/a/b", "-Wl,-rpath,/a/b/lib,-L/a/b", "-Wl,-rpath,$/lib,-L$"}, {"/a/b", "/a/b:/a/b/c:/x:/a/b", "$:$/c:/x:$"},
		{"/a/b", `cd "/a/b" && cat '/a/b/x' >/a/b/y;(/a/b/z)`, `cd "$" && cat '$/x' >$/y;($/z)`},
		{"/a/b", "cat x /a/b\n/a/b/y\t/a/b", "cat x $\n$/y\t$"}, {"/a/b", "/a/b/a/b", "$/a/b"}, {"/a/b", "/a/b/../c", "$/../c"},
		{"/my dir", "-I/my dir/x /my dir", "-I$/x $"}, {"/é", "-I/é/x", "-I$/x"},
		// Where it is none.
		{"/a/b", "", ""}, {"/a/b", "/a/bc", "/a/bc"}, {"/a/b", "/a/b.d/x", "/a/b.d/x"}, {"/a/b", "/a/b-2", "/a/b-2"},
		{"/a/b", "/a/bé", "/a/bé"}, {"/a/b", "/a/b\xff", "/a/b\xff"}, {"/a/b", "/a", "/a"}, {"/a/b", "a/b", "a/b"},
		{"/a/b", "/x/a/b", "/x/a/b"}, {"/a/b", "-I/x/a/b", "-I/x/a/b"}, {"/a/b", "//a/b", "//a/b"}, {"/a/b", "file:///a/b", "file:///a/b"},
		{"/a/b", "x/a/b", "x/a/b"}, {"/a/b", "../a/b", "../a/b"}, {"/a/b", "./a/b", "./a/b"}, {"/a/b", "~/a/b", "~/a/b"},
		{"/a/b", "$HOME/a/b", "$HOME/a/b"}, {"/a/b", "cat gen/a/b/x", "cat gen/a/b/x"}, {"/a/b", "é/a/b", "é/a/b"},
		{"/a/b", "/a/a/b", "/a/a/b"}, {"/a/a", "/a/a/a/a", "$/a/a"},
		// Which is everywhere, or nowhere.
		{"/", "/x", "/x"}, {"", "/x", "/x"},
	} {
		if got, want := Relocate(tt.text, tt.root), strings.ReplaceAll(tt.want, "$", rootMark); strings.Contains(tt.want, "$HOME") {
			if got != tt.want {
				t.Errorf("%q under %q: got %q", tt.text, tt.root, got)
			}
		} else if got != want {
			t.Errorf("%q under %q: got %q, want %q", tt.text, tt.root, got, want)
		}
	}
}

// What differs only in the root is the same, whatever stands around it, and what was
// replaced can be put back.
func FuzzRelocate(f *testing.F) {
	f.Add("/a/b", "/c", "-I", "/x:")
	f.Add("/src", "/home/me/src", "x=", "=.")
	f.Add("/a a", "/a", "'", "'")
	f.Fuzz(func(t *testing.T, a, b, before, after string) {
		for _, root := range []string{a, b} {
			if !strings.HasPrefix(root, "/") || len(root) < 2 || strings.HasSuffix(root, "/") || strings.Contains(root, "\x00") {
				return
			}
			// Neither is anywhere but where we put it.
			if strings.Contains(before+after, root) || strings.Contains(before+"/"+after, root) || strings.ContainsAny(root, " :=;,'\"`()<>[]{}|\t\n") {
				return
			}
		}
		if strings.Contains(before+after, "\x00") {
			return
		}
		ra, rb := Relocate(before+a+after, a), Relocate(before+b+after, b)
		holds := strings.Contains(ra, rootMark)
		if holds && strings.ReplaceAll(ra, rootMark, a) != before+a+after {
			t.Errorf("%q does not lead back to %q", ra, before+a+after)
		}
		if at := before + rootMark + after; (ra == at) != (rb == at) {
			t.Errorf("%q of %q and %q of %q", ra, a, rb, b)
		}
	})
}

// Of all short words of the letters that matter: two checkouts have one text for a path
// only if it is the same path from the root, or the same path elsewhere.
func TestRelocateMergesNothing(t *testing.T) {
	const a, b = "/a", "/b"
	resolve := func(path, root string) string {
		if !strings.HasPrefix(path, "/") {
			return "relative " + path
		}
		if rest, ok := strings.CutPrefix(path, root); ok && (rest == "" || rest[0] == '/') {
			return "root " + rest
		}
		return path
	}
	meant := map[string]string{}
	var words func(prefix string, n int)
	words = func(prefix string, n int) {
		for _, root := range []string{a, b} {
			text, is := Relocate(prefix, root), resolve(prefix, root)
			if was, ok := meant[text]; ok && was != is {
				t.Errorf("%q means %q and %q", text, was, is)
			}
			meant[text] = is
		}
		if n > 0 {
			for _, c := range "/ab.~$" {
				words(prefix+string(c), n-1)
			}
		}
	}
	words("", 6)
}

// oneByOne returns what it has in pieces of random sizes, and sometimes nothing.
type oneByOne struct {
	r    *rand.Rand
	data string
}

func (o *oneByOne) Read(p []byte) (int, error) {
	if o.data == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), o.r.IntN(9))], o.data)
	o.data = o.data[n:]
	return n, nil
}

func TestHoldsRoot(t *testing.T) {
	const root = "/home/me/src"
	const size = 256 << 10
	r := rand.New(rand.NewPCG(5, 6))
	check := func(what string, in io.Reader, want bool) {
		t.Helper()
		if got, err := HoldsRoot(in, root); err != nil || got != want {
			t.Errorf("%s: got %t, %v; want %t", what, got, err, want)
		}
	}
	// Around every place where one buffer ends and the next begins.
	for at := size - len(root) - 2; at <= size+2; at++ {
		for _, n := range []int{1, 2} {
			data := strings.Repeat("x", n*at) + root + "tail"
			check("in", strings.NewReader(data), true)
			check("with the error at once", iotest.DataErrReader(strings.NewReader(data)), true)
			check("at the very end", strings.NewReader(strings.TrimSuffix(data, "tail")), true)
			check("but for the last byte", strings.NewReader(strings.TrimSuffix(data, "ctail")), false)
		}
	}
	for range 200 {
		// Almost it, again and again, so that what is kept begins like it.
		var b strings.Builder
		for range r.IntN(40) {
			b.WriteString(root[:r.IntN(len(root))])
		}
		data := b.String()
		check("split", &oneByOne{r, data}, strings.Contains(data, root))
		check("split", &oneByOne{r, data + root}, true)
		check("byte by byte", iotest.OneByteReader(strings.NewReader(data+root+data)), true)
	}
	broken := errors.New("broken")
	if _, err := HoldsRoot(iotest.ErrReader(broken), root); err != broken {
		t.Errorf("got %v, want %v", err, broken)
	}
	for _, none := range []string{"", "/"} {
		if got, err := HoldsRoot(strings.NewReader("/"), none); got || err != nil {
			t.Errorf("%q: got %t, %v", none, got, err)
		}
	}
}
