package event

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Every event survives the JSON form, names that are not UTF-8 included.
func TestJSONRoundTrip(t *testing.T) {
	events := []Event{
		{Seq: 1, Process: 7, Op: Open, Flags: Read | Write | Create | NoFollow, Outcome: Fail(ENOENT),
			Name: Name{Spelled: "a b", Base: "/x", Path: "/x/a b", Links: []Link{{"/l", "x"}}, Ups: []string{"/x/\xff", "/y"}}},
		{Seq: 2, Op: Rename, Outcome: Outcome{State: Pending}, Name: Name{Path: "/\xff"}, Name2: Name{Path: "/é", Base: "/\xfe\n"}},
		{Seq: 3, Op: Symlink, Target: "\x80", Name: Name{Links: []Link{{"/\xff", "\xff"}}}},
		{Seq: 4, Op: Truncate, Size: 12, Flags: ByDescriptor, Outcome: Outcome{State: Unknown}},
		{Seq: 5, Op: Exit, Status: -1, Signal: 9, Outcome: Fail(77)},
		{Seq: 6, Op: Incomplete, Reason: Lost, Detail: "x\xffy"},
		{Seq: 7, Op: Connect, Address: "unix:/\xff"},
	}
	for _, want := range events {
		b, err := json.Marshal(&want)
		if err != nil {
			t.Fatal(err)
		}
		var got Event
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", b, d)
		}
	}
}

// The names of the JSON form are the ones the documentation gives.
func TestJSONForm(t *testing.T) {
	b, err := json.Marshal(&Event{Seq: 1, Process: 2, Op: LinkTo, Flags: Read | TempFile, Outcome: Fail(EEXIST),
		Name: Name{Path: "/a"}, Name2: Name{Spelled: "\xff", Path: "/b"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seq":1,"process":2,"op":"link","flags":"read,tmpfile","outcome":"EEXIST","name":{"path":"/a"},"name2":{"spelled":{"hex":"ff"},"path":"/b"}}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestEveryOpAndFlagHasAName(t *testing.T) {
	for op := None; op < numOps; op++ {
		var back Op
		if text, _ := op.MarshalText(); back.UnmarshalText(text) != nil || back != op {
			t.Errorf("operation %d is called %q, which is read as %d", op, text, back)
		}
	}
	for i := range numFlags {
		f := Flags(1) << i
		var back Flags
		if text, _ := f.MarshalText(); back.UnmarshalText(text) != nil || back != f {
			t.Errorf("flag %d is called %q, which is read as %d", f, text, back)
		}
	}
}

func TestHelpForEveryReason(t *testing.T) {
	for _, r := range []Reason{NotFollowed, Outlived, NotTraced, ABINotModelled, NotModelled, Xattr, FileHandle, Mount, Chroot,
		Namespace, IOUring, Listener, Memory, Unreadable, Edited, Stdin, Lost, OutsideServer, SetID} {
		if Help[r] == "" {
			t.Errorf("no help for %q", r)
		}
	}
}

func FuzzEventJSON(f *testing.F) {
	f.Add([]byte(`{"seq":1,"op":"open","outcome":"errno 77","name":{"path":{"hex":"ff"}}}`))
	f.Add([]byte(`{"op":"rename","flags":"read,,write"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e, again Event
		if json.Unmarshal(b, &e) != nil {
			return
		}
		out, err := json.Marshal(&e)
		if err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		if err := json.Unmarshal(out, &again); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		// A nil and an empty list are the same list.
		if d := cmp.Diff(e, again, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got)\n%s", out, d)
		}
	})
}
