package store

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"deptrace/cache/digest"
)

// setUsed says when a file was used last.
func setUsed(t testing.TB, path string, ago time.Duration) {
	t.Helper()
	then := time.Now().Add(-ago)
	check(t, os.Chtimes(path, then, then))
}

// fill adds n blobs of 4 KiB each, the last one used most recently.
func fill(t testing.TB, s *Store, n int) []digest.Sum {
	t.Helper()
	var sums []digest.Sum
	for i := range n {
		sum := add(t, s, fmt.Sprintf("%04096d", i))
		setUsed(t, s.path(blobs, sum), time.Duration(n-i)*time.Minute)
		sums = append(sums, sum)
	}
	return sums
}

// wantLeft wants the last n of the blobs to be there, and no other.
func wantLeft(t *testing.T, s *Store, sums []digest.Sum, n int) {
	t.Helper()
	var got strings.Builder
	for _, sum := range sums {
		got.WriteString(map[bool]string{true: "x", false: "-"}[s.Has(sum)])
	}
	if want := strings.Repeat("-", len(sums)-n) + strings.Repeat("x", n); got.String() != want {
		t.Errorf("left are %s, want %s", &got, want)
	}
}

func TestTrim(t *testing.T) {
	s := newStore(t, 100*4096)
	sums := fill(t, s, 100)
	check(t, s.Trim())
	wantLeft(t, s, sums, 100) // it is full, and not too full
	sums = append(sums, add(t, s, "one more"))
	check(t, s.Trim())
	wantLeft(t, s, sums, 90)
	if l := s.readLedger(); !l.known || l.total != 90*4096 {
		t.Errorf("the ledger is %+v, want 90 blobs", l)
	}
}

// A run that stored nothing does not look; nor does one that finds the store small
// enough, which it knows from the ledger alone.
func TestTrimLooksOnlyWhenItMust(t *testing.T) {
	s := newStore(t, 100*4096)
	sums := fill(t, s, 50)
	check(t, s.Trim()) // no ledger yet: it has to look
	if l := s.readLedger(); !l.known || l.total != 50*4096 {
		t.Fatalf("the ledger is %+v, want 50 blobs", l)
	}
	check(t, s.writeLedger(1000*4096, 0))
	check(t, s.Trim())
	if l := s.readLedger(); l.total != 1000*4096 {
		t.Errorf("a run that stored nothing looked: %+v", l)
	}
	// A ledger that says too much is put right, and nothing is removed for it.
	s.stored.Store(true)
	check(t, s.Trim())
	wantLeft(t, s, sums, 50)
	if l := s.readLedger(); l.total != 50*4096 {
		t.Errorf("the ledger is %+v, want 50 blobs", l)
	}
	check(t, s.writeLedger(1*4096, 0))
	add(t, s, "one more")
	check(t, s.Trim())
	if l := s.readLedger(); l.total != 2*4096 {
		t.Errorf("the ledger is %+v, want 2 blobs", l)
	}
}

// Who has the lock does the work; nobody waits for him.
func TestTrimDoesNotWait(t *testing.T) {
	s := newStore(t, 10*4096)
	sums := fill(t, s, 20)
	unlock, err := s.lock(trimLock, 0)
	check(t, err)
	start := time.Now()
	check(t, s.Trim())
	if d := time.Since(start); d > lockWait/2 {
		t.Errorf("waited for %v", d)
	}
	wantLeft(t, s, sums, 20)
	unlock()
	s.stored.Store(true)
	check(t, s.Trim())
	wantLeft(t, s, sums, 9)
}

// With hardly any time a pass still looks at some parts, and the next one goes on behind
// them. In the end all are within the limit.
func TestTrimInPieces(t *testing.T) {
	s := newStore(t, 300*4096)
	fill(t, s, 600)
	cursors := map[int]bool{}
	for i := 0; ; i++ {
		l := s.readLedger()
		if l.known && l.total <= s.max {
			break
		}
		if i == 2000 {
			t.Fatalf("after %d passes the ledger is %+v", i, l)
		}
		p := pass{store: s, limit: s.max, target: target(s.max), time: 100 * time.Microsecond}
		_, err := p.run(l)
		check(t, err)
		cursors[s.readLedger().cursor] = true
	}
	if len(cursors) < 5 {
		t.Errorf("the passes began at %d places", len(cursors))
	}
	st, err := s.Stats(nil)
	check(t, err)
	if used := st.Total().Bytes; used > s.max*5/4 || used < s.max/2 {
		t.Errorf("%d bytes are left, want about %d", used, s.max)
	}
}

func TestGC(t *testing.T) {
	s := newStore(t, 100*4096)
	sums := fill(t, s, 120)
	removed, err := s.GC(0, nil)
	check(t, err)
	if removed.Files != 30 {
		t.Errorf("removed %v", removed)
	}
	wantLeft(t, s, sums, 90)
	removed, err = s.GC(0, nil)
	check(t, err)
	if removed.Files != 0 {
		t.Errorf("the second time, too: %v", removed)
	}
	_, err = s.GC(50*4096+1, nil)
	check(t, err)
	wantLeft(t, s, sums, 50)
	_, err = s.GC(1, nil)
	check(t, err)
	wantLeft(t, s, sums, 0)
}

// Blobs go first, then records; those that nobody reads go in any case.
func TestRecordsOutliveBlobs(t *testing.T) {
	s := newStore(t, 100*4096)
	for i := range 20 {
		check(t, s.Put(Entries, key(fmt.Sprint(i)), []byte("entry")))
		setUsed(t, s.path(Entries, key(fmt.Sprint(i))), time.Duration(i+1)*24*time.Hour)
	}
	check(t, s.Put(Sets, key("dead"), []byte("set")))
	setUsed(t, s.path(Sets, key("dead")), recordLife+time.Hour)
	sums := fill(t, s, 10)
	records := func() (n int) {
		for i := range 20 {
			if _, err := os.Lstat(s.path(Entries, key(fmt.Sprint(i)))); err == nil {
				n++
			}
		}
		return n
	}
	if removed, err := s.GC(0, nil); err != nil || removed.Files != 1 {
		t.Errorf("removed %v, %v; want the dead record", removed, err)
	}
	if _, err := os.Lstat(s.path(Sets, key("dead"))); err == nil {
		t.Error("the dead record is there")
	}
	_, err := s.GC(25*4096, nil)
	check(t, err)
	wantLeft(t, s, sums, 5)
	if n := records(); n != 20 {
		t.Errorf("%d records are left, want all 20", n)
	}
	_, err = s.GC(8*4096, nil)
	check(t, err)
	wantLeft(t, s, sums, 0)
	if n := records(); n != 8 {
		t.Errorf("%d records are left, want 8", n)
	}
	for i := range 8 {
		if _, err := s.Get(Entries, key(fmt.Sprint(i))); err != nil {
			t.Errorf("record %d: %v; the oldest should have gone", i, err)
		}
	}
}

// What is stored during a look is in the ledger after it.
func TestStoredDuringGC(t *testing.T) {
	s := newStore(t, 0)
	fill(t, s, 3)
	_, err := s.GC(0, func(p Step) {
		if p.Doing == "looking" && p.Done == parts {
			add(t, s, strings.Repeat("x", 100000))
		}
	})
	check(t, err)
	st, err := s.Stats(nil)
	check(t, err)
	if l := s.readLedger(); l.total != st.Total().Bytes {
		t.Errorf("the ledger says %d, the files %d", l.total, st.Total().Bytes)
	}
}

// What somebody uses between the look and the removal stays.
func TestUsedDuringGC(t *testing.T) {
	s := newStore(t, 10*4096)
	sums := fill(t, s, 20)
	_, err := s.GC(0, func(p Step) {
		if p.Doing == "looking" && p.Done == parts {
			for _, sum := range sums[:3] {
				setUsed(t, s.path(blobs, sum), 0)
			}
		}
	})
	check(t, err)
	for _, sum := range sums[:3] {
		if !s.Has(sum) {
			t.Errorf("%s was used and is gone", sum)
		}
	}
}

// A temporary file goes when its process is gone and it is old; no other.
func TestLeftovers(t *testing.T) {
	s := newStore(t, 0)
	for _, tt := range []struct {
		name        string
		alive       bool
		age         time.Duration
		left, clear bool // after GC, after Clear
	}{
		{"living", true, 3 * time.Hour, true, true},
		{"old", false, 3 * time.Hour, false, false},
		{"young", false, 30 * time.Minute, true, false},
		{"new", false, 0, true, true},
	} {
		for _, clear := range []bool{false, true} {
			f, err := s.temp()
			check(t, err)
			if tt.alive {
				defer f.Close()
			} else {
				f.Close()
			}
			setUsed(t, f.Name(), tt.age)
			want := tt.left
			if clear {
				want = tt.clear
				_, err = s.Clear(nil)
			} else {
				_, err = s.GC(0, nil)
			}
			check(t, err)
			if _, err := os.Lstat(f.Name()); (err == nil) != want {
				t.Errorf("%s, clear %t: left is %t, want %t", tt.name, clear, err == nil, want)
			}
			os.Remove(f.Name())
		}
	}
}

// Whatever is in the ledger, there is a number, and lines behind the damage count.
func TestLedger(t *testing.T) {
	for text, want := range map[string]ledger{
		"":                               {},
		"+ 10\n":                         {total: 10},
		"= 100 7\n+ 10\n- 5\n":           {known: true, total: 105, cursor: 7},
		"= 100 7\n+ 1+ 20\n+ 3\n":        {known: true, total: 103, cursor: 7},
		"= 100 7\n\x00\x00\x00\n+ 3\n":   {known: true, total: 103, cursor: 7},
		"= 100 7\n+ 3\n+ 100":            {known: true, total: 103, cursor: 7},
		"= 100 256\n+ 3\n":               {total: 3},
		"= 100 -1\n= x 1\n+ -3\n+ 9 9\n": {},
		"- 10\n+ 1\n":                    {},
		"+ 99999999999999999999\n":       {},
	} {
		s := newStore(t, 0)
		check(t, os.WriteFile(s.ledgerPath(), []byte(text), 0o600))
		want.length = int64(len(text))
		if got := s.readLedger(); got != want {
			t.Errorf("%q is %+v, want %+v", text, got, want)
		}
	}
}

// A ledger is read while others write to it.
func TestLedgerGrows(t *testing.T) {
	s := newStore(t, 0)
	check(t, s.writeLedger(0, 0))
	done := make(chan bool)
	go func() {
		defer close(done)
		for range 2000 {
			s.account(1)
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if l := s.readLedger(); !l.known {
			t.Errorf("it is %+v", l)
			<-done
			break
		}
	}
	if l := s.readLedger(); l.total != 2000 {
		t.Errorf("it says %d, want 2000", l.total)
	}
}

// A long ledger is put together; what it says stays.
func TestLedgerIsPutTogether(t *testing.T) {
	s := newStore(t, 0)
	add(t, s, "x")
	check(t, s.Trim())
	text, err := os.ReadFile(s.ledgerPath())
	check(t, err)
	text = append(text, strings.Repeat("+ 4096\n", ledgerMax/7)...)
	check(t, os.WriteFile(s.ledgerPath(), text, 0o600))
	before := s.readLedger()
	add(t, s, "y")
	check(t, s.Trim())
	after := s.readLedger()
	if after.total != before.total+4096 || after.length > 100 {
		t.Errorf("it was %+v and is %+v", before, after)
	}
	if info, err := os.Lstat(s.ledgerPath()); err != nil || info.Mode()&0o600 != 0o600 {
		t.Errorf("it cannot be written to: %v, %v", info.Mode(), err)
	}
}

// A blob that replaces another, a record that grows, a damaged one that is removed: the
// ledger agrees with a look at the files.
func TestLedgerAgrees(t *testing.T) {
	s := newStore(t, 0)
	add(t, s, "x")
	check(t, s.Trim())
	check(t, s.Put(Notes, key("k"), []byte("small")))
	check(t, s.Put(Notes, key("k"), make([]byte, 10000)))
	check(t, s.Put(Notes, key("k"), []byte("small")))
	sum := add(t, s, strings.Repeat("y", 20000))
	add(t, s, strings.Repeat("y", 20000))
	check(t, s.AddFile(write(t, "z"), key("z")))
	check(t, damages["flipped"](s.path(blobs, sum)))
	if _, err := s.Bytes(sum, 1<<20); err == nil {
		t.Error("no damage")
	}
	st, err := s.Stats(nil)
	check(t, err)
	if got := s.readLedger().total; got != st.Total().Bytes {
		t.Errorf("the ledger says %d, the files %d", got, st.Total().Bytes)
	}
}

func BenchmarkTrimNothing(b *testing.B) {
	s := newStore(b, 0)
	for b.Loop() {
		s.stored.Store(true)
		check(b, s.Trim())
	}
}

// BenchmarkGC looks at a store of 20,000 blobs.
func BenchmarkGC(b *testing.B) {
	s := newStore(b, 0)
	fill(b, s, 20000)
	for b.Loop() {
		if _, err := s.GC(0, nil); err != nil {
			b.Fatal(err)
		}
	}
}
