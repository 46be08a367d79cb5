package fs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/openbisfs/openbisfs/cache"
	diskcache "github.com/openbisfs/openbisfs/cache/disk"
	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client"
	"github.com/openbisfs/openbisfs/client/openbistest"
	"github.com/openbisfs/openbisfs/meta"
)

// readLimit is the size in bytes up to which tests read whole files.
const readLimit = 8 << 20

// lab is a mounted simulator.
type lab struct {
	t      *testing.T
	dir    string // the mount point
	server *openbistest.Server
	tree   *meta.Tree
	cache  *cache.Store
	fs     *Server
	drafts *staging.Store
	blocks *diskcache.Cache
	log    *logBuffer
}

// labOptions are what tests want to be different.
type labOptions struct {
	lab         string // a specification for [openbistest.ParseLab]
	user        string
	server      *openbistest.Server // instead of a new one
	dir         string              // instead of a new directory
	simulator   openbistest.Options
	memory      int64
	metadata    time.Duration // time limits
	block       time.Duration
	ttl         time.Duration
	start       string
	tree        func(Tree) Tree // wraps the tree
	expectPanic bool
	write       string // staging directory; "" mounts read-only
	commitAfter time.Duration
	capacity    int64
	dropbox     string
	// How long the answer to a registration is waited for, and how long one that was not answered may still happen; 0 is the default.
	registration, settle time.Duration
	config               func(*Config)
	blocks               string // directory of the disk cache; "": none
}

func defaultOptions() labOptions {
	return labOptions{lab: "small", user: "demo", metadata: 10 * time.Second, block: 30 * time.Second, ttl: time.Hour}
}

// mountLab starts a simulator and mounts it. At the end of the test everything
// is taken down again, and nothing may be left: no goroutine, no descriptor,
// no secret in the log.
func mountLab(t *testing.T, change ...func(*labOptions)) *lab {
	t.Helper()
	o := defaultOptions()
	for _, c := range change {
		c(&o)
	}
	checkLeaks(t)
	l := &lab{t: t, server: o.server, dir: o.dir, log: new(logBuffer)}
	if l.dir == "" {
		l.dir = t.TempDir()
	}
	if l.server == nil {
		content, err := openbistest.ParseLab(o.lab)
		if err != nil {
			t.Fatal(err)
		}
		o.simulator.Lab = content
		l.server = openbistest.NewServer(t, o.simulator)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the mount:\n%s", l.log.tail())
		}
		l.log.mustHaveNoSecret(t)
	})
	l.mount(&o)
	return l
}

// mount wires client, tree, cache and file system as the command does.
func (l *lab) mount(o *labOptions) {
	t := l.t
	t.Helper()
	logger := slog.New(slog.NewTextHandler(l.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w, err := wire(t.Context(), l.server.URL, o, logger)
	if err != nil {
		t.Fatal(err)
	}
	l.tree, l.cache, l.drafts, l.blocks = w.tree, w.cache, w.drafts, w.blocks
	cfg := w.config
	cfg.OnPanic = func(value any, stack []byte) {
		if !o.expectPanic {
			t.Errorf("panic in a request: %v\n%s", value, stack)
		}
	}
	if o.tree != nil {
		cfg.Tree = o.tree(cfg.Tree)
	}
	if o.config != nil {
		o.config(&cfg)
	}
	mounted, err := Mount(t.Context(), l.dir, cfg)
	if err != nil {
		t.Fatal(errors.Join(err, w.close(t.Context())))
	}
	l.fs = mounted
	t.Cleanup(func() {
		if err := mounted.Unmount(); err != nil {
			t.Errorf("%v, used by:\n%s", err, usersOf(l.dir))
			if err := mounted.Detach(); err != nil {
				t.Error(err)
			}
		}
		l.server.Faults.Clear()
		if err := w.close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// wiring is everything below a mount.
type wiring struct {
	client *client.Client
	tree   *meta.Tree
	cache  *cache.Store
	config Config
	drafts *staging.Store
	blocks *diskcache.Cache
}

func wire(ctx context.Context, url string, o *labOptions, logger *slog.Logger) (*wiring, error) {
	c, err := client.New(client.Options{
		URL:             url,
		User:            o.user,
		Password:        func(context.Context) (string, error) { return o.user, nil }, // as in the demo lab
		MetadataTimeout: o.metadata,
		BlockTimeout:    o.block,

		RegistrationTimeout: o.registration,
		Logger:              logger,
	})
	if err != nil {
		return nil, err
	}
	if err := c.Connect(ctx); err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	w := &wiring{
		client: c,
		tree:   meta.New(c, meta.Options{TTL: o.ttl, Start: o.start, WebURL: url, Logger: logger}),
	}
	if o.blocks != "" {
		if w.blocks, err = diskcache.Open(o.blocks, diskcache.Options{Logger: logger}); err != nil {
			return nil, errors.Join(err, c.Close(ctx))
		}
	}
	w.cache = cache.New(cache.Options{Memory: o.memory, BlockTimeout: o.block, Logger: logger, Disk: w.blocks})
	if err := w.tree.Prepare(ctx); err != nil {
		return nil, errors.Join(err, w.close(ctx))
	}
	if o.write != "" {
		w.drafts, err = staging.Open(o.write, staging.Options{
			Server: "lab", Registrar: c, DataSetType: "RAW_DATA", Logger: logger, Rescan: time.Hour, Capacity: o.capacity,
			Registration: client.RegistrationOptions{Dropbox: o.dropbox}, Settle: o.settle,
		})
		if err != nil {
			return nil, errors.Join(err, w.close(ctx))
		}
	}
	w.config = Config{
		Staging:         w.drafts,
		StagingDir:      o.write,
		CommitAfter:     o.commitAfter,
		Tree:            w.tree,
		Cache:           w.cache,
		Remote:          func(e *meta.Entry) cache.Remote { return c.Content(e.DataSet, e.File) },
		Server:          url,
		UID:             uint32(os.Getuid()),
		GID:             uint32(os.Getgid()),
		DirTTL:          o.ttl,
		MetadataTimeout: o.metadata,
		BlockTimeout:    o.block,
		Logger:          logger,
	}
	return w, nil
}

// close takes down what is below a mount. The server may be gone already; then
// there is nobody to log out from.
func (w *wiring) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var err error
	if w.drafts != nil {
		err = w.drafts.Close(ctx)
	}
	w.tree.Close()
	err = errors.Join(err, w.client.Close(ctx))
	if errors.Is(err, client.ErrUnavailable) {
		err = nil
	}
	err = errors.Join(w.cache.Close(), err)
	if w.blocks != nil {
		err = errors.Join(err, w.blocks.Close())
	}
	return err
}

// path returns a path in the mount.
func (l *lab) path(elem ...string) string { return filepath.Join(append([]string{l.dir}, elem...)...) }

// calls returns the number of calls since the last look, of any method. The end of a
// file-transfer, which asks for nothing, comes some time after its file was closed.
func (l *lab) calls() int {
	n := 0
	for method, calls := range l.server.Calls() {
		if method != "file-transfer/finish" {
			n += calls
		}
	}
	l.server.ResetCounters()
	return n
}

// run runs a program, which must succeed, and returns what it printed.
func (l *lab) run(name string, args ...string) string {
	l.t.Helper()
	out, stderr, err := l.try(name, args...)
	if err != nil {
		l.t.Fatalf("%s %q: %v\n%s", name, args, err, stderr)
	}
	return out
}

// try runs a program from outside of the mount.
func (l *lab) try(name string, args ...string) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(l.t.Context(), name, args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// checkLeaks compares goroutines and descriptors at the end of the test with now.
func checkLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	descriptors := len(openDescriptors(t))
	t.Cleanup(func() {
		if err := goleak.Find(before); err != nil {
			t.Error(err)
		}
		if left := openDescriptors(t); len(left) > descriptors {
			t.Errorf("%d descriptors, %d before:\n%s", len(left), descriptors, strings.Join(left, "\n"))
		}
	})
}

// kept are descriptors that stay for later use: of the runtime (eventfd, epoll),
// of go-fuse (pipes for splicing, placeholders), and of this look itself.
var kept = regexp.MustCompile(`^(anon_inode:|pipe:|/dev/null$|/proc/)`)

func openDescriptors(t testing.TB) []string {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && !kept.MatchString(target) {
			open = append(open, target)
		}
	}
	return open
}

func usersOf(dir string) string {
	out, _ := exec.Command("fuser", "-vm", dir).CombinedOutput() //nolint:noctx // a hint, after the test's own context ended
	return string(out)
}

// logBuffer collects the log of a mount.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns everything so far.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *logBuffer) tail() string {
	const most = 20_000
	s := b.String()
	return s[max(0, len(s)-most):]
}

// errors returns the lines of level ERROR.
func (b *logBuffer) errors() []string {
	var found []string
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "level=ERROR") {
			found = append(found, line)
		}
	}
	return found
}

// secret recognises session tokens.
var secret = regexp.MustCompile(`-\d{15}x[0-9A-F]{32}`)

func (b *logBuffer) mustHaveNoSecret(t *testing.T) {
	for line := range strings.Lines(b.String()) {
		if secret.MatchString(line) {
			t.Errorf("a secret in the log: %s", line)
		}
	}
}
