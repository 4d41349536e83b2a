package main

import (
	"context"
	"errors"
	"os"
	"time"

	"deptrace/cache"
	"deptrace/cache/remote/helper"
)

// How long a step waits for the remote: for the input sets of its command, for a result,
// and at its end for the upload of its own.
const (
	setsLimit  = 10 * time.Second
	entryLimit = 2 * time.Minute
	pushLimit  = 10 * time.Second
)

// remote is the cache that is shared with others, as far as a step has to do with it. A nil
// remote has nothing and takes nothing.
//
// The program that talks to it is started when the local store has no answer, and ended
// before the step runs: the step is to be the only child of this process.
type remote struct {
	logf   func(string, ...any)
	helper *helper.Helper
	// failed is set when there is no use in asking any more.
	failed bool
	later  []cache.Key
}

func newRemote(logf func(string, ...any)) *remote {
	if os.Getenv("DEPTRACE_REMOTE") == "" {
		return nil
	}
	return &remote{logf: logf}
}

// ask asks the program one thing, and starts it if it does not run. detail is what it
// says of what it did.
func (r *remote) ask(limit time.Duration, what func(*helper.Helper, context.Context) (string, error)) (detail string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if r.helper == nil {
		r.helper, err = helper.Start(helper.Options{})
	}
	if err == nil {
		detail, err = what(r.helper, ctx)
	}
	var miss *helper.MissError
	r.failed = err != nil && !errors.As(err, &miss)
	return detail, err
}

// fetch asks for something, and reports whether the store has it now.
func (r *remote) fetch(what string, limit time.Duration, get func(*helper.Helper, context.Context) (string, error)) bool {
	if r == nil || r.failed {
		return false
	}
	detail, err := r.ask(limit, get)
	if err == nil {
		r.logf("remote: %s (%s)", what, detail)
		return true
	}
	r.logf("remote: %s: %v", what, err)
	r.hint(err)
	return false
}

// sets brings the input sets of a command.
func (r *remote) sets(weak cache.Key) bool {
	return r.fetch("the input sets of the command", setsLimit, func(h *helper.Helper, ctx context.Context) (string, error) {
		return h.Sets(ctx, weak)
	})
}

// entry brings a result.
func (r *remote) entry(strong cache.Key) bool {
	return r.fetch("the result", entryLimit, func(h *helper.Helper, ctx context.Context) (string, error) {
		return h.Entry(ctx, strong)
	})
}

// close ends the program.
func (r *remote) close() {
	if r == nil || r.helper == nil {
		return
	}
	if err := r.helper.Close(); err != nil {
		r.logf("remote: %v", err)
	}
	r.helper = nil
}

// pushLater notes an entry that is to be shared.
func (r *remote) pushLater(strong cache.Key) {
	if r != nil {
		r.later = append(r.later, strong)
	}
}

// push uploads what was noted, and the input sets of the command. The step waits for it,
// but not long; that it failed is told, for somebody counts on it.
func (r *remote) push(weak cache.Key) {
	if r == nil || len(r.later) == 0 || readOnly() {
		return
	}
	end := time.Now().Add(pushLimit)
	r.failed = false
	for _, key := range r.later {
		if !r.pushOne(end, func(h *helper.Helper, ctx context.Context) (string, error) { return h.PushEntry(ctx, key) }) {
			return
		}
	}
	if r.pushOne(end, func(h *helper.Helper, ctx context.Context) (string, error) { return h.PushSets(ctx, weak) }) {
		r.logf("shared with the remote")
	}
}

func (r *remote) pushOne(end time.Time, what func(*helper.Helper, context.Context) (string, error)) bool {
	_, err := r.ask(time.Until(end), what)
	if err == nil {
		return true
	}
	warnf("not shared with the remote: %v", err)
	r.hint(err)
	return false
}

func (r *remote) hint(err error) {
	var missing *helper.NotFoundError
	if errors.As(err, &missing) {
		hintf("%s", missing.Hint())
	}
}

// readOnly reports whether nothing is to be uploaded: then it is not tried, and nobody is
// told that it was not done.
func readOnly() bool {
	switch os.Getenv("DEPTRACE_REMOTE_READONLY") {
	case "1", "true":
		return true
	}
	return false // deptrace-remote says of anything else that it is wrong
}
