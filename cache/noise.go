package cache

import (
	"slices"
	"strings"
	"sync"

	"deptrace/trace/env"
)

// Noise are the environment variables that are no part of a weak key: they say who works
// where and when, and not what a build step is to do. A name that ends in "*" stands for
// all that begin so. PATH is here because it counts by its effect: the programs that were
// found. Everything that is not here counts, whatever it is called.
var Noise = []string{
	// The shell, the user and the session.
	"PATH", "PWD", "OLDPWD", "SHLVL", "_", "HOME", "USER", "USERNAME", "LOGNAME", "MAIL", "HOSTNAME",
	"HISTFILE", "HISTSIZE", "HISTCONTROL", "PS1", "PS2", "PS4", "PROMPT_COMMAND",
	"SSH_*", "SUDO_*", "GPG_AGENT_INFO", "GPG_TTY", "DBUS_SESSION_BUS_ADDRESS",
	"XDG_RUNTIME_DIR", "XDG_SESSION_*", "XDG_SEAT*", "XDG_VTNR", "XDG_CURRENT_DESKTOP", "DESKTOP_SESSION", "GNOME_*", "KDE_*",
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "MEMORY_PRESSURE_*",
	"LS_COLORS", "LESSOPEN", "LESSCLOSE", "LESS", "PAGER", "EDITOR", "VISUAL",
	// The terminal. TERM counts where the command writes to one.
	"TERM", "COLUMNS", "LINES", "WINDOWID", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TERM_SESSION_ID", "TMUX", "TMUX_PANE", "STY",
	"VTE_VERSION", "VSCODE_*", "ITERM_*", "KITTY_*", "WEZTERM_*", "KONSOLE_*",
	// The tool that runs the step: how many jobs, and where its job server is. What else
	// MAKEFLAGS and GNUMAKEFLAGS say does count, and MFLAGS repeats it.
	"MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MAKE_TERMOUT", "MAKE_TERMERR", "MAKE_RESTARTS", "CARGO_MAKEFLAGS",
	"NINJA_STATUS", "NINJAFLAGS", "CMAKE_BUILD_PARALLEL_LEVEL",
	// What a virtual environment or a version manager adds beside PATH, for its prompt.
	"VIRTUAL_ENV_PROMPT", "CONDA_PROMPT_MODIFIER",
	// What continuous integration sets anew for every run. "CI" itself counts: tools ask for it.
	"GITHUB_*", "RUNNER_*", "ACTIONS_*", "ImageOS", "ImageVersion",
	"CI_*", "GITLAB_*", "FF_*",
	"BUILD_ID", "BUILD_NUMBER", "BUILD_TAG", "BUILD_URL", "BUILD_DISPLAY_NAME", "JOB_NAME", "JOB_BASE_NAME", "JOB_URL", "JOB_DISPLAY_URL", "EXECUTOR_NUMBER", "NODE_NAME", "NODE_LABELS",
	"WORKSPACE", "WORKSPACE_TMP", "STAGE_NAME", "HUDSON_*", "JENKINS_*",
	"BUILDKITE*", "CIRCLE_*", "TRAVIS_*", "DRONE_*", "APPVEYOR_*", "BITBUCKET_*", "CIRRUS_*", "TF_BUILD", "BUILD_BUILD*",
	"BUILD_SOURCE*", "BUILD_REPOSITORY_*", "BUILD_REASON", "BUILD_QUEUEDBY*", "BUILD_REQUESTEDFOR*",
	"SYSTEM_ACCESSTOKEN", "SYSTEM_COLLECTION*", "SYSTEM_DEFINITION*", "SYSTEM_JOB*", "SYSTEM_PHASE*", "SYSTEM_PLANID", "SYSTEM_STAGE*",
	"SYSTEM_TASK*", "SYSTEM_TEAM*", "SYSTEM_TIMELINEID", "SYSTEM_DEFAULTWORKINGDIRECTORY", "SYSTEM_ARTIFACTSDIRECTORY", "SYSTEM_WORKFOLDER",
	"AGENT_ID", "AGENT_NAME", "AGENT_MACHINENAME", "AGENT_JOB*", "AGENT_VERSION", "AGENT_BUILDDIRECTORY", "AGENT_HOMEDIRECTORY", "AGENT_ROOTDIRECTORY", "AGENT_TEMPDIRECTORY", "AGENT_WORKFOLDER",
	// deptrace itself.
	"DEPTRACE_*",
}

// noise is made when it is wanted: it is a list of hundreds, and not every command has a
// weak key.
var noise = sync.OnceValue(func() *env.Names { return env.NewNames(Noise) })

// IsNoise reports whether a variable is no part of a weak key.
func IsNoise(name string) bool { return noise().Has(name) }

// makeFlags returns what counts of the flags that a make hands on, should the step be or
// run another make: the one that only prints (-n), touches (-t) or is given variables does
// something else. How many jobs there are, and whether it goes on after an error, says
// nothing of a result; nor does -w, which make adds as it goes to another directory.
func makeFlags(value string) string {
	flags, variables, _ := strings.Cut(" "+value, " -- ")
	var words []string
	for i, word := range strings.Fields(flags) {
		switch {
		case i == 0 && !strings.HasPrefix(word, "-") && !strings.Contains(word, "="):
			// The letters come first, without a dash.
			word = strings.Map(func(r rune) rune {
				if strings.ContainsRune("kSw", r) {
					return -1
				}
				return r
			}, word)
			if word == "" {
				continue
			}
		case hasAnyPrefix(word, "-j", "-l", "-O", "--jobs", "--jobserver-", "--sync-mutex=", "--load-average", "--output-sync", "--no-print-directory", "--print-directory"),
			slices.Contains([]string{"-k", "-S", "-w", "--keep-going", "--no-keep-going"}, word):
			continue
		}
		words = append(words, word)
	}
	if variables != "" {
		words = append(words, "--", variables)
	}
	return strings.Join(words, " ")
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
