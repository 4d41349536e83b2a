package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// machine says what the figures were measured on, and when.
func machine() string {
	cpu := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte("?")
	}
	return fmt.Sprintf("%d processors (%s), Linux %s, %s, %s, %s",
		runtime.NumCPU(), cpu, strings.TrimSpace(string(kernel)), first("gcc", "--version"), runtime.Version(), time.Now().UTC().Format(time.DateOnly))
}

// first is the first line that a program prints.
func first(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return name + "?"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

// load is how busy the machine has been for a minute. Our own runs are in it.
func load() (l float64) {
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(text), &l)
	}
	if err != nil {
		say("the load is not known: %v", err)
	}
	return l
}
