package cache

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

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
	// Bound, if it is not empty, is an output that holds the path of the checkout which it
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

// BoundKey is the key under which the result is kept of a step that can be shared between
// checkouts but for an output that holds the path of its own.
func BoundKey(strong Key, root string) Key { return keyOf("deptrace bound v1\n", strong[:], root) }

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
		Version int        `toml:"version"`
		Bound   string     `toml:"bound,omitempty"`
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
		Exec bool   `toml:"exec,omitempty"`
	}
)

// Encode returns the entry as TOML.
func (e *Entry) Encode() []byte {
	t := entryText{Version: entryVersion, Bound: e.Bound, Local: e.Local, Depfile: e.Depfile.text(), Stdout: e.Stdout.text(), Stderr: e.Stderr.text()}
	if e.Bound == "" {
		t.Record = e.Record.text()
	}
	for _, f := range e.Files {
		// TOML is UTF-8 and names are bytes.
		t.Files = append(t.Files, fileText{hex.EncodeToString([]byte(f.Path)), f.Sum.String(), f.Size, f.Exec})
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

// DecodeEntry reads what Encode wrote. What has an unknown key, or lacks one, is an
// error: an entry can come from a server that lies.
func DecodeEntry(data []byte) (*Entry, error) {
	var t entryText
	meta, err := toml.Decode(string(data), &t)
	if err != nil {
		return nil, fmt.Errorf("entry: %w", err)
	}
	if t.Version != entryVersion {
		return nil, fmt.Errorf("entry: it has version %d, not %d", t.Version, entryVersion)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("entry: unknown key %s", unknown[0])
	}
	e := &Entry{Bound: t.Bound, Local: t.Local}
	if t.Bound != "" {
		return e, nil
	}
	if t.Record == nil {
		return nil, errors.New("entry: it has no record")
	}
	blobs := []struct {
		from *blobText
		to   **Blob
	}{{t.Depfile, &e.Depfile}, {t.Stdout, &e.Stdout}, {t.Stderr, &e.Stderr}}
	if e.Record, err = t.Record.blob(); err != nil {
		return nil, err
	}
	for _, b := range blobs {
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
