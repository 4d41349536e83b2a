package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/replay"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	root    string
	verbose bool
}

func (f *replayFlags) defs() []flagDef {
	return append([]flagDef{
		only(textFlag("root", &f.root)),
		only(boolFlag("v", &f.verbose)),
	}, helpFlags()...)
}

// replayMain is `deptrace replay`: the step of a record runs again where only its
// recorded inputs exist. 0: it left the same, 1: it did not, or wanted more, 2: it could
// not be replayed.
func replayMain(args []string) int {
	var f replayFlags
	manifests, err := operands(f.defs(), args)
	if err != nil {
		return badUsage(err, statusError)
	}
	if len(manifests) != 1 {
		return badUsage(&flagError{fmt.Sprintf("replay takes one manifest, not %d", len(manifests)), "deptrace replay MANIFEST"}, statusError)
	}
	record, err := withRoot(manifests[0], f.root, cache.Load)
	if err != nil {
		return unread(err)
	}
	now := cache.NewWorld(os.Environ())
	if status := replayable(record, now); status != 0 {
		return status
	}
	answer, err := runReplay(record, apart)
	if err != nil {
		errorf("%v", err)
		return statusError
	}
	causes, consequences := replay.Compare(record, now.Home, answer)
	if replay.Unmade(causes) && len(answer.Printed) == 2 {
		// ">log 2>&1": only one file for both has them in their order.
		if answer, err := runReplay(record, together); err == nil {
			if now, _ := replay.Compare(record, now.Home, answer); len(now) == 0 {
				causes, consequences = nil, nil
			}
		}
	}
	if f.verbose {
		causes = append(causes, consequences...)
	}
	var b strings.Builder
	for _, d := range causes {
		b.WriteString(cache.Line(d.String()) + "\n")
	}
	if len(causes) == 0 {
		fmt.Fprintf(&b, "%s: the step needs nothing else and leaves the same: %s, %s\n",
			printable(manifests[0]), count(len(record.Inputs), "input"), count(len(record.Outputs)+len(record.Side), "output"))
	}
	if status := printOut(b.String()); status != 0 {
		return status
	}
	if len(causes) > 0 {
		return statusStale
	}
	return 0
}

// replayable tells what keeps a record from being replayed.
func replayable(r *cache.Record, now *cache.World) int {
	for _, why := range r.Incomplete {
		errorf("%s: the record is incomplete: %s", printable(r.Path), why)
	}
	if !r.Complete {
		hintf("a replay can show only what the record does not know of itself")
		return statusError
	}
	d := cache.CheckFound(r, now)
	if d.Fresh {
		return 0
	}
	changed := map[string]bool{}
	for _, list := range [][]manifest.Output{r.Outputs, r.Side} {
		for i := range list {
			changed[list[i].Path] = true
		}
	}
	kept := map[string]bool{}
	old := oldStates()
	for i := range r.Inputs {
		if in := &r.Inputs[i]; changed[in.Path] && old(in.Digest) != "" {
			kept[in.Path] = true
		}
	}
	d.Reasons = slices.DeleteFunc(d.Reasons, func(why cache.Reason) bool { return kept[why.Subject] })
	if len(d.Reasons) == 0 {
		return 0
	}
	for _, why := range d.Reasons {
		if changed[why.Subject] {
			errorf("%s was changed by the step itself, and its old state is gone (%s)", why.Subject, why)
			hintf("deptrace cached keeps it")
			continue
		}
		errorf("%s", why)
	}
	hintf("a replay needs what the step found then; record it again")
	return statusError
}

// oldStates returns where a content is kept that a step found and changed, or "": the
// store has it if the step ran under cached, and nobody has removed it since.
func oldStates() func(manifest.Digest) string {
	none := func(manifest.Digest) string { return "" }
	dir, err := store.Dir(os.Environ())
	if err != nil {
		return none
	}
	if _, err := os.Stat(dir); err != nil {
		return none // nor is one to be made
	}
	st, err := openStore(os.Environ())
	if err != nil {
		return none
	}
	return func(sum manifest.Digest) string {
		if sum.IsZero() {
			return ""
		}
		f, err := st.OpenBlob(digest.Sum(sum))
		if err != nil {
			return ""
		}
		defer f.Close()
		if r := digest.Files([]string{f.Name()})[0]; r.Err != nil || r.Sum != digest.Sum(sum) {
			return ""
		}
		return f.Name()
	}
}

// programOf is where the command of a record is found: absolute, or empty.
func programOf(r *cache.Record, now *cache.World) string {
	name := r.Step.Argv[0]
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(manifest.Abs(r.Step.Dir, r.Root, now.Home), name)
		}
		return name
	}
	for _, p := range r.Programs {
		if p.Name == name {
			return manifest.Abs(p.Path, r.Root, now.Home)
		}
	}
	return ""
}

// replayAnswer is what the process answers that runs the replay in its place. Paths are
// bytes, which JSON has no other way to say.
type replayAnswer struct {
	Manifest []byte
	// As replay.Replay has them.
	Printed      []manifest.Digest
	Start, Order [][]byte
	Failed       string // why there is no record
}

func (a *replayAnswer) replay() (*replay.Replay, error) {
	m, err := manifest.Decode(a.Manifest)
	if err != nil {
		return nil, fmt.Errorf("the record of the replay: %w", err)
	}
	r := &replay.Replay{Manifest: m, Printed: a.Printed}
	for _, b := range a.Start {
		r.Start = append(r.Start, string(b))
	}
	for _, b := range a.Order {
		r.Order = append(r.Order, string(b))
	}
	return r, nil
}

// What a step prints in a replay can go to a file for its standard output and another for
// its standard error, which is then printed, or to one for both.
const (
	apart    = "apart"
	together = "together"
)

// replayWord is how that process, which is this program, knows what it is.
const replayWord = "(replay)"

// runReplay runs a replay in a process of its own, which goes to another root directory.
func runReplay(r *cache.Record, streams string) (*replay.Replay, error) {
	place, err := os.MkdirTemp("", "deptrace-replay-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(place)
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	reader, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	cmd := exec.Command(self, replayWord, r.Path, r.Root, place, streams)
	cmd.Stderr = os.Stderr
	cmd.ExtraFiles = []*os.File{w}
	isolate(cmd)
	err = cmd.Start()
	w.Close()
	if err != nil {
		return nil, fmt.Errorf("make a namespace for the replay: %w", err)
	}
	out, err := io.ReadAll(reader)
	err = errors.Join(err, cmd.Wait())
	var answer replayAnswer
	if err == nil {
		err = json.Unmarshal(out, &answer)
	}
	if err != nil {
		return nil, fmt.Errorf("run the replay: %w", err)
	}
	if answer.Failed != "" {
		return nil, errors.New(answer.Failed)
	}
	return answer.replay()
}
