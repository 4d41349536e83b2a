package main

import (
	"strings"
	"testing"
)

func TestRunsMake(t *testing.T) {
	for text, want := range map[string]bool{
		"make":                              true,
		"make -C sub all":                   true,
		"/opt/bin/mk all":                   true, // by which make itself was called
		"cd sub && make":                    true,
		"cd sub;make":                       true,
		"(cd sub; make) || exit 1":          true,
		"for d in a b; do make -C $d; done": true,
		"if test -f x; then make x; fi":     true,
		"for d in a; do \\\n  (cd $d && make all) || exit; done": true,
		"CC=cc FLAGS='-g -O' make":                               true,
		"exec make":                                              true,
		"! gmake":                                                true,
		"echo \"it's\"; make":                                    true,
		"x=`pwd` && make":                                        true,
		"x=$(echo a; echo b) && make":                            true,

		"echo make":                   false,
		"echo 'a; make'":              false,
		"echo \"a; make \\\"; make\"": false,
		"cc -o make make.c":           false,
		"./make check":                false,
		"cmake . && ninja":            false,
		"x=$(make -s print) && cc":    false,
		"x=$$(cd x; (make)) cc":       false,
		"cc `make flags` x.c":         false,
		"cc \\\n  make":               false,
		"echo a\\; make":              false,
		"":                            false,
		"echo 'open":                  false,
		"echo \"open":                 false,
		"echo $(open":                 false,
		"echo \\":                     false,
	} {
		if got := runsMake(text, "/opt/bin/mk"); got != want {
			t.Errorf("%q runs make: %t", text, got)
		}
	}
}

// Whatever a line holds: it is read to its end.
func FuzzRunsMake(f *testing.F) {
	f.Add("a $(b 'c' \"d\\\" e\") `f` \\")
	f.Fuzz(func(t *testing.T, text string) {
		if runsMake(text, "make") && !strings.Contains(text, "make") {
			t.Errorf("%q runs make", text)
		}
	})
}
