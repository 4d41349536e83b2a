package remote

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"deptrace/cache/digest"
)

// The bytes are what protoc --encode makes of
//
//	output_files { path: "a" digest { hash: "00…" size_bytes: 300 } is_executable: true }
func TestActionBytes(t *testing.T) {
	want := "124c" + "0a0161" + "1245" + "0a40" + strings.Repeat("30", 64) + "10ac02" + "2001"
	got := appendAction(nil, actionResult{files: []Blob{{Path: "a", Size: 300, Exec: true}}})
	if hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
}

func TestActionRoundTrip(t *testing.T) {
	for _, want := range []actionResult{
		{},
		{exitCode: 1},
		{exitCode: -1},
		{files: []Blob{{Path: "a/b c", Sum: digest.Sum{1, 2}, Size: 0}, {Path: "ü", Sum: digest.Sum{255}, Size: 1 << 40, Exec: true}}},
	} {
		got, err := parseAction(appendAction(nil, want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}

// What others put in is skipped, in whatever kind of field.
func TestActionUnknownFields(t *testing.T) {
	want := actionResult{files: []Blob{{Path: "a", Sum: digest.Sum{1}, Size: 7}}}
	b := appendBytes(nil, 9, appendBytes(nil, 1, []byte("127.0.0.1:1"))) // execution_metadata
	b = appendVarint(b, 100, 1<<63)
	b = append(append(b, 50<<3&0x7f|0x80|wireFixed64, 50<<3>>7), make([]byte, 8)...)
	b = appendAction(b, want)
	b = append(append(b, 50<<3&0x7f|0x80|wireFixed32, 50<<3>>7), make([]byte, 4)...)
	got, err := parseAction(b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestActionDamaged(t *testing.T) {
	digested := func(hash string, size uint64) []byte {
		return appendVarint(appendBytes(nil, digestHash, []byte(hash)), digestSize, size)
	}
	file := func(path string, digest []byte) []byte {
		return appendBytes(nil, actionOutputFiles, appendBytes(appendBytes(nil, filePath, []byte(path)), fileDigest, digest))
	}
	zeros := strings.Repeat("0", 64)
	whole := file("a", digested(zeros, 1))
	for name, b := range map[string][]byte{
		"no digest":          appendBytes(nil, actionOutputFiles, appendBytes(nil, filePath, []byte("a"))),
		"no name":            file("", digested(zeros, 1)),
		"name not UTF-8":     file("\xff", digested(zeros, 1)),
		"short digest":       file("a", digested("00", 1)),
		"digest in capitals": file("a", digested(strings.Repeat("A", 64), 1)),
		"digest of no hex":   file("a", digested(strings.Repeat("g", 64), 1)),
		"negative size":      file("a", digested(zeros, 1<<63)),
		"field number 0":     {0x00, 0x00},
		"group":              {0x0b},
		"endless varint":     bytes.Repeat([]byte{0xff}, 20),
		"length beyond all":  {0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"fixed64 cut off":    {0x09, 1, 2, 3},
		"HTML":               []byte("<html><body>Sign in</body></html>"),
	} {
		if a, err := parseAction(b); err == nil {
			t.Errorf("%s: no error, but %v", name, a)
		}
	}
	for i := 1; i < len(whole); i++ {
		if a, err := parseAction(whole[:i]); err == nil {
			t.Errorf("cut off after %d bytes: no error, but %v", i, a)
		}
	}
}

// Whatever can be read can be written, and is then read as the same.
func FuzzAction(f *testing.F) {
	f.Add([]byte{})
	f.Add(appendAction(nil, actionResult{exitCode: 3, files: []Blob{{Path: "a/b", Sum: digest.Sum{1}, Size: 5, Exec: true}, {Path: "c"}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseAction(b)
		if err != nil {
			return
		}
		for _, file := range a.files {
			if file.Path == "" || file.Size < 0 {
				t.Errorf("%+v", file)
			}
		}
		again, err := parseAction(appendAction(nil, a))
		if err != nil || !reflect.DeepEqual(a, again) {
			t.Errorf("read %v, written and read again %v, %v", a, again, err)
		}
	})
}

// A record's blobs can be called anything; the server is told names that it takes.
func TestActionNames(t *testing.T) {
	r := parcel{Data: []byte("x")}
	for _, name := range []string{"a", "a", "/etc/passwd", "../a", "..", ".", "", "a//b", "a/", "a/../b", "\xff", "a\x00b",
		recordPath, "deptrace/blob/3", "ok/ü", "..a", "deptrace/stdout"} {
		r.Blobs = append(r.Blobs, Blob{Path: name})
	}
	seen := make(map[string]bool)
	var kept []string
	for i, f := range r.action().files {
		if seen[f.Path] {
			t.Errorf("two files are called %q", f.Path)
		}
		seen[f.Path] = true
		if i == 0 && f.Path != recordPath {
			t.Errorf("the record is called %q", f.Path)
		}
		if !strings.HasPrefix(f.Path, blobPath) {
			kept = append(kept, f.Path)
		}
	}
	if got, want := strings.Join(kept, " "), recordPath+" a ok/ü ..a deptrace/stdout"; got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
}
