//go:build !linux

package main

import "os/exec"

func isolate(*exec.Cmd) {}

func replayInside([]string) int {
	errorf("a replay needs Linux")
	return statusError
}
