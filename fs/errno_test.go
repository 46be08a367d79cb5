package fs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/openbisfs/openbisfs/client"
)

type timeoutError struct{}

func (timeoutError) Error() string { return "i/o timeout" }
func (timeoutError) Timeout() bool { return true }

func TestErrorsOfThePackagesBelowBecomeTheErrnoThatTellsWhatHappened(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	tests := []struct {
		name string
		err  error
		want syscall.Errno
	}{
		{"nothing", nil, 0},
		{"no such name", iofs.ErrNotExist, syscall.ENOENT},
		{"unknown to the server", client.ErrNotFound, syscall.ENOENT},
		{"no right", client.ErrForbidden, syscall.EACCES},
		{"no session", client.ErrUnauthenticated, syscall.EACCES},
		{"archived", client.ErrArchived, syscall.EIO},
		{"linked", client.ErrLinked, syscall.EIO},
		{"damaged", client.ErrCorrupt, syscall.EIO},
		{"no sense", client.ErrProtocol, syscall.EIO},
		{"server error", client.ErrServer, syscall.EIO},
		{"no connection", client.ErrUnavailable, syscall.EIO},
		{"no connection in time", errors.Join(client.ErrUnavailable, context.DeadlineExceeded), syscall.ETIMEDOUT},
		{"no connection, says the socket", errors.Join(client.ErrUnavailable, timeoutError{}), syscall.ETIMEDOUT},
		{"refused", &client.Error{Op: "download", Err: errors.Join(client.ErrUnavailable, refused)}, syscall.EIO},
		{"deadline", context.DeadlineExceeded, syscall.ETIMEDOUT},
		{"deadline of a file", os.ErrDeadlineExceeded, syscall.ETIMEDOUT},
		{"interrupted", context.Canceled, syscall.EINTR},
		{"name too long", syscall.ENAMETOOLONG, syscall.ENAMETOOLONG},
		{"nobody knows", errors.New("what?"), syscall.EIO},
		{"a bare errno says nothing about the file", syscall.ECONNREFUSED, syscall.EIO},
		{"no function must be switched off", syscall.ENOSYS, syscall.EIO},
		{"unsupported", errors.ErrUnsupported, syscall.EIO},
		{"end in the middle", io.ErrUnexpectedEOF, syscall.EIO},
		// absence behind a failure is a failure
		{"unavailable and missing", errors.Join(iofs.ErrNotExist, client.ErrUnavailable), syscall.EIO},
		{"nonsense and missing", errors.Join(client.ErrNotFound, client.ErrProtocol), syscall.EIO},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := errnoOf(test.err); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if test.err == nil {
				return
			}
			if got := errnoOf(fmt.Errorf("listing: %w", test.err)); got != test.want {
				t.Errorf("wrapped: got %v, want %v", got, test.want)
			}
		})
	}
}

func TestACancellationThatNobodyAskedForIsNotAnInterrupt(t *testing.T) {
	v := &volume{log: slog.New(slog.DiscardHandler)}
	err := fmt.Errorf("the fetch was given up: %w", context.Canceled)
	if got := v.fail(t.Context(), "read", "/mnt/a", err); got != syscall.EIO {
		t.Errorf("got %v although no signal came, want EIO", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := v.fail(ctx, "read", "/mnt/a", err); got != syscall.EINTR {
		t.Errorf("got %v after a signal, want EINTR", got)
	}
}

func TestTheLogHasPathAndCauseOfAFailureOnce(t *testing.T) {
	var out bytes.Buffer
	v := &volume{log: slog.New(slog.NewTextHandler(&out, nil))}
	_ = v.fail(t.Context(), "open", "/mnt/S/P/raw.tif", fmt.Errorf("Dataset 1-2 is archived: %w", client.ErrArchived))
	_ = v.fail(t.Context(), "lookup", "/mnt/S/.git", iofs.ErrNotExist)
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines, want one:\n%s", n, out.String())
	}
	for _, want := range []string{"/mnt/S/P/raw.tif", "Dataset 1-2 is archived", "EIO", "open"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %s", want, out.String())
		}
	}
}
