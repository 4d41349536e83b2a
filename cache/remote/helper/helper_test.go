package helper

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// modeVar makes the test binary be the program, and says how it behaves.
const modeVar = "DEPTRACE_TEST_HELPER"

func TestMain(m *testing.M) {
	mode := os.Getenv(modeVar)
	if mode == "" {
		os.Exit(m.Run())
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch mode {
		case "echo":
			fmt.Println("ok", lines.Text())
		case "miss":
			fmt.Println("miss the reason")
		case "error":
			fmt.Println("error the reason")
		case "nonsense":
			fmt.Println("<html>")
		case "endless":
			for {
				if _, err := os.Stdout.WriteString(strings.Repeat("x", 1<<16)); err != nil {
					os.Exit(0)
				}
			}
		case "exit":
			os.Exit(7)
		case "deaf":
			forever()
		case "child":
			// The child holds the pipes open, and is not what is killed.
			self, _ := os.Executable()
			c := exec.Command(self)
			c.Env = []string{modeVar + "=deaf"}
			c.Stdin, c.Stdout = os.Stdin, os.Stdout
			if err := c.Start(); err != nil {
				os.Exit(3)
			}
			fmt.Println("ok", c.Process.Pid)
			forever()
		}
	}
	if mode == "stays" {
		forever()
	}
}

func forever() {
	for {
		time.Sleep(time.Hour)
	}
}

func start(t *testing.T, mode string) *Helper {
	t.Helper()
	h, err := Start(Options{Path: self(t), Env: []string{modeVar + "=" + mode}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// gone wants a process of ours not to be there any more.
func gone(t *testing.T, h *Helper) {
	t.Helper()
	if err := syscall.Kill(h.cmd.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the process is still there: %v", err)
	}
}

func TestAnswers(t *testing.T) {
	h := start(t, "echo")
	for verb, ask := range map[Verb]func(context.Context, [32]byte) (string, error){
		Sets: h.Sets, Entry: h.Entry, PushSets: h.PushSets, PushEntry: h.PushEntry,
	} {
		got, err := ask(soon(t), [32]byte{1})
		r, parseErr := ParseRequest(got)
		if err != nil || parseErr != nil || r.Verb != verb || r.Key != [32]byte{1} {
			t.Errorf("%s: got %q, %v, %v", verb, got, err, parseErr)
		}
		// The program is to know before we run out of patience.
		if r.Limit > 30*time.Second-reserve || r.Limit < 20*time.Second {
			t.Errorf("%s: the limit is %v", verb, r.Limit)
		}
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	gone(t, h)
	if _, err := h.Sets(soon(t), [32]byte{}); err == nil {
		t.Error("it answers after Close")
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

func TestTogether(t *testing.T) {
	h := start(t, "echo")
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			got, err := h.Entry(soon(t), [32]byte{byte(i)})
			if r, _ := ParseRequest(got); err != nil || r.Key != [32]byte{byte(i)} {
				t.Errorf("%d: got %q, %v", i, got, err)
			}
		})
	}
	wg.Wait()
}

func TestMissAndError(t *testing.T) {
	_, err := start(t, "miss").Entry(soon(t), [32]byte{})
	var miss *MissError
	if !errors.As(err, &miss) || miss.Reason != "the reason" {
		t.Errorf("got %v", err)
	}
	h := start(t, "error")
	for range 2 { // and the program goes on
		if _, err := h.Entry(soon(t), [32]byte{}); err == nil || err.Error() != "the reason" {
			t.Errorf("got %v", err)
		}
	}
}

// A program that does not do what it should is ended, and not asked again.
func TestBadPrograms(t *testing.T) {
	for mode, want := range map[string]string{
		"nonsense": `an answer that is none: "<html>"`,
		"endless":  "it has ended",
		"exit":     "it has ended: exit status 7",
		"deaf":     "no answer for ",
	} {
		t.Run(mode, func(t *testing.T) {
			h := start(t, mode)
			ctx := soon(t)
			if mode == "deaf" {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 300*time.Millisecond)
				defer cancel()
			}
			_, err := h.Entry(ctx, [32]byte{})
			if err == nil || !strings.HasPrefix(err.Error(), "deptrace-remote: "+want) {
				t.Errorf("got %v, want %s", err, want)
			}
			gone(t, h)
			begin := time.Now()
			if _, again := h.Sets(soon(t), [32]byte{}); again == nil || again.Error() != err.Error() {
				t.Errorf("asked again: %v, want %v", again, err)
			}
			if d := time.Since(begin); d > 10*time.Second {
				t.Errorf("it takes %v to say so", d)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	h := start(t, "deaf")
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := h.Entry(ctx, [32]byte{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	gone(t, h)
	// One that is over before it begins costs nothing.
	h = start(t, "echo")
	if _, err := h.Entry(ctx, [32]byte{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := h.Entry(soon(t), [32]byte{}); err != nil {
		t.Error(err)
	}
}

// A program that does not end is killed, and one whose child holds its output is not
// waited for.
func TestCloseKills(t *testing.T) {
	h := start(t, "stays")
	if err := h.Close(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("got %v", err)
	}
	gone(t, h)

	h = start(t, "child")
	child, err := h.Entry(soon(t), [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	fmt.Sscan(child, &pid)
	defer syscall.Kill(pid, syscall.SIGKILL)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := h.Entry(ctx, [32]byte{}); err == nil {
		t.Error("a deaf child answers")
	}
	gone(t, h)
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	path, err := Find()
	var missing *NotFoundError
	if !errors.As(err, &missing) || missing.Hint() == "" {
		t.Fatalf("got %q, %v", path, err)
	}
	if want := "deptrace-remote is not beside deptrace nor in PATH"; err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := Start(Options{}); !errors.As(err, &missing) {
		t.Errorf("Start: %v", err)
	}
	inPath := filepath.Join(dir, Program)
	if err := os.WriteFile(inPath, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if path, err := Find(); err != nil || path != inPath {
		t.Errorf("got %q, %v, want %q", path, err, inPath)
	}
	// The one in the working directory is whoever's.
	t.Setenv("PATH", ".")
	t.Chdir(dir)
	if path, err := Find(); err == nil {
		t.Errorf("got %q", path)
	}
	beside := filepath.Join(filepath.Dir(self(t)), Program)
	if err := os.WriteFile(beside, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(beside)
	if path, err := Find(); err != nil || path != beside {
		t.Errorf("got %q, %v, want %q", path, err, beside)
	}
}

func TestRequests(t *testing.T) {
	for _, want := range []Request{
		{Sets, [32]byte{}, 0},
		{PushEntry, [32]byte{1, 255}, 1500 * time.Millisecond},
		{Entry, [32]byte{1}, time.Millisecond},
	} {
		got, err := ParseRequest(want.String())
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", want, got, err, want)
		}
	}
	if got := (Request{Entry, [32]byte{}, time.Nanosecond}).String(); !strings.HasSuffix(got, " 1") {
		t.Errorf("a limit is lost: %s", got)
	}
	zeros := strings.Repeat("0", 64)
	for line, want := range map[string]string{
		"":                                 `unknown request ""`,
		"ping":                             `unknown request "ping"`,
		"entry":                            "entry wants a key",
		"entry 00":                         "a key has 64 digits, not 2",
		"entry " + zeros + " 1 2":          "entry wants a key",
		"entry " + zeros + " 0":            `"0" is no number of milliseconds`,
		"entry " + zeros + " -1":           `"-1" is no number of milliseconds`,
		"entry " + zeros + " ":             `"" is no number of milliseconds`,
		"entry  " + zeros:                  "a key has 64 digits, not 0",
		"entry " + strings.Repeat("x", 64): "a key has hexadecimal digits only",
		"entry " + zeros + " 99999999999999999999": `"99999999999999999999" is no`,
	} {
		if r, err := ParseRequest(line); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %+v, %v, want %s", line, r, err, want)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add(Request{Sets, [32]byte{7}, time.Second}.String())
	f.Add("push-entry 00")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := ParseRequest(line)
		if err != nil {
			return
		}
		again, err := ParseRequest(r.String())
		if err != nil || again != r {
			t.Errorf("%q is %+v, and said again %+v, %v", line, r, again, err)
		}
	})
}

// Whatever is in an answer it is one line, and means the same.
func FuzzAnswer(f *testing.F) {
	f.Add("ok", "")
	f.Add("miss", "GET ac/0: line one\nline two")
	f.Add("error", strings.Repeat("ü", MaxLine))
	f.Fuzz(func(t *testing.T, status, detail string) {
		a := Answer{Status(status), detail}
		line := a.String()
		got, err := ParseAnswer(line)
		switch a.Status {
		case OK, Miss, Error:
		default:
			if err == nil && !strings.HasPrefix(status, string(got.Status)+" ") {
				t.Errorf("%q is taken for %+v", line, got)
			}
			return
		}
		if err != nil || got.Status != a.Status || strings.ContainsAny(line, "\n\r") || len(line) >= MaxLine {
			t.Errorf("%+v is said as %q and understood as %+v, %v", a, line, got, err)
		}
		if len(detail) < maxDetail && got.Detail != strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, detail) {
			t.Errorf("%+v is understood as %+v", a, got)
		}
	})
}
