package main

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"deptrace/cache"
)

// deptrace sh stands between make and the shell: make SHELL="deptrace sh /bin/sh". GNU make
// splits SHELL at blanks if there are any, and then hands it every line, also those that it
// would run without a shell; but not under .ONESHELL, where it takes SHELL for the name of
// one program (make 4.3). So each line of each recipe of a Makefile that nobody edits is a
// step, and the shell gets its words as make gave them.
//
// What a line is about nobody says: make has no variable with the target in it for the
// shell. So a record and a depfile are named after what the line left, as with -MD, and the
// depfile has all the files that it left for targets. A line that leaves no file (echo, mkdir,
// rm, a test) leaves nothing with us either. What becomes of the records of several lines
// that make one file, see line.
//
// Three kinds of lines are not recorded; the shell takes deptrace's place, which costs what
// an empty Go program does:
//
//   - one that runs make, if make will hand deptrace its lines, too. As one step it would be
//     the whole of a subdirectory, and nothing could be recorded inside but by stopping at
//     every call.
//   - one inside a step that a deptrace records: the recipes of a make that a script runs,
//     or the $(SHELL) of a recipe. It is part of that step.
//   - what $(shell ...) runs. It is no step of the build, and a Makefile can have thousands.

// shMain is `deptrace sh`.
func shMain(args []string) ending {
	f := newRunFlags()
	f.dir = ".deptrace"
	argv, err := commandLine(f.defs(), args, true)
	if err == nil {
		err = checkSh(f)
	}
	if err != nil {
		var e *flagError
		if errors.As(err, &e) && e.message == "no command" {
			err = &flagError{"no shell", `make SHELL="deptrace sh /bin/sh" runs its lines with one`}
		}
		return ending{status: badUsage(err, statusFailed)}
	}
	l := &line{argv: argv, text: argv[len(argv)-1]}
	if why := l.unrecorded(); why != "" {
		if f.verbose {
			errorf("not recorded: %s", why)
		}
		return become(argv)
	}
	signals := catchSignals()
	s, err := newStep(f, argv)
	if err != nil {
		errorf("%v", err)
		return ending{status: statusFailed}
	}
	l.step, s.line = s, l
	return s.run(signals)
}

// checkSh finds flags that give one name to what has many.
func checkSh(f *runFlags) error {
	f.launcher = true
	if f.depfile != "" || f.manifest != "" || f.events != "" || len(f.targets) > 0 {
		return &flagError{"each line has files of its own: -MF, -MT, -MQ, -m and --events do not go with sh", "--dir DIR says where they are written"}
	}
	return f.check()
}

// become has this process be the command.
func become(argv []string) ending {
	path := argv[0]
	if !strings.Contains(path, "/") {
		dir, _ := syscall.Getwd()
		path = cache.FindProgram(path, dir, os.Environ())
	}
	err := error(syscall.ENOENT)
	if path != "" {
		err = syscall.Exec(path, argv, os.Environ())
	}
	errorf("%s: %v", printable(argv[0]), err)
	if errors.Is(err, syscall.ENOENT) {
		return ending{status: statusNotFound}
	}
	return ending{status: statusNotExecutable}
}
