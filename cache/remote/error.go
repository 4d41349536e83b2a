package remote

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// A MissError says that the server does not have what was asked for, or that what it
// has was not taken: the step runs as if there were no server.
type MissError struct {
	Reason string
}

func (e *MissError) Error() string { return e.Reason }

func missf(format string, args ...any) error { return &MissError{fmt.Sprintf(format, args...)} }

// A FaultError is a server that cannot be reached, or does not do what the protocol
// says. After some of them in a row it is left alone for a while.
type FaultError struct {
	What string // what was asked for
	Err  error

	// unanswered says that no answer came that the protocol knows, of any content.
	unanswered bool
}

func (e *FaultError) Error() string { return e.What + ": " + e.Err.Error() }
func (e *FaultError) Unwrap() error { return e.Err }

func faultf(what, format string, args ...any) error {
	return &FaultError{What: what, Err: fmt.Errorf(format, args...)}
}

func unanswered(what string, err error) error {
	return &FaultError{What: what, Err: err, unanswered: true}
}

// plain takes the address off an error of package net/http: it can hold what a server
// that redirects put into it.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var n net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &n) && n.Timeout():
		return errors.New("no answer in time")
	}
	return err
}

// Hint says what a user can do about an error of [Remote.Ping], if anything is known.
func Hint(err error) string {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var dns *net.DNSError
	var refused *refusal
	switch {
	case errors.As(err, &authority):
		return caVariable + "=FILE trusts the certificates in FILE (PEM) besides the system's"
	case errors.As(err, &name):
		return "the certificate is for another name; " + Variable + " must use one that is in it"
	case errors.As(err, &refused) && refused.code == http.StatusUnauthorized:
		return "set " + userVariable + " and " + passwordVariable + ", or " + tokenVariable
	case errors.As(err, &refused) && refused.code == http.StatusForbidden:
		return "if only reading is allowed there, " + readOnlyVariable + "=1 makes do with that"
	case errors.As(err, &refused) && refused.code >= 300 && refused.code < 400:
		return "set " + Variable + " to the address that it redirects to"
	case errors.As(err, &refused) && refused.code < 500:
		return "is it a server of Bazel's HTTP cache protocol, and the path right?"
	case errors.As(err, &dns):
		return "is the name in " + Variable + " right?"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is the server running, and the port in " + Variable + " right?"
	}
	return ""
}

// refusal is an answer of HTTP that is none of those that the protocol knows.
type refusal struct {
	code    int
	message string
}

func (r *refusal) Error() string { return r.message }
