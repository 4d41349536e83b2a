package manifest

import (
	"slices"
	"strings"

	"deptrace/trace/env"
)

// Listed are the environment variables that are recorded without being asked for:
// those that steer common compilers, linkers, interpreters and the C library in a
// way that leaves no trace in the files that a step opens. A name that ends in "*"
// stands for all that begin so. PATH is not among them: it counts by its effect.
var Listed = []string{
	// The C library and the loader: sorting, messages, character sets, time.
	"LANG", "LANGUAGE", "LC_*", "LD_*", "GLIBC_TUNABLES", "LOCPATH", "TZ", "TZDIR",
	// gcc, clang, the linkers, and what reproducible builds agreed on.
	"CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "OBJCPLUS_INCLUDE_PATH",
	"LIBRARY_PATH", "GCC_EXEC_PREFIX", "GCC_COMPARE_DEBUG", "COMPILER_PATH", "DEPENDENCIES_OUTPUT",
	"SUNPRO_DEPENDENCIES", "CCC_OVERRIDE_OPTIONS", "LDEMULATION", "GNUTARGET", "LTO_*",
	"MACOSX_DEPLOYMENT_TARGET", "SOURCE_DATE_EPOCH", "PKG_CONFIG_*", "POSIXLY_CORRECT",
	// Interpreters and virtual machines.
	"BASH_ENV",
	"PYTHONPATH", "PYTHONHOME", "PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONDONTWRITEBYTECODE",
	"PYTHONPYCACHEPREFIX", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONSTARTUP", "PYTHONWARNINGS",
	"PERL5LIB", "PERL5OPT", "PERLLIB", "PERL_HASH_SEED", "PERL_UNICODE",
	"RUBYLIB", "RUBYOPT", "GEM_HOME", "GEM_PATH",
	"NODE_PATH", "NODE_OPTIONS", "NODE_ENV", "LUA_PATH", "LUA_CPATH", "LUA_INIT",
	"CLASSPATH", "JAVA_HOME", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS",
	"TEXINPUTS", "BIBINPUTS", "BSTINPUTS", "FORCE_SOURCE_DATE", "GUILE_LOAD_PATH",
	// Go and Rust.
	"GOFLAGS", "GOOS", "GOARCH", "GOROOT", "GOPATH", "GOTOOLCHAIN", "GOEXPERIMENT", "GODEBUG", "GOAMD64",
	"GOARM", "GOARM64", "GO386", "GOWORK", "GO111MODULE", "CGO_*",
	"RUSTFLAGS", "RUSTC_WRAPPER", "RUSTUP_TOOLCHAIN", "CARGO_ENCODED_RUSTFLAGS",
}

var listed = env.NewNames(Listed)

// IsListed reports whether a variable is recorded without being asked for.
func IsListed(name string) bool { return listed.Has(name) }

// Environment picks the variables to record from an environment in the form of
// [os.Environ]: the [Listed] ones that are set, and those that extra names; a name
// in extra with a "-" in front takes one off, and the last word about a name holds.
//
// The result is what [Step] keeps: the ones that are set; the ones that extra asked
// for and that are neither set nor on the list; and the listed ones that were taken
// off. A variable of the list that is not set is not recorded: whoever compares
// looks through the environment of now for all of the list, and so sees a new one.
func Environment(environ, extra []string) (env map[string]string, unset, off []string) {
	wanted := map[string]bool{}
	for _, e := range extra {
		name, taken := strings.CutPrefix(e, "-")
		if name != "" {
			wanted[name] = !taken
		}
	}
	env = map[string]string{}
	for _, e := range environ {
		name, value, ok := strings.Cut(e, "=")
		if !ok || name == "" {
			continue
		}
		want, said := wanted[name]
		if _, twice := env[name]; !twice && (want || !said && IsListed(name)) {
			env[name] = value // getenv(3) finds the first one, too
		}
	}
	for name, want := range wanted {
		_, set := env[name]
		switch {
		case want && !set && !IsListed(name):
			unset = append(unset, name)
		case !want && IsListed(name):
			off = append(off, name)
		}
	}
	slices.Sort(unset)
	slices.Sort(off)
	return env, unset, off
}

// EnvironmentNow is Environment for the same variables as the step's, in another
// environment: the two results are equal if nothing that counts has changed.
func (s *Step) EnvironmentNow(environ []string) (env map[string]string, unset []string) {
	var extra []string
	for name := range s.Env {
		extra = append(extra, name)
	}
	extra = append(extra, s.EnvUnset...)
	for _, name := range s.EnvOff {
		extra = append(extra, "-"+name)
	}
	env, unset, _ = Environment(environ, extra)
	return env, unset
}
