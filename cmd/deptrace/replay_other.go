//go:build !linux || !(amd64 || arm64)

package main

import "os/exec"

func isolate(*exec.Cmd) {}

func replayInside([]string) int {
	errorf("a replay needs Linux on amd64 or arm64")
	return statusError
}
