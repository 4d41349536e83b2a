package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"deptrace/depfile"
	"deptrace/depfile/manifest"
	"deptrace/trace"
	"deptrace/trace/event"
)

// runFlags are the flags of run.
type runFlags struct {
	depfile  string // -MF; "-" is standard output
	targets  []depfile.Target
	phony    *bool // -MP; nil: as the dialect is used
	launcher bool  // -MD
	project  bool  // -MMD: only what is under the root
	dir      string
	dialect  depfile.Dialect
	lenient  bool

	manifest string
	events   string

	root   string
	env    []string
	ignore []string
	stat   statKind
	memo   memoUse

	engine     trace.Engine
	bestEffort bool
	daemons    trace.Daemons
	verbose    bool
}

type statKind string

const (
	statContent statKind = "content"
	statMeta    statKind = "meta"
)

func (f *runFlags) defs() []flagDef {
	target := func(verbatim bool) func(string) error {
		return func(v string) error {
			if v == "" {
				return errors.New("the value is empty")
			}
			f.targets = append(f.targets, depfile.Target{Name: v, Verbatim: verbatim})
			return nil
		}
	}
	phony := func(v string) error {
		f.phony = new(bool)
		return boolFlag("", f.phony).set(v)
	}
	ignore := listFlag("ignore", &f.ignore)
	add := ignore.set
	ignore.set = func(v string) error {
		if _, err := manifest.ParseGlob(v); v != "" && err != nil {
			return err
		}
		return add(v)
	}
	dialect := func(v string) (err error) {
		f.dialect, err = depfile.ParseDialect(v)
		return err
	}
	return append([]flagDef{
		only(textFlag("MF", &f.depfile)),
		{name: "MT", list: true, set: target(true)},
		{name: "MQ", list: true, set: target(false)},
		{name: "MP", isBool: true, set: phony},
		only(boolFlag("MMD", &f.project)),
		only(boolFlag("MD", &f.launcher)),
		textFlag("dir", &f.dir),
		{name: "dialect", variable: true, set: dialect},
		boolFlag("lenient", &f.lenient),
		short("m", textFlag("manifest", &f.manifest)),
		textFlag("events", &f.events),
		textFlag("root", &f.root),
		listFlag("env", &f.env),
		ignore,
		choiceFlag("stat", &f.stat, statContent, statMeta),
		memoFlag(&f.memo),
		choiceFlag("engine", &f.engine, trace.Auto, trace.Notify, trace.Ptrace, trace.PtraceSlow),
		boolFlag("best-effort", &f.bestEffort),
		choiceFlag("daemons", &f.daemons, trace.Leave, trace.Wait, trace.Kill),
		only(boolFlag("v", &f.verbose)),
	}, helpFlags()...)
}

// asked reports whether the user wants anything written.
func (f *runFlags) asked() bool {
	return f.depfile != "" || f.launcher || f.manifest != "" || f.events != ""
}

// parseRun reads the command line of run. named is whether it says "run": then the
// first word that is no flag starts the command.
func parseRun(args []string, named bool) (f *runFlags, argv []string, err error) {
	f = newRunFlags()
	argv, err = commandLine(f.defs(), args, named)
	if err != nil {
		return nil, nil, err
	}
	return f, argv, f.check()
}

func newRunFlags() *runFlags { return &runFlags{stat: statContent, engine: trace.Auto} }

// commandLine sets flags, from variables and from args, and returns the command behind
// them.
func commandLine(defs []flagDef, args []string, named bool) (argv []string, err error) {
	if err := variables(defs); err != nil {
		return nil, err
	}
	argv, dashes, err := flags(defs, args)
	if err != nil {
		return nil, err
	}
	if !dashes && !named && len(argv) > 0 {
		return nil, &flagError{
			fmt.Sprintf("%s is not a flag", printable(argv[0])),
			"the command to run comes behind a --: deptrace [flags] -- " + listedWords(argv),
		}
	}
	if len(argv) == 0 {
		return nil, &flagError{"no command", "it comes behind a --: deptrace [flags] -- COMMAND [ARG...]"}
	}
	if argv[0] == "" {
		return nil, &flagError{message: "the name of the command is empty"}
	}
	return argv, nil
}

// check finds flags that do not go together.
func (f *runFlags) check() error {
	if f.project && f.depfile == "" {
		f.launcher = true
	}
	if f.depfile == "" && !f.launcher {
		switch {
		case len(f.targets) > 0:
			return &flagError{"a target is given and no depfile", "-MF FILE writes one"}
		case f.phony != nil:
			return &flagError{"-MP is given and no depfile", "-MF FILE writes one"}
		}
	}
	if f.manifest == "-" {
		return &flagError{"the manifest cannot go to standard output: it says where the root is from its own place", "give a file: -m FILE"}
	}
	return nil
}

// listedWords is the beginning of a command line, for a message.
func listedWords(words []string) string {
	var typed []string
	for i, w := range words {
		if i == 3 {
			typed = append(typed, "...")
			break
		}
		typed = append(typed, shellWord(w))
	}
	return strings.Join(typed, " ")
}

// runMain is `deptrace run`, and deptrace with flags and a --.
func runMain(args []string, named bool) ending {
	f, argv, err := parseRun(args, named)
	if err != nil {
		return ending{status: badUsage(err, statusFailed)}
	}
	signals := catchSignals()
	if f.events != "" {
		surviveWrites(false)
	}
	s, err := newStep(f, argv)
	if err != nil {
		errorf("%v", err)
		return ending{status: statusFailed}
	}
	return s.run(signals)
}

// run runs the step and writes what was asked for.
func (s *step) run(signals *catcher) ending {
	s.openEvents()
	defer s.speak()
	result, err := s.watch(signals)
	if s.drain != nil {
		s.drain()
	}
	signals.release()
	surviveWrites(true)
	s.engine = result.Engine

	var start *trace.StartError
	if errors.As(err, &start) {
		s.events.discard()
		errorf("%s: %v", printable(start.Name), start.Err)
		if errors.Is(start.Err, trace.ErrNotFound) || errors.Is(start.Err, syscall.ENOENT) {
			return ending{status: statusNotFound}
		}
		return ending{status: statusNotExecutable}
	}
	if err != nil && result.Engine == "" && !s.unwatched {
		s.events.discard()
		for line := range strings.Lines(err.Error()) {
			errorf("%s", strings.TrimSuffix(line, "\n"))
		}
		if !unwatchable(err) {
			return ending{status: statusFailed}
		}
		if s.f.engine != trace.Auto {
			hintf("--engine auto takes whatever works here")
		}
		hintf("`deptrace doctor` says what works here, and what keeps the rest from it")
		hintf("--best-effort runs the command unwatched; the record is incomplete then")
		return ending{status: statusFailed}
	}
	end := ending{result.Status, result.Signal}
	if end.signal != 0 {
		end.status = 0
	}
	s.write(end, err)
	if s.failed && end == (ending{}) {
		end.status = statusFailed
	}
	return end
}

// unwatchable reports whether err says that no engine works and nothing has run.
func unwatchable(err error) bool {
	var engine *trace.EngineError
	return errors.As(err, &engine) || errors.Is(err, trace.ErrUnsupported)
}

// failf tells about something that deptrace could not do.
func (s *step) failf(format string, args ...any) {
	errorf(format, args...)
	s.failed = true
}

// logf tells what is done and why, with -v. Until all has been looked at the lines
// are kept: written to a standard error that is a file, which the command inherits,
// they would look like the command's own.
func (s *step) logf(format string, args ...any) {
	switch {
	case !s.f.verbose:
	case s.folded:
		errorf(format, args...)
	default:
		s.log = append(s.log, fmt.Sprintf(format, args...))
	}
}

// speak writes what logf has kept.
func (s *step) speak() {
	s.folded = true
	for _, line := range s.log {
		errorf("%s", line)
	}
	s.log = nil
}

// watch runs the command under an engine, or, if none works and the user said so,
// under none.
func (s *step) watch(signals *catcher) (trace.Result, error) {
	s.newFolder()
	result, err := trace.Run(context.Background(), trace.Command{
		Args:     s.argv,
		Stdout:   s.stdout,
		Stderr:   s.stderr,
		StdoutTo: s.stdoutTo,
		Tokens:   s.tokens,
		Terminal: s.terminal,
		Engine:   s.f.engine,
		Daemons:  s.f.daemons,
		Adopt:    true,
		Signals:  signals.signals,
		Begin:    signals.wait,
		Stopped:  stopToo,
		Log:      s.logf,
	}, s)
	if !unwatchable(err) || !s.f.bestEffort {
		return result, err
	}
	// An engine that gave up may have told something first.
	s.newFolder()
	s.unwatched = true
	why := strings.ReplaceAll(err.Error(), "\n", "; ")
	s.Event(&event.Event{Seq: 1, Op: event.Incomplete, Reason: event.NotTraced, Detail: why})
	signals.wait()
	return runUntraced(s.argv, s.stdout, s.stderr, signals.signals)
}
