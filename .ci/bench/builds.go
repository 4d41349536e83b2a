package main

import (
	"path/filepath"
	"strconv"
)

func itoa(i int) string { return strconv.Itoa(i) }

// program is what `go build` builds with an empty cache: itself and the runtime.
var program = map[string]string{
	"go.mod":  "module program\n\ngo 1.26\n",
	"main.go": "package main\n\nfunc main() { println(\"hello\") }\n",
}

// builds are whole builds.
func builds() []*workload {
	objects := []string{"libz.a", "example", "libz.so.1.2.13"}
	return []*workload{
		{
			name: "make", what: "zlib, make -j2 under one recorder",
			argv: line("make", "-j2"), template: source("zlib", "./configure"),
			outputs: objects, compiler: true, whole: true, goal: 1.08,
		},
		{
			name: "make-wrapped", what: "zlib, make -j2, each of the compiles under a recorder of its own",
			argv: line("make", "-j2", "CC=$CC"), template: source("zlib", "./configure"), wrapped: true,
			outputs: objects, compiler: true,
		},
		{
			name: "configure", what: "dash's configure, by autoconf",
			argv: line("./configure"), template: source("dash"),
			outputs: []string{"config.status", "Makefile", "config.h"}, whole: true, goal: 1.15,
		},
		{
			name: "go", what: "go build of an empty program and the runtime",
			argv: func(b *bench) []string {
				// It has to be absolute.
				return []string{"env", "GOCACHE=" + filepath.Join(b.tmp, "go/run/cache"), "GOTOOLCHAIN=local", "go", "build", "-o", "program", "."}
			},
			template: files(program), outputs: []string{"program"}, whole: true, goal: 1.10,
		},
	}
}
