package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"deptrace/cache/remote"
	"deptrace/cache/remote/helper"
)

// serveMain answers what deptrace asks. What keeps it from that is an answer, too:
// deptrace can tell the user once, and in its own words.
func serveMain() int {
	r, s, err := open(os.Environ())
	answer := func(ctx context.Context, q helper.Request) helper.Answer { return ask(ctx, r, q) }
	if err != nil {
		answer = func(context.Context, helper.Request) helper.Answer {
			return helper.Answer{Status: helper.Error, Detail: err.Error()}
		}
	} else if w := r.Warning(); w != "" {
		warnf("%s", w)
	}
	if err := serve(os.Stdin, os.Stdout, answer); err != nil {
		errorf("%v", err)
		return 1
	}
	if s != nil {
		// What was downloaded counts. That there is no room is for deptrace to say.
		_ = s.Trim()
	}
	return 0
}

// serve answers each line of in with one on out, until there are no more.
func serve(in io.Reader, out io.Writer, answer func(context.Context, helper.Request) helper.Answer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, helper.MaxLine)
	for lines.Scan() {
		var a helper.Answer
		if q, err := helper.ParseRequest(lines.Text()); err != nil {
			a = helper.Answer{Status: helper.Error, Detail: err.Error()}
		} else {
			ctx, cancel := context.Background(), context.CancelFunc(func() {})
			if q.Limit > 0 {
				ctx, cancel = context.WithTimeout(ctx, q.Limit)
			}
			a = answer(ctx, q)
			cancel()
		}
		if _, err := io.WriteString(out, a.String()+"\n"); err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the requests: %w", err)
	}
	return nil
}

// ask does what a request says.
func ask(ctx context.Context, r *remote.Remote, q helper.Request) helper.Answer {
	var got remote.Fetched
	var err error
	detail := ""
	switch q.Verb {
	case helper.Sets:
		got, err = r.Sets(ctx, q.Key)
		detail = fmt.Sprintf("new: %d, blobs: %d, bytes: %d", got.Sets, got.Blobs, got.Bytes)
	case helper.Entry:
		got, err = r.Entry(ctx, q.Key)
		detail = fmt.Sprintf("blobs: %d, bytes: %d", got.Blobs, got.Bytes)
	case helper.PushSets:
		err = r.PushSets(ctx, q.Key)
	case helper.PushEntry:
		err = r.PushEntry(ctx, q.Key)
	}
	var miss *remote.MissError
	switch {
	case errors.As(err, &miss):
		return helper.Answer{Status: helper.Miss, Detail: miss.Reason}
	case err != nil:
		return helper.Answer{Status: helper.Error, Detail: err.Error()}
	}
	return helper.Answer{Status: helper.OK, Detail: detail}
}
