package main

import (
	"context"
	"errors"
	"os"

	"deptrace/cache"
	"deptrace/cache/remote/helper"
	"deptrace/cache/result"
)

// remote is the program that talks to the cache that is shared with others. It is started
// when something is asked, and ended before the step runs: the step is to be the only child
// of this process.
type remote struct {
	helper *helper.Helper
}

var _ result.Remote = (*remote)(nil)

func (r *remote) Sets(ctx context.Context, weak cache.Key) (string, bool, error) {
	return r.ask(ctx, (*helper.Helper).Sets, weak)
}

func (r *remote) Entry(ctx context.Context, strong cache.Key) (string, bool, error) {
	return r.ask(ctx, (*helper.Helper).Entry, strong)
}

func (r *remote) PushEntry(ctx context.Context, strong cache.Key) (string, bool, error) {
	return r.ask(ctx, (*helper.Helper).PushEntry, strong)
}

func (r *remote) PushSets(ctx context.Context, weak cache.Key) (string, bool, error) {
	return r.ask(ctx, (*helper.Helper).PushSets, weak)
}

// ask asks the program one thing, and starts it if it does not run.
func (r *remote) ask(ctx context.Context, what func(*helper.Helper, context.Context, [32]byte) (string, error), key cache.Key) (detail string, ok bool, err error) {
	if r.helper == nil {
		if r.helper, err = helper.Start(helper.Options{}); err != nil {
			return "", false, err
		}
	}
	detail, err = what(r.helper, ctx, key)
	var miss *helper.MissError
	if errors.As(err, &miss) {
		return miss.Reason, false, nil
	}
	return detail, err == nil, err
}

// close ends the program.
func (r *remote) close() error {
	if r == nil || r.helper == nil {
		return nil
	}
	h := r.helper
	r.helper = nil
	return h.Close()
}

// remoteHint says what to do about an error of the remote, if it is known.
func remoteHint(err error) {
	var missing *helper.NotFoundError
	if errors.As(err, &missing) {
		hintf("%s", missing.Hint())
	}
}

// remoteReadOnly reports whether nothing is to be uploaded: then it is not tried, and nobody
// is told that it was not done.
func remoteReadOnly() bool {
	switch os.Getenv("DEPTRACE_REMOTE_READONLY") {
	case "1", "true":
		return true
	}
	return false // deptrace-remote says of anything else that it is wrong
}
