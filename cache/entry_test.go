package cache

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
)

// randomEntry is one of all that Encode may be given. Names are any bytes but NUL.
func randomEntry(r *rand.Rand) *Entry {
	name := func() string {
		b := make([]byte, 1+r.IntN(12))
		for i := range b {
			b[i] = byte(1 + r.IntN(255))
		}
		return string(b)
	}
	blob := func() Blob {
		b := Blob{Size: r.Int64() >> r.IntN(63)}
		for i := range b.Sum {
			b.Sum[i] = byte(r.Uint32())
		}
		return b
	}
	maybe := func() *Blob {
		if r.IntN(2) == 0 {
			return nil
		}
		b := blob()
		return &b
	}
	e := &Entry{Local: r.IntN(2) == 0}
	if r.IntN(5) == 0 {
		e.Bound = name()
		return e
	}
	e.Record, e.Depfile, e.Stdout, e.Stderr = blob(), maybe(), maybe(), maybe()
	for range r.IntN(4) {
		e.Files = append(e.Files, File{name(), blob(), r.IntN(2) == 0})
	}
	return e
}

func TestEntry(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		want := randomEntry(r)
		data := want.Encode()
		got, err := DecodeEntry(data)
		if err != nil {
			t.Fatalf("%+v: %v\n%s", want, err, data)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("(-want +got)\n%s", d)
		}
		if !bytes.Equal(want.Encode(), data) {
			t.Fatalf("%+v is encoded in two ways", want)
		}
	}
}

// What is bound to a checkout says nothing else, whatever was filled in.
func TestEntryBound(t *testing.T) {
	e := &Entry{Bound: "a\xff\".o", Local: true, Record: Blob{Size: 1}, Stdout: &Blob{Size: 2}, Files: []File{{Path: "secret"}}}
	got, err := DecodeEntry(e.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&Entry{Bound: e.Bound, Local: true}, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if b := got.Blobs(); b != nil {
		t.Errorf("it has blobs: %v", b)
	}
	if k := BoundKey(Key{1}, "/a"); k == BoundKey(Key{1}, "/b") || k == BoundKey(Key{2}, "/a") || k == (Key{1}) {
		t.Error("two results have one key")
	}
}

// damaged are an entry's bytes after all that disks and servers do to bytes.
func damaged(data []byte) map[string][]byte {
	m := map[string][]byte{
		"empty":                nil,
		"no version":           bytes.Replace(data, []byte("version = 1\n"), nil, 1),
		"a newer version":      bytes.Replace(data, []byte("version = 1\n"), []byte("version = 2\n"), 1),
		"the version twice":    append([]byte("version = 1\n"), data...),
		"an unknown key":       append([]byte("new = 1\n"), data...),
		"an unknown table":     append(slices.Clone(data), "\n[new]\n"...),
		"an unknown file key":  append(slices.Clone(data), "new = 1\n"...),
		"a key in capitals":    bytes.Replace(data, []byte("version"), []byte("VERSION"), 1),
		"a digest in capitals": bytes.Replace(data, []byte(`"ab`), []byte(`"AB`), 1),
		"a short digest":       bytes.Replace(data, []byte(`"ab`), []byte(`"`), 1),
		"a long digest":        bytes.Replace(data, []byte(`"ab`), []byte(`"abab`), 1),
		"a negative size":      bytes.Replace(data, []byte("size = 7"), []byte("size = -7"), 1),
		"a size too large":     bytes.Replace(data, []byte("size = 7"), []byte("size = 9223372036854775808"), 1),
		"an odd path":          bytes.Replace(data, []byte(`path_hex = "6`), []byte(`path_hex = "`), 1),
		"no path":              bytes.Replace(data, []byte(`path_hex = "612e6f"`), []byte(`path_hex = ""`), 1),
		"doubled":              append(slices.Clone(data), data...),
		"no record":            bytes.Replace(data, []byte("[record]"), []byte("[stdout]"), 1),
		"followed by a blank":  append(slices.Clone(data), '\n'),
		"carriage returns":     bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")),
		"a byte order mark":    append([]byte("\xef\xbb\xbf"), data...),
	}
	for i := range data {
		m["cut off after "+string(data[:i])] = data[:i]
	}
	return m
}

func wholeEntry() *Entry {
	blob := func(n int64) Blob { return Blob{digest.Sum(bytes.Repeat([]byte{0xab}, 32)), n} }
	stderr := blob(8)
	return &Entry{Record: blob(7), Stderr: &stderr, Files: []File{{"a.o", blob(9), true}, {"b.o", blob(10), false}}}
}

func TestEntryDamaged(t *testing.T) {
	data := wholeEntry().Encode()
	for name, bad := range damaged(data) {
		if bytes.Equal(bad, data) {
			t.Errorf("%s: nothing is damaged", name)
		}
		if e, err := DecodeEntry(bad); err == nil {
			t.Errorf("%s: got %+v, want an error", name, e)
		} else if !strings.HasPrefix(err.Error(), "entry: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error is %q", name, err)
		}
	}
}

// nestedVar has this test binary decode what would exhaust the stack of a decoder that
// calls itself, which no caller can recover from.
const nestedVar = "DEPTRACE_TEST_NESTED"

func TestEntryNested(t *testing.T) {
	deep := map[string]string{
		"arrays": "a = " + strings.Repeat("[", 4<<20), "spaced arrays": "a = " + strings.Repeat("[ ", 4<<20),
		"lines of arrays": "a = " + strings.Repeat("[\n", 4<<20),
		"tables":          "a = " + strings.Repeat("{a=", 4<<20),
		"dotted":          strings.Repeat("a.", 4<<20) + "a = 1\n", "a dotted table": "[" + strings.Repeat("a.", 4<<20) + "a]\n",
	}
	if which := os.Getenv(nestedVar); which != "" {
		if _, err := DecodeEntry([]byte("version = 1\nblobs = 1\n" + deep[which])); err == nil {
			t.Error("no error")
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for which := range deep {
		c := exec.Command(self, "-test.run=^TestEntryNested$", "-test.count=1")
		c.Env = append(os.Environ(), nestedVar+"="+which)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%.300s", which, err, out)
		}
	}
}

// FuzzDecodeEntry wants what is read to be exactly what was written: no two texts are
// one entry.
func FuzzDecodeEntry(f *testing.F) {
	f.Add(wholeEntry().Encode())
	f.Add((&Entry{Bound: "a.o", Local: true}).Encode())
	for _, bad := range damaged(wholeEntry().Encode()) {
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := DecodeEntry(data)
		if err != nil {
			return
		}
		if again := e.Encode(); !bytes.Equal(again, data) {
			t.Errorf("read\n%q\nwhich is written\n%q", data, again)
		}
		checkBlobs(t, e)
	})
}

// checkBlobs wants a blob for each thing that the entry has, under a name that any
// server takes.
func checkBlobs(t *testing.T, e *Entry) {
	t.Helper()
	blobs := e.Blobs()
	if e.Bound != "" {
		if blobs != nil {
			t.Errorf("what is bound has blobs: %v", blobs)
		}
		return
	}
	want := []Blob{e.Record}
	for _, b := range []*Blob{e.Depfile, e.Stdout, e.Stderr} {
		if b != nil {
			want = append(want, *b)
		}
	}
	for _, f := range e.Files {
		want = append(want, f.Blob)
	}
	seen := map[string]bool{}
	var got []Blob
	for _, b := range blobs {
		got = append(got, b.Blob)
		if seen[b.Path] || path.IsAbs(b.Path) || path.Clean(b.Path) != b.Path || strings.HasPrefix(b.Path, "..") || !utf8.ValidString(b.Path) {
			t.Errorf("a blob is called %q", b.Path)
		}
		seen[b.Path] = true
		for _, f := range e.Files {
			if b.Path == f.Path {
				t.Errorf("a blob is called as the output %q", f.Path)
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestEntryBlobs(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		checkBlobs(t, randomEntry(r))
	}
	e := &Entry{Files: []File{{Path: "x", Exec: true}, {Path: "y"}}}
	b := e.Blobs()
	if !b[1].Exec || b[2].Exec {
		t.Errorf("executable are %v", b)
	}
}

// What the cache keeps of a record has neither the command line nor any variable.
func TestImpersonal(t *testing.T) {
	p := newProject(t)
	const secret = "hunter2"
	p.setenv("X=" + secret)
	p.record()
	p.edit(func(m *manifest.Manifest) {
		m.Step.Argv = append(m.Step.Argv, "--token="+secret)
		m.Step.EnvUnset, m.Step.EnvOff = []string{"UNSET_" + secret}, []string{"OFF_" + secret}
	})
	m := p.load().Manifest
	before := sha256.Sum256(m.Encode())
	bare := Impersonal(m)
	if strings.Contains(string(bare.Encode()), secret) {
		t.Errorf("it is still there:\n%s", bare.Encode())
	}
	if sha256.Sum256(m.Encode()) != before || !strings.Contains(string(m.Encode()), secret) {
		t.Error("the record itself has changed")
	}
	// All else is as it was.
	whole := *m
	whole.Root = ""
	whole.Step.Argv, whole.Step.Env, whole.Step.EnvUnset, whole.Step.EnvOff = nil, nil, nil, nil
	if d := cmp.Diff(&whole, bare); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
