package store

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// parts is how many directories each kind has: one for each first byte of a key. A part
// of a store is the directories of all kinds for one byte.
const parts = 256

// item is a file of the store.
type item struct {
	kind Kind
	key  [32]byte
	size int64
	used int64 // nanoseconds
}

// Count is a number of files and of the bytes that they take.
type Count struct {
	Files int
	Bytes int64
}

func (c *Count) add(size int64) {
	c.Files++
	c.Bytes += space(size)
}

// part lists the files in a part of the store. A name that is not one of ours is no
// file of ours.
func (s *Store) part(n int, items []item) ([]item, error) {
	for _, kind := range kinds {
		dir := s.dir + "/" + string(kind) + "/" + hex.EncodeToString([]byte{byte(n)})
		f, err := os.Open(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return items, err
		}
		entries, err := f.ReadDir(-1)
		f.Close()
		if err != nil && !errors.Is(err, syscall.ENOENT) {
			return items, err
		}
		for _, e := range entries {
			it := item{kind: kind, key: [32]byte{byte(n)}}
			if len(e.Name()) != 2*(len(it.key)-1) {
				continue
			}
			if _, err := hex.Decode(it.key[1:], []byte(e.Name())); err != nil {
				continue
			}
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() {
				continue // it went away meanwhile, or is not ours
			}
			it.size, it.used = info.Size(), info.ModTime().UnixNano()
			items = append(items, it)
		}
	}
	return items, nil
}

// leastParts is how many parts a look takes in however long it takes: what is a large
// blob there shall not be all there is.
const leastParts = 16

// scan lists the files in the parts of the store from the cursor on, until the deadline
// (if there is one) has passed, and says how many parts that were.
func (s *Store) scan(cursor int, deadline time.Time, progress Progress) (items []item, seen int, err error) {
	for seen = 0; seen < parts; seen++ {
		if seen >= leastParts && !deadline.IsZero() && time.Now().After(deadline) {
			break
		}
		if items, err = s.part((cursor+seen)%parts, items); err != nil {
			return items, seen, err
		}
		progress.tell(Step{Doing: "looking", Done: seen + 1, Of: parts})
	}
	return items, seen, nil
}
