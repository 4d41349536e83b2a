package main

import (
	"errors"

	"deptrace/cache"
	"deptrace/cache/remote"
)

// entryBlobs says what an entry needs. Neither way does one travel that depends on the
// machine where it was made.
func entryBlobs(data []byte) ([]remote.Blob, error) {
	e, err := cache.DecodeEntry(data)
	if err != nil {
		return nil, err
	}
	if e.Local {
		return nil, errors.New("entry: it depends on the machine where it was made")
	}
	var blobs []remote.Blob
	for _, b := range e.Blobs() {
		blobs = append(blobs, remote.Blob{Path: b.Path, Sum: b.Sum, Size: b.Size, Exec: b.Exec})
	}
	return blobs, nil
}
