//go:build !linux || !(amd64 || arm64)

package trace

import (
	"context"

	"deptrace/trace/event"
)

func run(context.Context, Command, event.Sink) (Result, error) { return Result{}, ErrUnsupported }
