package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
)

// entryVersion is the version of the format of an entry.
const entryVersion = 1

// Entry is the result of a step, as a cache keeps it under a strong key: what it left and
// what it printed, as digests of blobs, and its record without its command line and its
// environment, which whoever finds the entry has, too.
type Entry struct {
	// Bound, if it is not empty, says why the result is of use only in the checkout that it
	// was made in: then the entry says only this, and the result is kept under the key of
	// that checkout (see [BoundKey]).
	Bound string
	// Record is the record in its binary form.
	Record Blob
	// Depfile is the depfile, if one was asked for.
	Depfile *Blob
	// Stdout and Stderr are what the command wrote; nil for nothing. Where the two were one
	// open file, Stdout is both.
	Stdout, Stderr *Blob
	// Files are the regular files that the step left.
	Files []File
	// Local is set for what depends on this machine, and must not be shared.
	Local bool
}

// Blob is a sequence of bytes that is kept beside the entry.
type Blob struct {
	Sum  digest.Sum
	Size int64
}

// File is a regular file under the root.
type File struct {
	Path string // in path form
	Blob
	Exec bool
}

// BoundKey is the key for a result that was to be shared between checkouts and is of use only
// in the one at root.
func BoundKey(strong Key, root string) Key {
	h := sha256.New()
	io.WriteString(h, "deptrace bound v1\n")
	h.Write(strong[:])
	io.WriteString(h, root)
	return Key(h.Sum(nil))
}

// EntryBlob is a blob of an entry and what to call it.
type EntryBlob struct {
	// Path is relative and clean, and names no file that is to be written.
	Path string
	Blob
	Exec bool
}

// Blobs returns all blobs without which the entry is worth nothing.
func (e *Entry) Blobs() []EntryBlob {
	if e.Bound != "" {
		return nil
	}
	blobs := []EntryBlob{{Path: "deptrace/record-of-step", Blob: e.Record}}
	for _, b := range []struct {
		name string
		blob *Blob
	}{{"depfile", e.Depfile}, {"stdout", e.Stdout}, {"stderr", e.Stderr}} {
		if b.blob != nil {
			blobs = append(blobs, EntryBlob{Path: "deptrace/" + b.name, Blob: *b.blob})
		}
	}
	for i, f := range e.Files {
		// Not the file's name, which need not be UTF-8, and which nobody should write to.
		blobs = append(blobs, EntryBlob{Path: "outputs/" + strconv.Itoa(i), Blob: f.Blob, Exec: f.Exec})
	}
	return blobs
}

// The form of an entry on disk.
type (
	entryText struct {
		Version int `toml:"version"`
		// Blobs is how many blobs are named below: what is cut off between two of them
		// is not an entry with fewer.
		Blobs   int        `toml:"blobs"`
		Bound   string     `toml:"bound_hex,omitempty"`
		Local   bool       `toml:"local,omitempty"`
		Record  *blobText  `toml:"record,omitempty"`
		Depfile *blobText  `toml:"depfile,omitempty"`
		Stdout  *blobText  `toml:"stdout,omitempty"`
		Stderr  *blobText  `toml:"stderr,omitempty"`
		Files   []fileText `toml:"file,omitempty"`
	}
	blobText struct {
		Sum  string `toml:"sha256"`
		Size int64  `toml:"size"`
	}
	fileText struct {
		Path string `toml:"path_hex"`
		Sum  string `toml:"sha256"`
		Size int64  `toml:"size"`
		Exec bool   `toml:"exec"`
	}
)

// entryTables are the headers of all tables.
var entryTables = []string{"[record]", "[depfile]", "[stdout]", "[stderr]", "[[file]]"}

// Encode returns the entry as TOML, the same bytes for the same entry.
func (e *Entry) Encode() []byte {
	// TOML is UTF-8 and names are bytes.
	t := entryText{Version: entryVersion, Blobs: len(e.Blobs()), Bound: hex.EncodeToString([]byte(e.Bound)), Local: e.Local}
	if e.Bound == "" {
		t.Record, t.Depfile, t.Stdout, t.Stderr = e.Record.text(), e.Depfile.text(), e.Stdout.text(), e.Stderr.text()
		for _, f := range e.Files {
			t.Files = append(t.Files, fileText{hex.EncodeToString([]byte(f.Path)), f.Sum.String(), f.Size, f.Exec})
		}
	}
	var b bytes.Buffer
	enc := toml.NewEncoder(&b)
	enc.Indent = ""
	if err := enc.Encode(t); err != nil {
		panic(err) // the types above can all be encoded
	}
	return b.Bytes()
}

func (b *Blob) text() *blobText {
	if b == nil {
		return nil
	}
	return &blobText{b.Sum.String(), b.Size}
}

// DecodeEntry reads what Encode wrote. Anything else is an error, also if it would mean
// the same: an entry can come from a disk that loses bytes and from a server that lies.
func DecodeEntry(data []byte) (*Entry, error) {
	if !flat(string(data)) {
		return nil, errors.New("entry: it is not in the form of one")
	}
	var t entryText
	if err := toml.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("entry: %q", err.Error())
	}
	if t.Version != entryVersion {
		return nil, fmt.Errorf("entry: it has version %d, not %d", t.Version, entryVersion)
	}
	e, err := t.entry()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(e.Encode(), data) {
		return nil, errors.New("entry: it is damaged")
	}
	return e, nil
}

// flat reports whether no table and no array stands in another one. The decoder calls
// itself for each, and nobody recovers from a stack that is full.
func flat(text string) bool {
	for line := range strings.Lines(text) {
		if strings.ContainsAny(line, "[{.") && !slices.Contains(entryTables, strings.TrimSuffix(line, "\n")) {
			return false
		}
	}
	return true
}

func (t *entryText) entry() (*Entry, error) {
	e := &Entry{Local: t.Local}
	if t.Bound != "" {
		bound, err := hex.DecodeString(t.Bound)
		if err != nil {
			return nil, fmt.Errorf("entry: bound_hex %q is no path", t.Bound)
		}
		e.Bound = string(bound)
		return e, nil
	}
	if t.Record == nil {
		return nil, errors.New("entry: it has no record")
	}
	var err error
	if e.Record, err = t.Record.blob(); err != nil {
		return nil, err
	}
	for _, b := range []struct {
		from *blobText
		to   **Blob
	}{{t.Depfile, &e.Depfile}, {t.Stdout, &e.Stdout}, {t.Stderr, &e.Stderr}} {
		if b.from == nil {
			continue
		}
		blob, err := b.from.blob()
		if err != nil {
			return nil, err
		}
		*b.to = &blob
	}
	for _, f := range t.Files {
		blob, err := (&blobText{f.Sum, f.Size}).blob()
		if err != nil {
			return nil, err
		}
		path, err := hex.DecodeString(f.Path)
		if err != nil || len(path) == 0 {
			return nil, fmt.Errorf("entry: path_hex %q is no path", f.Path)
		}
		e.Files = append(e.Files, File{string(path), blob, f.Exec})
	}
	return e, nil
}

func (t *blobText) blob() (Blob, error) {
	sum, err := hex.DecodeString(t.Sum)
	if err != nil || len(sum) != len(digest.Sum{}) {
		return Blob{}, fmt.Errorf("entry: sha256 %q is no digest", t.Sum)
	}
	if t.Size < 0 {
		return Blob{}, fmt.Errorf("entry: size %d", t.Size)
	}
	return Blob{digest.Sum(sum), t.Size}, nil
}

// Impersonal returns a record without what whoever has the same weak key knows, and what
// can hold a secret: the command line and the environment.
func Impersonal(m *manifest.Manifest) *manifest.Manifest {
	bare := *m
	bare.Root = ""
	bare.Step.Argv, bare.Step.Env, bare.Step.EnvUnset, bare.Step.EnvOff = nil, nil, nil, nil
	return &bare
}
