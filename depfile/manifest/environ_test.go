package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnvironment(t *testing.T) {
	type result struct {
		Env        map[string]string
		Unset, Off []string
	}
	for _, tt := range []struct {
		name           string
		environ, extra []string
		want           result
	}{
		{"listed ones", []string{"HOME=/h", "LANG=C", "LC_ALL=", "PATH=/bin", "LD_PRELOAD=x.so", "CGO_CFLAGS=-g"}, nil,
			result{Env: map[string]string{"LANG": "C", "LC_ALL": "", "LD_PRELOAD": "x.so", "CGO_CFLAGS": "-g"}}},
		{"asked for, set and not", []string{"A=1"}, []string{"A", "B", "LANG"},
			result{Env: map[string]string{"A": "1"}, Unset: []string{"B"}}},
		{"taken off", []string{"LANG=C", "A=1"}, []string{"-LANG", "A", "-A", "-LC_ALL"},
			result{Env: map[string]string{}, Off: []string{"LANG", "LC_ALL"}}},
		{"taken off and put back", []string{"LANG=C"}, []string{"-LANG", "LANG"},
			result{Env: map[string]string{"LANG": "C"}}},
		{"twice, and no variable at all", []string{"LANG=1", "LANG=2", "x", "=y"}, []string{""},
			result{Env: map[string]string{"LANG": "1"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got result
			got.Env, got.Unset, got.Off = Environment(tt.environ, tt.extra)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// The same environment gives the same result again, and a new variable of the list
// shows.
func TestEnvironmentNow(t *testing.T) {
	environ := []string{"LANG=C", "A=1", "TZ=UTC"}
	var s Step
	s.Env, s.EnvUnset, s.EnvOff = Environment(environ, []string{"A", "B", "-TZ"})
	env, unset := s.EnvironmentNow([]string{"LANG=C", "A=1", "TZ=CET", "C=3"})
	if d := cmp.Diff([]any{s.Env, s.EnvUnset}, []any{env, unset}); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	env, unset = s.EnvironmentNow([]string{"LD_PRELOAD=x", "B="})
	if d := cmp.Diff([]any{map[string]string{"LD_PRELOAD": "x", "B": ""}, []string{"A"}}, []any{env, unset}); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
