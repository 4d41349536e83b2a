package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"deptrace/cache/digest"
)

// workerVar makes of the test binary a process that uses a store: it holds what it is
// to do.
const workerVar = "DEPTRACE_TEST_STORE"

// workers are what such a process can do. They get the store's directory and what else
// stands behind it.
var workers = map[string]func(dir string, args []string) error{
	"hammer": hammer,
	"write":  writeForever,
	"count":  countUp,
}

func TestMain(m *testing.M) {
	if words := strings.Fields(os.Getenv(workerVar)); len(words) > 1 {
		if err := workers[words[0]](words[1], words[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// worker returns a process that does something to a store.
func worker(t *testing.T, what string, s *Store, args ...any) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	c := exec.Command(self)
	words := []string{what, filepath.Dir(s.dir)}
	for _, a := range args {
		words = append(words, fmt.Sprint(a))
	}
	c.Env = append(os.Environ(), workerVar+"="+strings.Join(words, " "))
	return c
}

// all runs processes at the same time and wants them to succeed.
func all(t *testing.T, cs []*exec.Cmd) {
	t.Helper()
	outs := make([]bytes.Buffer, len(cs))
	for i, c := range cs {
		c.Stdout, c.Stderr = &outs[i], &outs[i]
		check(t, c.Start())
	}
	for i, c := range cs {
		if err := c.Wait(); err != nil {
			t.Errorf("process %d: %v\n%s", i, err, &outs[i])
		}
	}
}

// hammerMax is a limit that makes the hammers trim all the time.
const hammerMax = 400 << 10

// content is one of 40 contents, of all sizes up to some 100 kB.
func content(i int) []byte {
	return bytes.Repeat([]byte{byte(i)}, i*i*i*3/2+i)
}

// hammer does everything that can be done, with the same keys as all others. Nothing may
// fail, but that something is missing.
func hammer(dir string, args []string) error {
	seed, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return err
	}
	s, err := Open(dir, Options{Max: hammerMax})
	if err != nil {
		return err
	}
	outside, err := os.MkdirTemp("", "hammer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(outside)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 150 {
		if err := strike(s, r, outside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return s.Trim()
}

// strike does one thing.
func strike(s *Store, r *rand.Rand, outside string) error {
	i := r.IntN(40)
	data := content(i)
	sum := digest.Sum(sha256.Sum256(data))
	kind := Kinds[r.IntN(len(Kinds))]
	same := func(got []byte, err error) error {
		if err == nil && !bytes.Equal(got, data) {
			return fmt.Errorf("got %d other bytes for content %d", len(got), i)
		}
		return err
	}
	switch n := r.IntN(100); {
	case n < 15:
		_, err := s.AddBytes(data)
		return err
	case n < 25:
		if err := os.WriteFile(outside+"/in", data, 0o666); err != nil {
			return err
		}
		if err := s.AddFile(outside+"/in", sum); err != nil {
			return fmt.Errorf("AddFile: %v", err) // what is missing here is an error, too
		}
	case n < 35:
		b, err := s.NewBlob()
		if err != nil {
			return fmt.Errorf("NewBlob: %v", err)
		}
		for rest := data; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(20000))
			if _, err := b.Write(rest[:n]); err != nil {
				return fmt.Errorf("Write: %v", err)
			}
			rest = rest[n:]
		}
		if err := b.CommitAs(sum); err != nil {
			return fmt.Errorf("CommitAs: %v", err)
		}
	case n < 55:
		f, err := os.Create(outside + "/out")
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := s.Extract(sum, f); err != nil {
			return err
		}
		return same(os.ReadFile(outside + "/out"))
	case n < 60:
		return same(s.Bytes(sum, 1<<20))
	case n < 65:
		f, err := s.OpenBlob(sum)
		if err != nil {
			return err
		}
		defer f.Close()
		return same(io.ReadAll(f))
	case n < 75:
		if err := s.Put(kind, sum, data); err != nil {
			return fmt.Errorf("Put: %v", err)
		}
	case n < 85:
		return same(s.Get(kind, sum))
	case n < 93:
		err := s.Update(kind, sum, func(old []byte) []byte {
			if old != nil && !bytes.Equal(old, data) {
				panic("an update found something else")
			}
			return data
		})
		if err != nil {
			return fmt.Errorf("Update: %v", err)
		}
	case n < 97:
		if err := s.Trim(); err != nil {
			return fmt.Errorf("Trim: %v", err)
		}
	case n < 98:
		if _, err := s.GC(hammerMax/2, nil); err != nil {
			return fmt.Errorf("GC: %v", err)
		}
	case n < 99:
		if _, damaged, err := s.Verify(nil); err != nil || len(damaged) > 0 {
			return fmt.Errorf("Verify: %v, %v", damaged, err)
		}
	default:
		if _, err := s.Clear(nil); err != nil {
			return fmt.Errorf("Clear: %v", err)
		}
	}
	return nil
}

// Processes that do everything at once to the same keys see no error and no wrong byte.
func TestManyProcesses(t *testing.T) {
	s := newStore(t, hammerMax)
	check(t, os.RemoveAll(filepath.Dir(s.dir))) // they all make it
	var cs []*exec.Cmd
	for i := range 32 {
		cs = append(cs, worker(t, "hammer", s, i))
	}
	all(t, cs)
	wantSound(t, s)
	wantNoTemporaries(t, s)
	// Everybody trimmed when he was done: what is too much was stored while the last one
	// did.
	st, err := s.Stats(nil)
	check(t, err)
	if got := st.Total().Bytes; got > 2*hammerMax {
		t.Errorf("%d bytes are left, want about %d", got, hammerMax)
	}
}

// One store can be shared by goroutines as well.
func TestManyGoroutines(t *testing.T) {
	s := newStore(t, hammerMax)
	var wg sync.WaitGroup
	for i := range 8 {
		outside := t.TempDir()
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			for range 60 {
				if err := strike(s, r, outside); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wantSound(t, s)
	wantNoTemporaries(t, s)
}

// wantSound hashes all there is, without the help of what is tested, and returns how
// many files that were.
func wantSound(t *testing.T, s *Store) (files int) {
	t.Helper()
	for _, kind := range []Kind{blobs, Entries, Sets, Notes} {
		top := filepath.Join(s.dir, string(kind))
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files++
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name := filepath.Base(filepath.Dir(path)) + filepath.Base(path)
			sum := sha256.Sum256(data)
			want := name
			if kind != blobs {
				sum = sha256.Sum256([]byte(fmt.Sprintf("deptrace %s %s\n%s", kind, name, data[min(32, len(data)):])))
				want = hex.EncodeToString(data[:min(32, len(data))])
			}
			if got := hex.EncodeToString(sum[:]); got != want {
				t.Errorf("%s holds what has the digest %s", path, got)
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	return files
}

// countUp adds one to the numbers in some records, many times.
func countUp(dir string, args []string) error {
	s, err := Open(dir, Options{})
	for i := 0; i < 30 && err == nil; i++ {
		err = s.Update(Sets, key(fmt.Sprint(i%3)), func(old []byte) []byte {
			n, _ := strconv.Atoi(string(old))
			return []byte(strconv.Itoa(n + 1))
		})
	}
	return err
}

// No update is lost.
func TestUpdateByManyProcesses(t *testing.T) {
	s := newStore(t, 0)
	var cs []*exec.Cmd
	for range 16 {
		cs = append(cs, worker(t, "count", s))
	}
	all(t, cs)
	for i := range 3 {
		if got, err := s.Get(Sets, key(fmt.Sprint(i))); err != nil || string(got) != "160" {
			t.Errorf("counted to %s, %v; want 160", got, err)
		}
	}
}

// writeForever stores one thing after the other, and trims. It says when it begins.
func writeForever(dir string, args []string) error {
	s, err := Open(dir, Options{Max: hammerMax})
	if err != nil {
		return err
	}
	seed, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return err
	}
	outside, err := os.MkdirTemp(filepath.Dir(dir), "outside")
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, 1))
	fmt.Println("ready")
	for {
		data := content(r.IntN(40))
		data = append(data, byte(r.IntN(50)))
		sum := digest.Sum(sha256.Sum256(data))
		var err error
		switch r.IntN(6) {
		case 0:
			_, err = s.AddBytes(data)
		case 1:
			if err = os.WriteFile(outside+"/in", data, 0o666); err == nil {
				err = s.AddFile(outside+"/in", sum)
			}
		case 2:
			err = s.Put(Entries, sum, data)
		case 3:
			err = s.Update(Sets, sum, func([]byte) []byte { return data })
		case 4:
			err = s.Trim()
		case 5:
			_, err = s.GC(hammerMax/2, nil)
		}
		if err != nil {
			return err
		}
	}
}

// Writers that are killed at any moment leave nothing wrong behind, nor anything that
// the next one waits for.
func TestKilled(t *testing.T) {
	moments := 50
	if testing.Short() {
		moments = 10
	}
	s := newStore(t, hammerMax)
	r := rand.New(rand.NewPCG(1, 2))
	left := 0
	// Some are killed where they have nothing half done.
	for i := 0; i < moments || left == 0 && i < 20*moments; i++ {
		c := worker(t, "write", s, i)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		out, err := c.StdoutPipe()
		check(t, err)
		check(t, c.Start())
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Errorf("it never began: %v", err)
		}
		// This is no wait for anything: the moment is the test.
		time.Sleep(time.Duration(r.IntN(20000)) * time.Microsecond)
		check(t, c.Process.Kill())
		_ = c.Wait()
		if stderr.Len() > 0 {
			t.Errorf("before it was killed: %s", &stderr)
		}
		temporaries, err := os.ReadDir(s.dir + "/" + tmpDir)
		check(t, err)
		left = max(left, len(temporaries))
		// The dead hold no lock.
		unlock, err := s.lock(trimLock, 0)
		if err != nil {
			t.Errorf("after a writer was killed: %v", err)
		} else {
			unlock()
		}
	}
	files := wantSound(t, s)
	t.Logf("%d files are sound, %d temporary files were left", files, left)
	if files == 0 {
		t.Error("nothing was stored")
	}
	if left == 0 {
		t.Error("nobody was killed while he wrote")
	}
	// The ledger has not lost sight of anything.
	st, err := s.Stats(nil)
	check(t, err)
	if l := s.readLedger(); l.total < st.Total().Bytes {
		t.Errorf("the ledger says %d, the files %d", l.total, st.Total().Bytes)
	}
	// What is left over goes when it is old.
	entries, err := os.ReadDir(s.dir + "/" + tmpDir)
	check(t, err)
	for _, e := range entries {
		setUsed(t, s.dir+"/"+tmpDir+"/"+e.Name(), 2*leftoverAfter)
	}
	_, err = s.GC(0, nil)
	check(t, err)
	wantNoTemporaries(t, s)
}
