package remote

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"deptrace/cache/store"
	"deptrace/trace/cause"
)

// Config says where the server is and how to talk to it. Its fields are not exported:
// a Config with the credentials in it is not to be printed.
type Config struct {
	base     *url.URL // without credentials; the path ends in a slash
	auth     string   // value of the header Authorization, or empty
	roots    *x509.CertPool
	readOnly bool
	timeout  time.Duration
	max      int64
}

// Variable is the variable that holds the server's address. Without it there is no
// remote cache.
const Variable = "DEPTRACE_REMOTE"

// The other variables.
const (
	userVariable         = Variable + "_USER"
	passwordVariable     = Variable + "_PASSWORD"
	passwordFileVariable = Variable + "_PASSWORD_FILE"
	tokenVariable        = Variable + "_TOKEN"
	tokenFileVariable    = Variable + "_TOKEN_FILE"
	caVariable           = Variable + "_CA"
	readOnlyVariable     = Variable + "_READONLY"
	timeoutVariable      = Variable + "_TIMEOUT"
	maxVariable          = Variable + "_MAX"
)

const (
	// defaultTimeout is how long a server may be silent. One that is there answers in
	// milliseconds; a build waits for one that is not, three times.
	defaultTimeout = 5 * time.Second
	// defaultMax is how much one record and its blobs may weigh.
	defaultMax = 1 << 30
)

// ConfigError is a setting that cannot be followed.
type ConfigError struct {
	Variable string
	Message  string // never holds the value of a variable with credentials in it
	Hint     string
}

func (e *ConfigError) Error() string { return "variable " + e.Variable + ": " + e.Message }

// ErrNotConfigured says that there is no remote cache.
var ErrNotConfigured = &ConfigError{
	Variable: Variable,
	Message:  "is not set",
	Hint:     "set it to the address of a server that speaks Bazel's HTTP cache protocol, like http://cache.example:8080",
}

// FromEnviron reads the configuration from an environment as of [os.Environ]. Its
// errors are of type [*ConfigError].
func FromEnviron(environ []string) (*Config, error) {
	vars := make(map[string]string)
	for _, v := range environ {
		if name, value, ok := strings.Cut(v, "="); ok && strings.HasPrefix(name, Variable) && value != "" {
			vars[name] = value
		}
	}
	if vars[Variable] == "" {
		return nil, ErrNotConfigured
	}
	c := &Config{timeout: defaultTimeout, max: defaultMax}
	for _, read := range []func(map[string]string) error{c.address, c.credentials, c.authorities, c.limits} {
		if err := read(vars); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// String is the server's address without credentials.
func (c *Config) String() string { return c.base.String() }

// GoString keeps %#v from printing what is inside.
func (c *Config) GoString() string { return "remote.Config(" + c.String() + ")" }

// address reads the address, and the credentials in it.
func (c *Config) address(vars map[string]string) error {
	wrong := func(message string) error {
		return &ConfigError{Variable, message, "it is like http://cache.example:8080 or https://cache.example/path/"}
	}
	// What url.Parse says about it would hold the password.
	u, err := url.Parse(vars[Variable])
	switch {
	case err != nil:
		return wrong("is no address")
	case u.Scheme != "http" && u.Scheme != "https":
		return wrong("the address begins with neither http:// nor https://")
	case u.Hostname() == "":
		return wrong("the address names no host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return wrong("the address has a ? or # in it, and names are put behind it")
	}
	if u.User != nil {
		vars[inAddress+userVariable] = u.User.Username()
		vars[inAddress+passwordVariable], _ = u.User.Password()
	}
	c.base = u.JoinPath("/") // cleans the path and ends it in a slash
	c.base.User = nil
	return nil
}

// inAddress marks what was in the address among the variables.
const inAddress = "address "

// credentials chooses them: variables win over the address.
func (c *Config) credentials(vars map[string]string) error {
	token, err := secret(vars, tokenVariable, tokenFileVariable)
	if err != nil {
		return err
	}
	password, err := secret(vars, passwordVariable, passwordFileVariable)
	if err != nil {
		return err
	}
	password = cmp.Or(password, vars[inAddress+passwordVariable])
	user := cmp.Or(vars[userVariable], vars[inAddress+userVariable])
	switch {
	case token != "" && (password != "" || user != ""):
		return &ConfigError{tokenVariable, "is set, and so is a user or a password", "keep what the server asks for"}
	case token != "":
		c.auth = "Bearer " + token
	case password != "" && user == "":
		return &ConfigError{passwordVariable, "is set, and no user", "set " + userVariable}
	case password == "" && user != "":
		return &ConfigError{userVariable, "there is a user and no password", "set " + passwordVariable + " or " + passwordFileVariable}
	case strings.Contains(user, ":"):
		return &ConfigError{userVariable, "a user's name cannot have a colon in it", "the password goes into " + passwordVariable}
	case user != "":
		c.auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	return nil
}

// secret reads a secret that is in a variable, or in a file that a variable names.
func secret(vars map[string]string, direct, file string) (string, error) {
	value, name := vars[direct], direct
	if path := vars[file]; path != "" {
		if value != "" {
			return "", &ConfigError{file, "is set, and so is " + direct, "keep one of them"}
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return "", &ConfigError{file, "cannot be read: " + cause.Of(err).Error(), "it names a file that holds the secret and nothing else"}
		}
		value, name = strings.TrimRight(string(data), "\r\n"), file
		if value == "" {
			return "", &ConfigError{file, "the file is empty", "it names a file that holds the secret and nothing else"}
		}
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "", &ConfigError{name, "the secret has a control character in it", "a header of HTTP cannot hold it: is there a second line?"}
	}
	return value, nil
}

// authorities reads the file of those who may have signed the server's certificate, in
// addition to the system's.
func (c *Config) authorities(vars map[string]string) error {
	path := vars[caVariable]
	if path == "" {
		return nil
	}
	wrong := func(message string) error {
		return &ConfigError{caVariable, message, "it names a file of certificates in PEM"}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return wrong("cannot be read: " + cause.Of(err).Error())
	}
	c.roots, err = x509.SystemCertPool()
	if err != nil {
		c.roots = x509.NewCertPool()
	}
	if !c.roots.AppendCertsFromPEM(data) {
		return wrong("there is no certificate in " + path)
	}
	return nil
}

func (c *Config) limits(vars map[string]string) error {
	switch v := vars[readOnlyVariable]; v {
	case "", "0", "false":
	case "1", "true":
		c.readOnly = true
	default:
		return &ConfigError{readOnlyVariable, fmt.Sprintf("is %q: want 1 or 0", v), "1 keeps deptrace from writing to the server"}
	}
	if v := vars[timeoutVariable]; v != "" {
		d, ok := parseDuration(v)
		if !ok {
			return &ConfigError{timeoutVariable, fmt.Sprintf("is %q: want a time like 10s", v), "it is how long the server may be silent"}
		}
		c.timeout = d
	}
	if v := vars[maxVariable]; v != "" {
		n, err := store.ParseSize(v)
		if err != nil {
			return &ConfigError{maxVariable, fmt.Sprintf("is %q: %v", v, err), "it is how much one result may weigh"}
		}
		c.max = n
	}
	return nil
}

// parseDuration reads a duration; a bare number is seconds.
func parseDuration(s string) (time.Duration, bool) {
	if _, err := strconv.ParseUint(s, 10, 32); err == nil {
		s += "s"
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d > 0
}

// Exposed reports whether credentials go over the network in the clear.
func (c *Config) Exposed() bool {
	if c.auth == "" || c.base.Scheme == "https" {
		return false
	}
	host := c.base.Hostname()
	ip := net.ParseIP(host)
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}
