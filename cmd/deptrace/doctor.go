package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"deptrace/trace"
)

// doctorMain is `deptrace doctor`: which engines work here, and what in the system
// bears on it. The exit status says whether any does.
func doctorMain(args []string) int {
	rest, err := operands(helpFlags(), args)
	if err != nil {
		return badUsage(err, statusError)
	}
	if len(rest) > 0 {
		return badUsage(&flagError{message: "doctor takes no arguments"}, statusError)
	}
	self, err := os.Executable()
	if err != nil {
		errorf("find this program: %v", cause(err))
		return statusError
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "system: %s\n", system())
	for _, f := range facts() {
		fmt.Fprintf(&out, "%s\n", f)
	}
	works := ""
	for _, e := range trace.Engines {
		err := trace.Probe(context.Background(), e, self, "--version")
		if err == nil {
			fmt.Fprintf(&out, "engine %s: works\n", e)
			if works == "" {
				works = string(e)
			}
			continue
		}
		var refused *trace.EngineError
		if errors.As(err, &refused) {
			err = refused.Err
		}
		fmt.Fprintf(&out, "engine %s: does not work: %v\n", e, err)
	}
	if works != "" {
		fmt.Fprintf(&out, "deptrace takes: %s\n", works)
		return printOut(out.String())
	}
	fmt.Fprintf(&out, "deptrace cannot watch anything here; run gives up, or with --best-effort runs the command unwatched\n")
	if status := printOut(out.String()); status != 0 {
		return status
	}
	return statusNoEngine
}

// system is the kernel and the machine.
func system() string {
	release := firstLine("/proc/sys/kernel/osrelease")
	if release == "" {
		release = "unknown release"
	}
	return fmt.Sprintf("%s %s, %s", runtime.GOOS, release, runtime.GOARCH)
}

// facts are what can keep a process from tracing another, where it is so.
func facts() []string {
	var facts []string
	for line := range strings.Lines(string(contents("/proc/self/status"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch {
		case name == "TracerPid" && value != "0":
			facts = append(facts, "this process is traced by process "+value+": a process can have one tracer only (strace, gdb, another deptrace), so only notify can work")
		case name == "Seccomp" && value != "0":
			facts = append(facts, "a seccomp filter is in force (a container's?): it may refuse ptrace(2) or seccomp(2)")
		case name == "NoNewPrivs" && value != "0":
			facts = append(facts, "no_new_privs is set: set-id programs have no rights here, watched or not")
		}
	}
	var major, minor int
	if n, _ := fmt.Sscanf(firstLine("/proc/sys/kernel/osrelease"), "%d.%d", &major, &minor); n == 2 {
		before := func(ma, mi int) bool { return major < ma || major == ma && minor < mi }
		switch {
		case before(5, 19):
			facts = append(facts, "the kernel is older than 5.19: under notify a signal can make a call fail with EINTR while it is looked at")
		case before(6, 6):
			facts = append(facts, "the kernel is older than 6.6: notify has to wake a thread on another processor for each call")
		}
	}
	switch scope := firstLine("/proc/sys/kernel/yama/ptrace_scope"); scope {
	case "1":
		facts = append(facts, "kernel.yama.ptrace_scope is 1: only ancestors may look into a process; deptrace adopts the step's orphans")
	case "2":
		facts = append(facts, "kernel.yama.ptrace_scope is 2: only privileged processes may trace")
	case "3":
		facts = append(facts, "kernel.yama.ptrace_scope is 3: nobody may trace until the machine is started anew")
	}
	return facts
}

// contents is what a file of proc(5) holds; empty if it cannot be read, which says
// that there is no such thing here.
func contents(path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return b
}

func firstLine(path string) string {
	line, _, _ := strings.Cut(string(contents(path)), "\n")
	return line
}
