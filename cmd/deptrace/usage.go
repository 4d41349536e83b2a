package main

const usage = `Usage:
    deptrace [run] [flags] -- COMMAND [ARG...]  record a step; -- is needed without run
    deptrace cached [flags] -- COMMAND [ARG...] the same, unless its result is known: then
                                                bring that back
    deptrace sh [flags] SHELL -c LINE           record a line of a recipe:
                                                make SHELL="deptrace sh /bin/sh"
    deptrace check [flags] MANIFEST...          is it up to date? 0 yes, 1 no, 2 error
    deptrace key [flags] MANIFEST...            print a cache key for the step
    deptrace show [flags] MANIFEST              print a record
    deptrace diff [-q] OLD NEW                  what changed between two records:
                                                0 nothing, 1 something, 2 error
    deptrace replay MANIFEST                    run the step where only what the record
                                                names exists: 0 same, 1 not, 2 error
    deptrace cache stats                        what is in the cache
    deptrace cache gc [--max SIZE]              keep it within its limit, or within SIZE,
                                                removing what was not used for longest
    deptrace cache verify                       read all of it and remove what is damaged:
                                                0 nothing was, 1 something, 2 error
    deptrace cache clear                        remove all of it
    deptrace doctor                             what works here? 0 an engine does, 1 none

Flags of run:
    -MF FILE           write a depfile for make or ninja; - is standard output
    -MT TARGET         its target, as it stands (may be given several times);
                       default: the step's only regular output under the root
    -MQ TARGET         the same, quoted for the dialect
    -MP[=false]        with an empty rule for each dependency, so that a deleted one
                       does not stop make; default: on, for ninja off
    -MMD               leave out what is outside the root; without -MF as -MD
    -MD                for launchers (CC="deptrace -MD -- gcc"): write OUT.d and
                       OUT.toml, OUT being the file behind the step's -o, else its
                       only output
    --dir DIR          with -MD: write them below DIR
    --dialect NAME     make, ninja or common (default): what both read alike
    --lenient          leave out, with a warning, names that the dialect cannot say
    -m, --manifest FILE
                       write the record of the step, for check, key and show
    --events FILE      write every operation seen, as JSON Lines
    --root DIR         the root of what is built; default: the nearest directory
                       upwards with a .git, else the working directory
    --env NAME         record this variable, too; -NAME: do not
    --ignore GLOB      leave these files out of everything, e.g. '**/__pycache__/**'
    --stat KIND        content (default): the digest of a file counts also where the
                       step only asked for its size or times; meta: it does not
    --memo on|off      off: hash also what is known from its device, inode, size and times
    --engine NAME      auto (default): the first that works here of notify, ptrace and
                       ptrace-slow
    --best-effort      where no engine works, run the command unwatched; the record
                       is incomplete then
    --daemons WHAT     what to do with processes that outlive the command: leave them
                       (default of notify), wait for them (default of ptrace), or
                       kill them
    -v                 say on standard error what is done and why

Flags of cached: those of run but --events, and
    --env-only NAME,...
                       of the environment only these variables count, and those that a
                       record has anyway; default: all but a list of those that say who
                       works where and when
    --allow WHAT,...   network, random: keep results also of steps that use the network
                       or random numbers; machine: share those that depend on this one
    --relocatable      share results between checkouts at different paths, unless the path
                       is in an output
    --restat           leave the time of an output that is right (ninja's restat);
                       default: now, if an input is newer, for make

Flags of sh: those of run. Each line has OUT.d and OUT.toml of its own below --dir
(default: .deptrace), so that -MF, -MT, -MQ, -m and --events are errors; lines that go on
with what others have left have one record with them. SHELL is the one that the Makefile
wants. A line that leaves no file has no record, nor what $(shell ...) runs, nor one that
runs make, whose own lines have. With -MMD, GNU make rebuilds by the depfiles:
    make all --eval='-include $(wildcard .deptrace/*.d)'

Flags of check and key:
    --memo on|off      as above
    -v                 say on standard error how many files were hashed
Flags of check and diff:
    -q                 print no reasons, and no summary of several manifests
Flags of key:
    --explain          print the lines that are hashed instead of the key
    --prefix TEXT      put TEXT before the key
    --salt TEXT        make TEXT part of the key
    --github-output NAME
                       append NAME=KEY to the file $GITHUB_OUTPUT, too
Flags of replay:
    -v                 print also what may have followed from what is printed
Flags of cache:
    --max SIZE         of gc: see above
Flags of show:
    --format NAME      text (default); json; dot, a graph for Graphviz; inputs, the files
                       whose content mattered, one on a line, for tar or entr
    -0                 with inputs: a NUL behind each instead
    --against FILE     compare FILE, a depfile of another tool, with the record: what
                       it missed (then the exit status is 1), what it has too much

    @FILE among the manifests of check and key stands for those that FILE names, one on a
    line or with NULs between them; @- for those on standard input.

    --root DIR         check, key, show, replay: where the root is now, if not where the
                       manifest says
    -h, --help         print this
    --version          print the version

A flag of run, cached or sh with a long name can also be set as a variable: DEPTRACE_ROOT,
DEPTRACE_ENGINE, DEPTRACE_BEST_EFFORT=1. Lists are separated by commas. A flag given wins,
and adds to a list. Of the flags of other commands that is true of --memo, and of --root
for a manifest that does not say where the root is.

DEPTRACE_CACHE_DIR is where the cache is (default: deptrace in $XDG_CACHE_HOME or in
~/.cache), DEPTRACE_CACHE_SIZE its limit: bytes, or with K, M, G or T (default: 5G).
DEPTRACE_REMOTE is a server to share it with; deptrace-remote --help has the rest.

The exit status of run and cached is that of the command, by whose signal deptrace dies
too; 125 says that deptrace itself failed, 126 that the command is not executable, 127
that it was not found.
`
