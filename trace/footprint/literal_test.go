package footprint_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/footprint"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// Every file of testdata/events is a step in literal events, as `deptrace --events`
// writes them. Its comment says what is the matter with it; "before" is what is
// there before the step and "want" the footprint, names for make included. Between
// the events stands what the step does to the file system:
//
//	dir PATH    file PATH [CONTENT]    exec PATH [CONTENT]    link PATH TARGET    device PATH
//	move OLD NEW    remove PATH
func TestLiteralEvents(t *testing.T) {
	files, err := filepath.Glob("testdata/events/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			section := func(name string) []string {
				for _, f := range archive.Files {
					if f.Name == name {
						return strings.FieldsFunc(string(f.Data), func(r rune) bool { return r == '\n' })
					}
				}
				return nil
			}
			s := newStory(t)
			for _, line := range section("before") {
				s.script(line)
			}
			s.begin()
			for _, line := range section("events") {
				if !strings.HasPrefix(line, "{") {
					s.script(line)
					continue
				}
				var e event.Event
				if err := json.Unmarshal([]byte(line), &e); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				s.tell(e)
			}
			got := render(s.finish())
			for _, in := range s.print.Inputs {
				if len(in.Names) > 0 {
					got = append(got, "names "+in.Path+": "+strings.Join(in.Names, " "))
				}
			}
			want := section("want")
			slices.Sort(want)
			slices.Sort(got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("footprint (-want +got)\n%s", d)
			}
			s.checkFound()
			s.checkForm()
		})
	}
}

// script does what a line of a fixture says.
func (s *story) script(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	p, arg, _ := strings.Cut(rest, " ")
	types := map[string]footprint.Type{"dir": dirType, "file": fileType, "exec": fileType, "link": linkType, "device": otherType}
	switch typ, makes := types[verb]; {
	case verb == "move":
		if errno := s.fs.rename(p, arg, 0); errno != 0 {
			s.t.Fatalf("%s: %v", line, errno)
		}
	case verb == "remove":
		s.fs.remove(p)
	case !makes:
		s.t.Fatalf("%q: no such verb", line)
	case s.fs.names[p] != nil && typ == fileType:
		s.fs.names[p].write(s.fs, arg)
		s.fs.names[p].exec = verb == "exec"
	default:
		s.fs.place(p, typ, arg).exec = verb == "exec"
	}
}
