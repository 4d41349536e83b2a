package result

import (
	"crypto/sha256"
	"errors"
	"testing"

	"deptrace/cache"
	"deptrace/depfile/manifest"
)

func sum(content string) manifest.Digest { return sha256.Sum256([]byte(content)) }

func asError[E error](err error, target *E) bool { return errors.As(err, target) }

func TestUnfit(t *testing.T) {
	for name, tt := range map[string]struct {
		run   Run
		uses  []string
		allow []string
		edit  func(*manifest.Manifest)
		given Given
		want  string
	}{
		"fit":        {},
		"signal":     {run: Run{Signal: 9}, want: "the command was ended by signal 9"},
		"exit":       {run: Run{Status: 3}, want: "the command failed: exit 3"},
		"failed":     {run: Run{Status: 125, Failed: true}, want: "deptrace could not do all that was asked for"},
		"incomplete": {edit: func(m *manifest.Manifest) { m.Complete, m.Incomplete = false, []string{"mount", "stdin: a pipe"} }, want: "the record is incomplete: mount; stdin: a pipe"},
		"side":       {edit: func(m *manifest.Manifest) { m.Side = []manifest.Output{{Path: "~/x"}} }, want: "it wrote outside the root /r: ~/x"},
		"network":    {uses: []string{"network"}, want: "it used the network"},
		"random":     {uses: []string{"random"}, want: "it used random numbers"},
		"unheard of": {uses: []string{"the moon"}, want: "it used the moon"},
		"allowed":    {uses: []string{"network", "random"}, allow: []string{"random", "network"}},
		"one of two": {uses: []string{"network", "random"}, allow: []string{"network"}, want: "it used random numbers"},
		"machine":    {uses: []string{"machine"}},
		"unseen":     {given: Given{Unseen: "descriptor 3"}, want: "the step can read from descriptor 3, which is a pipe or the like; close it, or give it a file instead"},
		"special":    {run: Run{Specials: []string{"s", "t"}}, want: `it left s, a pipe, socket or device, which cannot be brought back`},
	} {
		t.Run(name, func(t *testing.T) {
			m := &manifest.Manifest{Complete: true, Uses: tt.uses}
			if tt.edit != nil {
				tt.edit(m)
			}
			tt.run.Record = m
			tt.given.Root, tt.given.Allow = "/r", tt.allow
			got := ""
			if err := (&Command{Given: tt.given}).Unfit(&tt.run); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if err := new(Command).Unfit(new(Run)); err == nil {
		t.Error("a run without a record is fit")
	}
}

// The errors for which there is a flag say for which.
func TestUnfitFlags(t *testing.T) {
	cmd := &Command{Given: Given{Root: "/r", World: cache.NewWorld(nil)}}
	err := cmd.Unfit(&Run{Record: &manifest.Manifest{Complete: true, Uses: []string{"random"}}})
	if use := new(UseError); !asError(err, &use) || *use != (UseError{"random"}) {
		t.Errorf("%#v", err)
	}
	err = cmd.Unfit(&Run{Record: &manifest.Manifest{Complete: true, Side: []manifest.Output{{Path: "/s"}}}})
	if side := new(SideError); !asError(err, &side) || *side != (SideError{"/r", "/s"}) {
		t.Errorf("%#v", err)
	}
}
