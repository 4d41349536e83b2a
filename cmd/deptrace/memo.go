package main

import (
	"os"
	"path/filepath"
	"sync"

	"deptrace/cache/digest"
	"deptrace/cache/store"
)

// memoUse is --memo.
type memoUse string

const (
	memoOn  memoUse = "on"
	memoOff memoUse = "off"
)

func memoFlag(p *memoUse) flagDef { return choiceFlag("memo", p, memoOn, memoOff) }

// memory is what this user's deptraces remember of the digests of files. It is opened
// when the first digest is wanted: a step with a depfile only does without. That there
// is none is no reason to fail, or to say so without -v.
type memory struct {
	use    memoUse
	opened sync.Once
	memo   *digest.Memo
	err    error
}

// files is [digest.Memo.Look].
func (m *memory) files(reqs []digest.Request) []digest.Result {
	if len(reqs) == 0 {
		return nil
	}
	m.opened.Do(m.open)
	return m.memo.Look(reqs)
}

// several is files for n records that are looked at together.
func (m *memory) several(n int) func([]digest.Request) []digest.Result {
	if n < 2 {
		return m.files
	}
	return m.once()
}

// once is files that looks at each file once.
func (m *memory) once() func([]digest.Request) []digest.Result {
	return (&digest.Shared{Look: m.files}).Files
}

func (m *memory) open() {
	if m.use == memoOff {
		return
	}
	dir, err := store.Dir(os.Environ())
	if err == nil {
		m.memo, err = digest.OpenMemo(filepath.Join(dir, memoName))
	}
	m.err = err
}

// report says what came of it.
func (m *memory) report(logf func(format string, args ...any)) {
	if m.err != nil {
		logf("digests are not remembered: %v", m.err)
	}
	if known, hashed := m.memo.Counts(); known+hashed > 0 {
		logf("%s hashed, %d known by identity", count(hashed, "file"), known)
	}
}

// memoName has the version of the memo's format in it, so that two deptraces with
// different ones can take turns.
const memoName = "memo-v1"

// cacheNames are the names that deptrace has in the cache directory: the memo's, and those
// of the store and the remote.
var cacheNames = []string{memoName, "CACHEDIR.TAG", "v1", "remote"}
