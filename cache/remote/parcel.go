package remote

import (
	"crypto/sha256"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"deptrace/cache/digest"
)

// parcel is what is shared: some bytes, which the local store has under a key, and the
// blobs without which they are worth nothing.
type parcel struct {
	Data  []byte
	Blobs []Blob
}

// Blob is a content that a record names.
type Blob struct {
	Path string // for the eyes of whoever looks into the server; nothing is written there
	Sum  digest.Sum
	Size int64 // negative if the record does not say; the store knows
	Exec bool
}

// What makes a key of the server from a key of ours. A server that bazel uses as well
// has its keys, the digests of its actions, in the same place.
const (
	entryPrefix = "deptrace entry v1\n"
	setsPrefix  = "deptrace sets v1\n"
)

func actionKey(prefix string, key [32]byte) digest.Sum {
	return sha256.Sum256(append([]byte(prefix), key[:]...))
}

// recordPath is the name of the output file that holds the record itself, and blobPath
// the beginning of the names of those whose own cannot be said.
const (
	recordPath = "deptrace/record"
	blobPath   = "deptrace/blob/"
)

// maxAction and maxRecord bound what is read into memory. A step with ten thousand outputs
// takes a third of it.
const (
	maxAction = 8 << 20
	maxRecord = 8 << 20
)

// action is the message that announces a record. All sizes must be known.
func (p parcel) action() actionResult {
	a := actionResult{files: make([]Blob, 0, len(p.Blobs)+1)}
	a.files = append(a.files, Blob{Path: recordPath, Sum: sha256.Sum256(p.Data), Size: int64(len(p.Data))})
	seen := map[string]bool{recordPath: true}
	for i, b := range p.Blobs {
		if !sayable(b.Path) || seen[b.Path] {
			b.Path = blobPath + strconv.Itoa(i)
		}
		seen[b.Path] = true
		a.files = append(a.files, b)
	}
	return a
}

// sayable reports whether a server takes a name for that of an output file: relative,
// clean, below where it starts, and valid UTF-8.
func sayable(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsRune(name, 0) && name != "" && name != "." && name != ".." &&
		path.Clean(name) == name && !path.IsAbs(name) && !strings.HasPrefix(name, "../") && !strings.HasPrefix(name, blobPath)
}
