package footprint_test

import (
	"slices"
	"strings"
	"testing"

	"deptrace/trace/event"

	"github.com/google/go-cmp/cmp"
)

// FuzzFold makes a step of any bytes. Whatever it does, folding it does not panic
// and gives the same twice; and if results are seen, the footprint keeps the promises
// that hold of every one: it is complete, what the step has changed is an output, what
// it has read of what it found is a read input, and inputs are in the state, and have
// the content, that it found.
func FuzzFold(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 2, 1, 0}, false)
	f.Add([]byte{11, 0, 1, 3, 1, 0, 9, 0, 0}, true)
	f.Add([]byte{14, 8, 0, 13, 9, 4, 3, 4, 0, 12, 4, 5}, false)
	f.Fuzz(foldTwice)
}

func foldTwice(t *testing.T, steps []byte, blind bool) {
	var first []string
	for range 2 {
		s := newStory(t)
		s.blind = blind
		s.told = new([]string)
		fuzzGiven(s)
		s.begin()
		for rest := steps; len(rest) >= 3; rest = rest[3:] {
			if s.proc.deny = 0; rest[0] >= 224 {
				s.proc.deny = event.EPERM // which no look foretells
			}
			fuzzStep(s, rest[0], rest[1], rest[2])
		}
		record := s.record()
		if first == nil {
			first = record
		}
		if d := cmp.Diff(first, record); d != "" {
			t.Errorf("another footprint the second time\n%s", d)
		}
		s.checkForm()
		s.checkFound()
		if gaps := s.print.Incomplete; len(gaps) > 0 {
			t.Errorf("incomplete: %v", gaps)
		}
		if t.Failed() {
			t.Fatalf("%s\n%s", *s.told, strings.Join(render(s.print), "\n"))
		}
	}
}

func fuzzGiven(s *story) {
	two(s)
	s.file("d/x", "X")
	s.file("d/e/y", "Y")
	s.file("empty", "")
	s.symbolic("l", "a")
	s.symbolic("dl", "d")
	s.symbolic("gone", "nowhere")
	s.program("p", "#!/w/a\n")
}

var fuzzPaths = []string{"a", "b", "c", "d", "d/x", "d/e", "d/e/y", "d/n", "l", "dl/x", "dl/n", "gone", "t", "t/x", "empty", "p", "a/x", "/w"}

// fuzzStep is one call, chosen by what, on the paths chosen by i and j.
func fuzzStep(s *story, what, i, j byte) {
	a, b := fuzzPaths[int(i)%len(fuzzPaths)], fuzzPaths[int(j)%len(fuzzPaths)]
	if real, _ := s.name(a, false); slices.Contains([]string{"/w", "/"}, real.Path) && what%32 > 12 {
		return // the step's own directory stays
	}
	opened := func(f *file) *file {
		if !f.ok() || f.typ != fileType {
			return &file{inode: &inode{}, p: s.proc}
		}
		return f
	}
	switch what % 32 {
	case 0, 1:
		s.read(a)
	case 2:
		s.stat(a)
	case 3:
		s.lstat(a)
	case 4:
		s.access(a)
	case 5:
		s.accessX2(a)
	case 6:
		s.readlink(a)
	case 7:
		s.list(a)
	case 8:
		s.exec(a)
	case 9:
		s.open(a, event.Flags(j)&(rw|event.PathOnly|event.Directory|nofollow))
	case 10:
		s.in("/w/d").read(a)
	case 11:
		s.fork().stat(b)
	case 12:
		s.open(a, r|create)
	case 13, 14:
		opened(s.open(a, creat)).write("new")
	case 15:
		opened(s.open(a, w|create|app)).append("more")
	case 16:
		opened(s.open(a, rw)).write("updated")
	case 17:
		opened(s.open(a, newly)).write("newly")
	case 18:
		opened(s.open(a, w)).append("-")
	case 19:
		s.mkdir(a)
	case 20:
		s.rmdir(a)
	case 21, 22:
		s.unlink(a)
	case 23:
		s.symlink(b, a)
	case 24, 25:
		s.rename(a, b)
	case 26:
		s.exchange(a, b)
	case 27:
		s.renameNew(a, b)
	case 28:
		s.link(a, b)
	case 29:
		s.truncate(a, int64(j%4))
	case 30:
		s.chmod(a, j%2 == 0)
	case 31:
		if j%4 == 3 {
			s.open("d", rw|event.TempFile).linkTo(a)
			return
		}
		s.utime(a)
	}
}

// accessX2 is accessX of what may be missing.
func (p *proc) accessX2(spelled string) {
	if name, errno := p.name(spelled, true); errno == 0 && p.fs.names[name.Path] != nil {
		p.accessX(spelled)
	}
}
