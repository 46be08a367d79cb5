package fs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
)

// The fault matrix uses helpers that live on: they get their orders through their standard input and output, as calls
// of net/rpc, many at a time. One serves mounts, the other one is the program that saves into them.

// helperServe serves calls to what the argument names, until standard input ends.
func helperServe(args []string) (any, error) {
	host := &mountHost{mounts: make(map[string]*hostedMount)}
	service, ok := map[string]any{"mounts": host, "programs": &programs{}}[args[0]]
	if !ok {
		return nil, fmt.Errorf("no service %q", args[0])
	}
	server := rpc.NewServer()
	if err := server.RegisterName("Remote", service); err != nil {
		return nil, err
	}
	server.ServeConn(pipe{os.Stdin, os.Stdout})
	return nil, host.abandon()
}

type pipe struct {
	io.ReadCloser
	io.WriteCloser
}

// Close closes both directions.
func (p pipe) Close() error { return errors.Join(p.ReadCloser.Close(), p.WriteCloser.Close()) }

// remote is another process that takes orders.
type remote struct {
	*rpc.Client
	cmd  *exec.Cmd
	log  *logBuffer
	done func() // waits for its end
}

// startRemote starts a helper that serves until the end of the test, unless it is killed before.
func startRemote(t *testing.T, service string) *remote {
	t.Helper()
	r := &remote{cmd: helperCommand(context.WithoutCancel(t.Context()), "serve", service), log: new(logBuffer)}
	r.cmd.Stderr = r.log
	in, err := r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.Client = rpc.NewClient(pipe{out, in})
	r.done = sync.OnceFunc(func() { _ = r.cmd.Wait() }) // its end says nothing: it may have been killed
	t.Cleanup(func() {
		_ = r.Close() // it may have ended
		r.done()
		r.log.mustHaveNoSecret(t)
		if text := r.log.String(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic") {
			t.Errorf("another process says:\n%s", text)
		}
	})
	return r
}

// call has the remote do something and returns its answer.
func call[T any](r *remote, method string, args any) (answer T, err error) {
	err = r.Call("Remote."+method, args, &answer)
	return answer, err
}

// mountHost serves mounts, by their directory.
type mountHost struct {
	mu     sync.Mutex
	mounts map[string]*hostedMount
}

type hostedMount struct {
	*wiring
	server *Server
}

// MountOrder says what to mount, and where.
type MountOrder struct {
	Name, URL, Dir, Drafts, Route  string
	Metadata, Registration, Settle time.Duration
}

// Mount mounts.
func (h *mountHost) Mount(m MountOrder, _ *bool) error {
	o := defaultOptions()
	o.metadata, o.block, o.registration, o.settle = m.Metadata, m.Metadata, m.Registration, m.Settle
	o.write, o.dropbox = m.Drafts, m.Route
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})).With("cell", m.Name)
	ctx := context.Background()
	w, err := wire(ctx, m.URL, &o, logger)
	if err != nil {
		return err
	}
	cfg := w.config
	cfg.OnPanic = func(value any, stack []byte) { fmt.Fprintf(os.Stderr, "panic: %v\n%s", value, stack) }
	cfg.CloseTimeout = 5 * time.Minute // nothing takes as long
	server, err := Mount(ctx, m.Dir, cfg)
	if err != nil {
		return errors.Join(err, w.close(ctx))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mounts[m.Dir] = &hostedMount{w, server}
	return nil
}

func (h *mountHost) at(dir string) (*hostedMount, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m := h.mounts[dir]; m != nil {
		return m, nil
	}
	return nil, fmt.Errorf("nothing is mounted on %s", dir)
}

// Unmount unmounts, and ends what is below the mount.
func (h *mountHost) Unmount(dir string, _ *bool) error {
	m, err := h.at(dir)
	if err != nil {
		return err
	}
	if err := m.server.Unmount(); err != nil {
		return err
	}
	h.mu.Lock()
	delete(h.mounts, dir)
	h.mu.Unlock()
	err = m.close(context.Background())
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // to log out takes too long on a machine that has much to do
	}
	return err
}

// abandon ends all mounts whoever uses them.
func (h *mountHost) abandon() error {
	var err error
	for _, m := range h.mounts {
		err = errors.Join(err, m.server.Detach())
	}
	return err
}

// Place is a path in a mount, relative to its directory.
type Place struct{ Dir, Path string }

// Commit registers a draft as `openbisfs commit` does, and answers with the errno.
func (h *mountHost) Commit(p Place, errno *string) error {
	m, err := h.at(p.Dir)
	if err != nil {
		return err
	}
	if _, err := m.server.Commit(context.Background(), p.Path); err != nil {
		*errno = errorName(stagedErrno(err))
	}
	return nil
}

// DraftStatus is what is known of a draft.
type DraftStatus struct {
	ID, Name, Reason string
	State            staging.State
}

// Drafts returns what is staged, when everything has come to where it needs somebody, or the server has it.
func (h *mountHost) Drafts(dir string, list *[]DraftStatus) error {
	m, err := h.at(dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = m.drafts.Drain(ctx)
	for _, d := range m.drafts.Drafts() {
		s := DraftStatus{ID: d.ID(), Name: d.Name(), State: d.State()}
		if d.Err() != nil {
			s.Reason = d.Err().Error()
		}
		*list = append(*list, s)
	}
	if err != nil {
		return fmt.Errorf("the drafts don't settle: %w: %+v", err, *list)
	}
	return nil
}

// Retry lets all drafts of a mount go on that need somebody, as `openbisfs uploads retry` does.
func (h *mountHost) Retry(dir string, _ *bool) error {
	m, err := h.at(dir)
	if err != nil {
		return err
	}
	for _, d := range m.drafts.Drafts() {
		if state := d.State(); state == staging.Failed || state == staging.Held {
			err = errors.Join(err, d.Retry(context.Background()))
		}
	}
	return err
}

// programs are what saves into mounts.
type programs struct{}

// Save is what a program writes: a file at Path, or a directory with files in it. Each file is written in pieces.
type Save struct {
	Path      string
	Directory bool
	Files     map[string][][]byte // by path in the directory; "" is the file itself
}

// Outcome is what a program was told: at which step and with which errno it failed, "" if it has not; and how many
// bytes of which files were taken.
type Outcome struct {
	Step, Errno string
	Taken       map[string]int
}

// Save creates, writes and closes the files, and gives up at the first error.
func (*programs) Save(s Save, o *Outcome) error {
	o.Taken = make(map[string]int)
	step, err := s.run(o.Taken)
	if err != nil {
		o.Step, o.Errno = step, errorName(err)
	}
	return nil
}

func (s *Save) run(taken map[string]int) (step string, err error) {
	if s.Directory {
		if err := os.Mkdir(s.Path, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return "mkdir", err
		}
	}
	for _, rel := range slices.Sorted(maps.Keys(s.Files)) {
		path := filepath.Join(s.Path, rel)
		if parent := filepath.Dir(rel); s.Directory && parent != "." {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return "mkdir", err
			}
		}
		if step, err := s.write(path, s.Files[rel], func(n int) { taken[rel] += n }); err != nil {
			return step, err
		}
	}
	return "", nil
}

// write saves one file; took is told how many bytes were taken each time.
func (s *Save) write(path string, pieces [][]byte, took func(int)) (step string, err error) {
	f, err := os.Create(path)
	if err != nil {
		return "create", err
	}
	took(0)
	for _, piece := range pieces {
		n, err := f.Write(piece)
		took(n)
		if err != nil {
			_ = f.Close() // as programs do that know already that they have failed
			return "write", err
		}
	}
	return "close", f.Close()
}

// List reads a directory, after which the mount knows it.
func (*programs) List(dir string, names *[]string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		*names = append(*names, e.Name())
	}
	return err
}
