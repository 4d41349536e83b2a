package digest

import (
	"errors"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
	"deptrace/trace/parallel"
)

// settled is how long a file must have been left alone before it is known by identity.
const settled = 2 * time.Second

// Memo remembers digests of files by their identity. A nil Memo remembers nothing. It
// can be used by several goroutines at once.
type Memo struct {
	file          *os.File
	boot          [16]byte
	now           func() time.Time
	known, hashed atomic.Int64
}

// OpenMemo opens the memo at path, or makes it, with mode 0600 and in a directory with
// mode 0700. What is there and is no memo is replaced if it is a file of our own, which
// a crash can leave, and otherwise left alone: who finds an error does without.
func OpenMemo(path string) (*Memo, error) {
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	f, err := openMemo(path)
	if err != nil {
		return nil, err
	}
	return &Memo{file: f, boot: boot, now: time.Now}, nil
}

// Close closes the memo. Everything has been written when Files returns.
func (m *Memo) Close() error {
	if m == nil {
		return nil
	}
	return m.file.Close()
}

// Counts says how many files' digests were known, and how many were hashed.
func (m *Memo) Counts() (known, hashed int) {
	if m == nil {
		return 0, 0
	}
	return int(m.known.Load()), int(m.hashed.Load())
}

// Request asks for the digest of a file.
type Request struct {
	Path string
	// State is what was found at Path when it was looked at just now. If it is the
	// zero State, Look looks itself.
	State footprint.State
}

// Files is [Files], but that it hashes only what it does not know.
func (m *Memo) Files(paths []string) []Result {
	reqs := make([]Request, len(paths))
	for i := range paths {
		reqs[i].Path = paths[i]
	}
	return m.Look(reqs)
}

// Look is Files for callers that know the states of some files already.
func (m *Memo) Look(reqs []Request) []Result {
	results := make([]Result, len(reqs))
	if m == nil {
		unknown := make([]int, len(reqs))
		for i := range reqs {
			unknown[i] = i
		}
		hashAll(reqs, results, unknown)
		return results
	}
	unknown := m.find(reqs, results)
	m.known.Add(int64(len(reqs) - len(unknown)))
	m.hashed.Add(int64(len(unknown)))
	if len(unknown) > 0 {
		begin := m.now()
		hashAll(reqs, results, unknown)
		m.keep(results, unknown, begin)
	}
	return results
}

// share is how many files a goroutine must have to be worth its start, where looking is
// all that is done with them.
const share = 100

// find fills in the results that are known and returns the indices of the others.
func (m *Memo) find(reqs []Request, results []Result) (unknown []int) {
	// In the order of pages, so that each is read once.
	order := make([]uint64, len(reqs))
	parallel.Parts(len(reqs), share, func(from, to int) {
		for i := from; i < to; i++ {
			if reqs[i].State == (footprint.State{}) {
				results[i].State, _ = osfs.Lstat(reqs[i].Path) // hashing it says what is wrong
			} else {
				results[i].State = reqs[i].State
			}
			order[i] = uint64(pageOf(&results[i].State))<<32 | uint64(i)
		}
	})
	slices.Sort(order)
	found := make([]bool, len(reqs))
	parallel.Parts(len(order), share, func(from, to int) {
		var p page
		at := -1
		for _, o := range order[from:to] {
			if n := int(o >> 32); n != at {
				at = n
				m.read(&p, n)
			}
			i := uint32(o)
			s := &results[i].State
			if s.Type == footprint.File {
				results[i].Sum, found[i] = p.find(s, &m.boot)
			}
		}
	})
	for i := range found {
		if !found[i] {
			results[i] = Result{}
			unknown = append(unknown, i)
		}
	}
	return unknown
}

// keep writes down the results with the indices, which were all hashed after begin.
func (m *Memo) keep(results []Result, indices []int, begin time.Time) {
	old := begin.Add(-settled).UnixNano()
	var order []uint64
	for _, i := range indices {
		r := &results[i]
		if r.Err == nil && r.State.Mtime < old && r.State.Ctime < old {
			order = append(order, uint64(pageOf(&r.State))<<32|uint64(i))
		}
	}
	slices.Sort(order)
	for len(order) > 0 {
		n := int(order[0] >> 32)
		var p page
		m.read(&p, n)
		from, to := pageSize, 0
		for len(order) > 0 && int(order[0]>>32) == n {
			r := &results[uint32(order[0])]
			at := p.put(&r.State, &r.Sum, &m.boot)
			from, to = min(from, at), max(to, at+slotSize)
			order = order[1:]
		}
		if _, err := m.file.WriteAt(p[from:to], offset(n)+int64(from)); err != nil {
			return // the disk is full: the rest will not fit either
		}
	}
}

// read reads a page. What cannot be read is empty.
func (m *Memo) read(p *page, n int) {
	got, err := m.file.ReadAt(p[:], offset(n))
	if err != nil && !errors.Is(err, io.EOF) {
		got = 0
	}
	clear(p[got:])
}
