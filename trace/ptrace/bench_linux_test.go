//go:build amd64 || arm64

package ptrace

import (
	"context"
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/watch"
	"deptrace/trace/watch/watchtest"
)

// BenchmarkCall is the price of a watched call.
func BenchmarkCall(b *testing.B) {
	for _, m := range modes {
		b.Run(m.name, func(b *testing.B) {
			watchtest.Calls(b, func(c watch.Config, sink event.Sink) (watch.Result, error) {
				return Run(context.Background(), c, m.always, sink)
			})
		})
	}
}
