//go:build linux && (amd64 || arm64)

package trace_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"deptrace/trace"
	"deptrace/trace/event"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// scratch makes a directory with a file "in" in it.
func scratch() string {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "in"), []byte("hello\n"), 0o666); err != nil {
		log.Fatal(err)
	}
	return dir
}

// Run a command and see what it does to the files in a directory.
func ExampleRun() {
	dir := scratch()
	defer os.RemoveAll(dir)

	command := trace.Command{Args: []string{"sh", "-c", "cat in >out; exit 3"}, Dir: dir, Engine: trace.Ptrace}
	result, err := trace.Run(context.Background(), command, event.SinkFunc(func(e *event.Event) {
		if e.Op == event.Open && strings.HasPrefix(e.Name.Path, dir+"/") {
			fmt.Println(e.Op, filepath.Base(e.Name.Path), e.Flags, e.Outcome)
		}
	}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("exit status", result.Status)
	// Output:
	// open out write,create,truncate pending
	// open out write,create,truncate ok
	// open in read ok
	// exit status 3
}

// Fold the operations of a command into what it did to each file.
func ExampleRun_footprint() {
	dir := scratch()
	defer os.RemoveAll(dir)

	folder := footprint.New(footprint.Options{FS: new(osfs.FS), Path: trace.SearchPath(), Dir: dir})
	command := trace.Command{Args: []string{"cp", "in", "out"}, Dir: dir}
	if _, err := trace.Run(context.Background(), command, folder); err != nil {
		log.Fatal(err)
	}
	fp := folder.Finish()
	for _, in := range fp.Inputs {
		if strings.HasPrefix(in.Path, dir+"/") {
			fmt.Println(in.Kind, filepath.Base(in.Path))
		}
	}
	for _, out := range fp.Outputs {
		if strings.HasPrefix(out.Path, dir+"/") {
			fmt.Println("output", filepath.Base(out.Path), out.State.Type)
		}
	}
	// Output:
	// read in
	// output out file
}
