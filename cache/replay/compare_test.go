package replay_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/cache"
	"deptrace/cache/replay"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// record is one with a root in which there are a file "there" and a link "link" to it.
func record(t *testing.T, inputs ...manifest.Input) *cache.Record {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "there"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("there", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	return &cache.Record{Root: root, Path: filepath.Join(root, "m.toml"), Manifest: &manifest.Manifest{
		Complete: true, Step: manifest.Step{Argv: []string{"step"}, Dir: "."}, Inputs: inputs,
		Outputs: []manifest.Output{{Path: "out", Kind: manifest.File, Digest: manifest.Digest{1}}},
	}}
}

func in(path string, k footprint.Kind) manifest.Input { return manifest.Input{Path: path, Kind: k} }

// What a replay asked for that the record does not name comes first, in the order in
// which it was asked for.
func TestCompare(t *testing.T) {
	same := []manifest.Output{{Path: "out", Kind: manifest.File, Digest: manifest.Digest{1}}}
	for name, c := range map[string]struct {
		recorded []manifest.Input
		replay   replay.Replay
		inputs   []manifest.Input
		outputs  []manifest.Output
		more     []manifest.Output // recorded ones
		exit     int
		causes   []string
		follows  []string
	}{
		"nothing": {recorded: []manifest.Input{in("there", footprint.Read)}, inputs: []manifest.Input{in("there", footprint.Stat)}, outputs: same},
		"a file that is there": {
			inputs: []manifest.Input{in("there", footprint.Absent)}, exit: 1,
			causes:  []string{"there: was looked for and not found: it is there, and is not in the record"},
			follows: []string{"ended with exit 1, was exit 0", "out: was not made"},
		},
		"a link on the way": {
			inputs: []manifest.Input{in("link", footprint.Absent)}, outputs: same,
			causes: []string{"link: is a link on the way, and is not in the record"},
		},
		"what is behind a recorded link": {
			recorded: []manifest.Input{in("link", footprint.Link)}, inputs: []manifest.Input{in("link", footprint.Absent)}, outputs: same,
			causes: []string{"there: was looked for and not found: it is there, and is not in the record"},
		},
		"what is nowhere": {
			inputs: []manifest.Input{in("none", footprint.Absent)}, outputs: same,
			causes: []string{"none: was looked for; that it is not there is not in the record"},
		},
		"a placeholder that was read": {
			recorded: []manifest.Input{in(".", footprint.List)}, inputs: []manifest.Input{in(".", footprint.List), in("there", footprint.Read)}, outputs: same,
			causes: []string{"there: was read, and is not in the record"},
		},
		"in the order of use": {
			inputs: []manifest.Input{in("link", footprint.Link), in("there", footprint.Absent)}, outputs: same,
			replay: replay.Replay{Order: []string{"there", "link"}},
			causes: []string{
				"there: was looked for and not found: it is there, and is not in the record",
				"link: was followed, and is not in the record",
			},
		},
		"looked at and then read": {
			recorded: []manifest.Input{in("there", footprint.Stat), in("link", footprint.Link)},
			inputs:   []manifest.Input{in("there", footprint.Read), in("two", footprint.Absent), in("gone", footprint.Stat)}, outputs: same,
			replay:  replay.Replay{Order: []string{"there", "gone", "there" + replay.ReadMark, "two"}},
			causes:  []string{"gone: was looked at, and is not in the record", "there: was read, and is not in the record"},
			follows: []string{"two: was looked for; that it is not there is not in the record"},
		},
		"looked at and read, neither recorded": {
			inputs: []manifest.Input{in("gone", footprint.Read), in("there", footprint.Read)}, outputs: same,
			replay: replay.Replay{Order: []string{"there", "gone", "gone" + replay.ReadMark, "there" + replay.ReadMark}},
			causes: []string{"there: was read, and is not in the record", "gone: was read, and is not in the record"},
		},
		"a directory that the step makes, and lists": {
			inputs: []manifest.Input{in("gone", footprint.Stat), in("out", footprint.List)}, outputs: same,
			replay: replay.Replay{Order: []string{"out", "gone", "out" + replay.ListMark}},
			causes: []string{"gone: was looked at, and is not in the record", "out: was listed, and is not in the record"},
		},
		"the number of another process": {
			recorded: []manifest.Input{in("t12.c", footprint.Absent)}, inputs: []manifest.Input{in("t345.c", footprint.Absent)}, outputs: same,
		},
		"the number of another process, once more than recorded": {
			recorded: []manifest.Input{in("t12.c", footprint.Absent)},
			inputs:   []manifest.Input{in("t345.c", footprint.Absent), in("t346.c", footprint.Absent)}, outputs: same,
			causes: []string{"t346.c: was looked for; that it is not there is not in the record"},
		},
		"a number that is asked for as recorded": {
			recorded: []manifest.Input{in("t12.c", footprint.Absent)},
			inputs:   []manifest.Input{in("t12.c", footprint.Absent), in("t345.c", footprint.Absent)}, outputs: same,
			causes: []string{"t345.c: was looked for; that it is not there is not in the record"},
		},
		"a temporary file": {outputs: append([]manifest.Output{{Path: "t345", Kind: manifest.Removed}}, same...)},
		"other bytes": {
			outputs: []manifest.Output{{Path: "out", Kind: manifest.File, Digest: manifest.Digest{2}}},
			causes:  []string{"out: has other bytes: sha256 020000000000…, was 010000000000…"},
		},
		"a directory made anew that is there": {
			outputs: append([]manifest.Output{{Path: ".", Kind: manifest.Dir}}, same...),
			causes:  []string{".: was not found and made anew: it is there, and is not in the record"},
		},
		"a file that is there is removed": {
			outputs: append([]manifest.Output{{Path: "there", Kind: manifest.Removed}}, same...),
			causes:  []string{"there: was removed, and is not in the record"},
		},
		"what the shell redirected":        {replay: replay.Replay{Printed: []manifest.Digest{{1}}}},
		"what the shell redirected from 2": {replay: replay.Replay{Printed: []manifest.Digest{{2}, {1}}}},
		"what was printed once is in one file": {
			more:   []manifest.Output{{Path: "two", Kind: manifest.File, Digest: manifest.Digest{1}}},
			replay: replay.Replay{Printed: []manifest.Digest{{1}, {2}}},
			causes: []string{"two: was not made"},
		},
		"two files of the same": {
			more:   []manifest.Output{{Path: "two", Kind: manifest.File, Digest: manifest.Digest{1}}},
			replay: replay.Replay{Printed: []manifest.Digest{{1}, {1}}},
		},
		"another output": {
			outputs: append([]manifest.Output{{Path: "more", Kind: manifest.Dir}}, same...),
			causes:  []string{"more: was made, and is not in the record"},
		},
		"a file made anew that is there": {
			outputs: append([]manifest.Output{{Path: "there", Kind: manifest.File}}, same...),
			causes:  []string{"there: was not found and made anew: it is there, and is not in the record"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.replay.Manifest = &manifest.Manifest{Inputs: c.inputs, Outputs: c.outputs, Step: manifest.Step{Exit: c.exit}}
			r := record(t, c.recorded...)
			r.Outputs = append(r.Outputs, c.more...)
			causes, follows := replay.Compare(r, "", &c.replay)
			words := func(all []replay.Difference) (words []string) {
				for _, d := range all {
					words = append(words, d.String())
				}
				return words
			}
			if diff := cmp.Diff(c.causes, words(causes)); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.follows, words(follows)); diff != "" {
				t.Errorf("what follows (-want +got):\n%s", diff)
			}
		})
	}
}

// What can only have been made by somebody else is told from what is not as it was.
func TestUnmade(t *testing.T) {
	r := record(t)
	link := manifest.Output{Path: "z", Kind: manifest.Symlink, Target: "out"}
	for name, c := range map[string]struct {
		recorded, outputs []manifest.Output
		want              bool
	}{
		"nothing":              {nil, []manifest.Output{r.Outputs[0]}, false},
		"a file":               {nil, nil, true},
		"a file and a link":    {[]manifest.Output{link}, nil, false},
		"a file, and one else": {nil, []manifest.Output{link}, false},
	} {
		r := record(t)
		r.Outputs = append(r.Outputs, c.recorded...)
		causes, _ := replay.Compare(r, "", &replay.Replay{Manifest: &manifest.Manifest{Outputs: c.outputs}})
		if got := replay.Unmade(causes); got != c.want {
			t.Errorf("%s: %v: got %t, want %t", name, causes, got, c.want)
		}
	}
}
