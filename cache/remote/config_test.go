package remote

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var discard = log.New(io.Discard, "", 0)

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secretFile, empty, two := write("secret", "s3cret\n"), write("empty", "\n"), write("two", "s3cret\ns3cret\n")
	for _, c := range []struct {
		vars string // separated by spaces, without DEPTRACE_REMOTE in front
		want string // or the beginning of the error
	}{
		{"=http://host", "http://host/   5s 1073741824 false"},
		{"=https://host:1/a/b _READONLY=1 _TIMEOUT=3 _MAX=2M", "https://host:1/a/b/   3s 2097152 true"},
		{"=http://host/a/../b//c/ _TIMEOUT=1m30s", "http://host/b/c/   1m30s 1073741824 false"},
		{"=http://user:s3cret@host", "http://host/ Basic dXNlcjpzM2NyZXQ=  5s 1073741824 false"},
		{"=http://user@host _PASSWORD=s3cret", "http://host/ Basic dXNlcjpzM2NyZXQ=  5s 1073741824 false"},
		{"=http://no:no@host _USER=user _PASSWORD_FILE=" + secretFile, "http://host/ Basic dXNlcjpzM2NyZXQ=  5s 1073741824 false"},
		{"=http://host _TOKEN=s3cret", "http://host/ Bearer s3cret  5s 1073741824 false"},
		{"=http://host _TOKEN_FILE=" + secretFile, "http://host/ Bearer s3cret  5s 1073741824 false"},

		{"=", "variable DEPTRACE_REMOTE: is not set"},
		{"=host:8080", "variable DEPTRACE_REMOTE: the address begins with neither"},
		{"=grpc://host", "variable DEPTRACE_REMOTE: the address begins with neither"},
		{"=http://", "variable DEPTRACE_REMOTE: the address names no host"},
		{"=http://user:s3cret@host:port", "variable DEPTRACE_REMOTE: is no address"},
		{"=http://host/?token=s3cret", "variable DEPTRACE_REMOTE: the address has a ? or # in it"},
		{"=http://host _USER=user", "variable DEPTRACE_REMOTE_USER: there is a user and no password"},
		{"=http://host _PASSWORD=s3cret", "variable DEPTRACE_REMOTE_PASSWORD: is set, and no user"},
		{"=http://host _USER=a:b _PASSWORD=s3cret", "variable DEPTRACE_REMOTE_USER: a user's name cannot have a colon"},
		{"=http://user:s3cret@host _TOKEN=s3cret", "variable DEPTRACE_REMOTE_TOKEN: is set, and so is a user"},
		{"=http://host _TOKEN=s3cret _TOKEN_FILE=" + secretFile, "variable DEPTRACE_REMOTE_TOKEN_FILE: is set, and so is"},
		{"=http://host _TOKEN_FILE=" + empty, "variable DEPTRACE_REMOTE_TOKEN_FILE: the file is empty"},
		{"=http://host _TOKEN_FILE=" + two, "variable DEPTRACE_REMOTE_TOKEN_FILE: the secret has a control character"},
		{"=http://host _TOKEN_FILE=/nowhere", "variable DEPTRACE_REMOTE_TOKEN_FILE: cannot be read: no such file"},
		{"=http://host _CA=/nowhere", "variable DEPTRACE_REMOTE_CA: cannot be read: no such file"},
		{"=http://host _CA=" + empty, "variable DEPTRACE_REMOTE_CA: there is no certificate in"},
		{"=http://host _READONLY=perhaps", `variable DEPTRACE_REMOTE_READONLY: is "perhaps"`},
		{"=http://host _TIMEOUT=-1s", `variable DEPTRACE_REMOTE_TIMEOUT: is "-1s"`},
		{"=http://host _TIMEOUT=soon", `variable DEPTRACE_REMOTE_TIMEOUT: is "soon"`},
		{"=http://host _MAX=0", `variable DEPTRACE_REMOTE_MAX: is "0"`},
	} {
		environ := []string{"HOME=/", "DEPTRACE=x"}
		for v := range strings.FieldsSeq(c.vars) {
			environ = append(environ, "DEPTRACE_REMOTE"+v)
		}
		config, err := FromEnviron(environ)
		if err == nil {
			got := fmt.Sprintf("%s %s  %v %d %t", config, config.auth, config.timeout, config.max, config.readOnly)
			if got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.vars, got, c.want)
			}
			// However it is printed.
			for _, s := range []string{fmt.Sprint(config), fmt.Sprintf("%v %+v %#v %s", config, config, config, config)} {
				if strings.Contains(s, "s3cret") || strings.Contains(s, "dXNlcjpzM2NyZXQ=") {
					t.Errorf("%s: it prints as %s", c.vars, s)
				}
			}
			continue
		}
		var wrong *ConfigError
		if !errors.As(err, &wrong) || wrong.Hint == "" {
			t.Errorf("%s: %v has no hint", c.vars, err)
		} else if !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s\n got %s\nwant %s", c.vars, err, c.want)
		} else if strings.Contains(err.Error()+wrong.Hint, "s3cret") {
			t.Errorf("%s: the error holds the secret: %v", c.vars, err)
		}
	}
}

func TestExposed(t *testing.T) {
	for vars, want := range map[string]bool{
		"=http://user:s3cret@cache.example":  true,
		"=https://user:s3cret@cache.example": false,
		"=http://cache.example":              false,
		"=http://user:s3cret@127.0.0.1:80":   false,
		"=http://user:s3cret@[::1]:80":       false,
		"=http://user:s3cret@localhost":      false,
		"=http://user:s3cret@10.0.0.1":       true,
	} {
		a := newMachine(t, "DEPTRACE_REMOTE"+vars)
		if got := a.client.config.Exposed(); got != want {
			t.Errorf("%s: %t", vars, got)
		}
		// It is said once.
		first, second := a.Warning(), reopen(t, a.dir, "DEPTRACE_REMOTE"+vars).Warning()
		if (first != "") != want || second != "" || strings.Contains(first, "s3cret") {
			t.Errorf("%s: warned %q, then %q", vars, first, second)
		}
	}
}
