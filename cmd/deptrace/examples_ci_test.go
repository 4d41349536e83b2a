package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// play plays the workflows of examples/ci, as they are after an edit, and returns what it
// says and its exit status. The play does what the files say and has no commands of its own.
func (tr *tree) play(t *testing.T, uid uint32, edit func(*tree), platforms ...string) (said string, status int) {
	t.Helper()
	examples := tr.another(t)
	examples.copyFrom("../../examples")
	if edit != nil {
		edit(examples)
	}
	cmd := exec.Command(examples.path("ci/play"), platforms...)
	cmd.Dir, cmd.Env = "/", examples.env
	if uid != 0 {
		openToAll(t, examples.dir)
		openToAll(t, filepath.Dir(tr.look("deptrace")))
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestExamplesCI plays a GitHub workflow and a GitLab pipeline in clones that differ in
// path, user, home, umask and file times, with the platform's cache alone and with a remote.
func TestExamplesCI(t *testing.T) {
	needs(t, "gcc", "make", "git", "tar")
	far, _ := newRemoteTree(t)
	near := far.another(t)
	near.setenv("DEPTRACE_REMOTE", "")
	users := map[string]uint32{"as the user of the test": 0}
	if os.Getuid() == 0 {
		needs(t, "setpriv")
		users["as an ordinary user"] = 65534
	}
	for who, uid := range users {
		for _, tt := range []struct {
			name  string
			tree  *tree
			store string // how many of its files the platform's cache takes
		}{
			{"platform", near, "[1-9][0-9]*"},
			{"remote", far, "0"},
		} {
			t.Run(tt.name+" "+who, func(t *testing.T) {
				t.Parallel()
				said, status := tt.tree.play(t, uid, nil)
				if status != 0 {
					t.Errorf("exit status %d", status)
				}
				for _, line := range []string{
					`github, first: restore planets-latest, else the newest of planets-: nothing`,
					`github, first: key planets-unrecorded`,
					`github, first: make: 6 steps ran, 0 brought back`,
					`github, first: test: Mars +261 N`,
					`github, first: save planets-[0-9a-f]{64}: files: [0-9]+, of the store: ` + tt.store,
					`github, second: restore planets-latest, else the newest of planets-: planets-[0-9a-f]{64}`,
					`github, second: make: 0 steps ran, 6 brought back`,
					`github, second: test: left out`,
					`github, second: save: left out`,
					`github, third: make: 3 steps ran, 3 brought back`,
					`github, third: test: Mars +260 N`,
					`github, fourth: make: 0 steps ran, 6 brought back`,
					`github: the second clone has the same key and ran no step; an edit moved the key, and back`,
					`gitlab, first: restore planets-main, else planets-main: nothing`,
					`gitlab, first: make: 6 steps ran, 0 brought back`,
					`gitlab, first: save planets-main: files: [0-9]+, of the store: ` + tt.store,
					`gitlab, first: test: Mars +261 N`,
					`gitlab, second: restore planets-topic, else planets-main: planets-main`,
					`gitlab, second: make: 0 steps ran, 6 brought back`,
					`gitlab, second: test: has passed before`,
					`gitlab, third: make: 3 steps ran, 3 brought back`,
					`gitlab, third: test: Mars +260 N`,
					`gitlab, fourth: make: 0 steps ran, 6 brought back`,
					`gitlab: the second clone has the same key and ran no step; an edit moved the key, and back`,
				} {
					if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(said) {
						t.Errorf("no line %q", line)
					}
				}
				// By itself, not as the play compares them.
				for _, platform := range []string{"github", "gitlab"} {
					keys := map[string]string{}
					for _, m := range regexp.MustCompile(`(?m)^`+platform+`, (\w+): key (planets-\S+)$`).FindAllStringSubmatch(said, -1) {
						keys[m[1]] = m[2]
					}
					if keys["first"] == "" || keys["first"] != keys["second"] || keys["first"] == keys["third"] || keys["first"] != keys["fourth"] {
						t.Errorf("%s: the keys are %q", platform, keys)
					}
				}
				if uid == 0 && os.Getuid() == 0 && !(strings.Contains(said, ", user 0, umask 022") && strings.Contains(said, ", user 65534, umask 077")) {
					t.Error("the clones are not of two users")
				}
				if t.Failed() {
					t.Logf("it says\n%s", said)
				}
			})
		}
	}
}

// What the example does is done for a reason: without it the play fails, and so the play
// can fail, and does what the two files say.
func TestExamplesCINeeds(t *testing.T) {
	needs(t, "gcc", "make", "git", "tar")
	built := newTree(t)
	const (
		build   = `DEPTRACE='deptrace cached -v --relocatable'`
		save    = "      - name: save\n        if: steps.after.outputs.key != steps.latest.outputs.cache-matched-key"
		sources = ` --root "$RUNNER_TEMP/sources"`
	)
	for _, tt := range []struct {
		name, platform, old, new string
		status                   int
		want                     string
	}{
		{"a cache that is shared between checkouts", "github", build, `DEPTRACE='deptrace cached -v'`, 1,
			"the second clone ran 6 steps and brought 0 back, not 0 and 6"},
		{"a cache that is shared between checkouts", "gitlab", build, `DEPTRACE='deptrace cached -v'`, 1,
			"the second clone ran 6 steps and brought 0 back, not 0 and 6"},
		{"a key of the sources alone", "github", sources, "", 1,
			"the second clone has the keys"},
		{"a prefix that the restore asks for", "github", "restore-keys: planets-", "restore-keys: planet-s", 1,
			"the second clone ran 6 steps and brought 0 back, not 0 and 6"},
		{"the default branch's cache for a branch that has none", "gitlab", "planets-$CI_DEFAULT_BRANCH", "none", 1,
			"the second clone ran 6 steps and brought 0 back, not 0 and 6"},
		{"a key without a comma", "github", "--prefix planets-", "--prefix planets,", 2,
			"a key cannot hold"},
		{"a condition that is understood", "github", save, strings.Replace(save, "!=", "<", 1), 2,
			"a condition that is not known here"},
	} {
		t.Run(tt.platform+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			said, status := built.play(t, 0, func(tr *tree) {
				file := "ci/" + tt.platform + ".yml"
				text := string(tr.read(file))
				if !strings.Contains(text, tt.old) {
					t.Fatalf("%s does not have %q", file, tt.old)
				}
				tr.write(file, strings.ReplaceAll(text, tt.old, tt.new))
			}, tt.platform)
			if status != tt.status || !strings.Contains(said, tt.want) {
				t.Errorf("exit status %d, want %d and %q; it says\n%s", status, tt.status, tt.want, said)
			}
		})
	}
}

// The two files are in the part of YAML that the play reads, and that every reader of YAML
// reads alike: blocks, two spaces to a level, a key or an item on a line, plain values that
// cannot be taken for something else.
func TestExamplesCIForm(t *testing.T) {
	keys := map[string]string{
		"github": "name on jobs build runs-on env DEPTRACE_REMOTE defaults run working-directory steps id if uses with key restore-keys path",
		"gitlab": "stages default image before_script build test stage needs cache key fallback_keys paths script artifacts reports dotenv",
	}
	var (
		keyed = regexp.MustCompile(`^([A-Za-z_-]+):(?: (.+))?$`)
		flow  = regexp.MustCompile(`^\[[a-z_]*(?:, [a-z_]+)*\]$`)
		plain = regexp.MustCompile(`^[^\s\[\]{}&*!|>'"%@,#?:` + "`" + `-](?:[^#:]|:\S|\S#)*$`)
	)
	for platform, known := range keys {
		text, err := os.ReadFile("../../examples/ci/" + platform + ".yml")
		if err != nil {
			t.Fatal(err)
		}
		level, block := 0, -1 // how deep a line may be, and how deep a literal block has to
		for n, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			content := strings.TrimLeft(line, " ")
			depth := len(line) - len(content)
			bad := func(what string) { t.Errorf("%s.yml:%d: %s: %q", platform, n+1, what, line) }
			if strings.ContainsAny(line, "\t\r") || strings.HasSuffix(line, " ") {
				bad("white space that is not two spaces to a level")
			}
			if content == "" || depth >= block && block >= 0 {
				continue
			}
			block = -1
			if content[0] == '#' {
				continue
			}
			if depth%2 != 0 || depth > level {
				bad("a level that nothing has opened")
			}
			level = depth
			value, item := strings.CutPrefix(content, "- ")
			if item {
				level += 2
			}
			if m := keyed.FindStringSubmatch(value); m != nil {
				if !strings.Contains(" "+known+" ", " "+m[1]+" ") {
					bad("a key that is not known")
				}
				value = m[2]
				if value == "" {
					level += 2
				}
				if value == "|" {
					block = level + 2
					continue
				}
			} else if !item {
				bad("neither a key nor an item")
			}
			if value != "" && !flow.MatchString(value) && !plain.MatchString(value) && !strings.HasPrefix(value, "${{ ") {
				bad("a value that needs quotes")
			}
		}
	}
}
