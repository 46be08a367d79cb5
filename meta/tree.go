package meta

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	// DefaultTTL is how long a listing is believed by default.
	DefaultTTL = time.Minute
	// DefaultTimeout bounds one listing, with all its pages, by default.
	DefaultTimeout = 2 * time.Minute
	// DefaultMemory bounds the memory for listings by default, in bytes.
	DefaultMemory = 256 << 20
)

var (
	// ErrNotExist is returned for names that do not exist, or that the user may
	// not see. Nothing else is.
	ErrNotExist = fs.ErrNotExist
	// ErrNotDir is returned for the listing of something that is no directory.
	ErrNotDir = errors.New("not a directory")
)

// Options are the choices that a Tree leaves to its user.
type Options struct {
	// TTL is how long an answer of the server is believed; DefaultTTL if it is
	// zero. If it is negative, every call asks, except for immutable things.
	TTL time.Duration
	// Start is the path of the entity that becomes the root of the tree, in any
	// letter case: "/SPACE/PROJECT". Empty or "/" means the whole server.
	Start string
	// WebURL is the address of the web UI, with or without "/openbis" at its end;
	// documents have no links if it is empty.
	WebURL string
	// Timeout bounds one listing, with all its pages; DefaultTimeout if it is zero. A Collection may take ten times as long.
	Timeout time.Duration
	// Memory bounds what is remembered, in bytes; DefaultMemory if it is zero. The answer that came last is kept whatever its size.
	Memory int64
	// Clock replaces time.Now.
	Clock func() time.Time
	// Logger gets what is odd about the server's answers; nothing is logged if it is nil.
	Logger *slog.Logger
}

// Tree is the directory tree of one server, as one user sees it. It is safe for
// concurrent use. It needs a Close.
type Tree struct {
	src     *watchedSource
	answers *answers
	ttl     time.Duration
	start   []string
	web     webUI
	clock   func() time.Time
	log     *slog.Logger
	odd     oddities

	forgotten forgotten

	server *Entry // the root of the whole server

	mu   sync.Mutex
	root *Entry // where the tree starts; nil until it is known
}

// New returns the tree of a server. It does not ask the server for anything.
func New(src Source, opts Options) *Tree {
	t := &Tree{
		ttl:   opts.TTL,
		web:   newWebUI(opts.WebURL),
		clock: opts.Clock,
		log:   opts.Logger,
	}
	if t.ttl == 0 {
		t.ttl = DefaultTTL
	}
	if t.clock == nil {
		t.clock = time.Now
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if opts.Timeout == 0 {
		opts.Timeout = DefaultTimeout
	}
	if opts.Memory == 0 {
		opts.Memory = DefaultMemory
	}
	t.odd.log = t.log
	t.start = strings.FieldsFunc(opts.Start, func(r rune) bool { return r == '/' })
	t.src = newWatchedSource(src, t.log)
	t.answers = newAnswers(opts.Timeout, int(opts.Memory), t.clock, t.src.down)
	t.server = &Entry{Name: "", Type: Dir, Inode: RootInode, id: id{kind: kindRoot}}
	if len(t.start) == 0 {
		t.root = t.server
	}
	return t
}

// Close ends all that is under way and waits for it. Nothing is remembered afterwards.
func (t *Tree) Close() { t.answers.close() }

// TTL returns how long entries may be believed that are not [Entry.Immutable].
func (t *Tree) TTL() time.Duration { return max(t.ttl, 0) }

// Root returns the directory where the tree starts. The first call asks the
// server if that is not the server's root; it fails with ErrNotExist, and with
// the name of the first part of Options.Start that does not exist.
func (t *Tree) Root(ctx context.Context) (*Entry, error) {
	t.mu.Lock()
	root := t.root
	t.mu.Unlock()
	if root != nil {
		return root, nil
	}
	root = t.server
	for _, segment := range t.start {
		e, err := t.Lookup(ctx, root, segment)
		if err == nil && e.Type != Dir {
			err = ErrNotDir
		}
		if err != nil {
			return nil, fmt.Errorf("start at /%s: %q in %s: %w", strings.Join(t.start, "/"), segment, root.Path(), err)
		}
		root = e
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.root == nil {
		t.root = root
	}
	return t.root, nil
}

// Prepare asks for what the documents of all directories need, so that no
// listing has to. Listings do without it if it fails.
func (t *Tree) Prepare(ctx context.Context) error {
	_, err := t.schema(ctx)
	if err != nil {
		return fmt.Errorf("property types and vocabularies: %w", err)
	}
	_, err = t.instance(ctx)
	if err != nil {
		return fmt.Errorf("server information: %w", err)
	}
	return nil
}

// List returns all entries of a directory.
func (t *Tree) List(ctx context.Context, dir *Entry) (*Listing, error) {
	if dir.id.kind == kindFolder {
		return t.folder(ctx, dir)
	}
	s, err := t.snapshot(ctx, dir)
	if err != nil {
		return nil, err
	}
	return t.withDocument(ctx, s)
}

// Lookup returns the entry of a directory that name means: the one of that
// name, or else an entity of that code, in any letter case, of that permId, or
// of that "NAME [permId]". It fails with ErrNotExist if there is none.
func (t *Tree) Lookup(ctx context.Context, dir *Entry, name string) (*Entry, error) {
	e, err := t.find(ctx, dir, name)
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, &fs.PathError{Op: "lookup", Path: strings.TrimSuffix(dir.Path(), "/") + "/" + name, Err: ErrNotExist}
	}
	return e, nil
}

func (t *Tree) find(ctx context.Context, dir *Entry, name string) (*Entry, error) {
	if dir.id.kind == kindFolder {
		l, err := t.folder(ctx, dir)
		if err != nil {
			return nil, err
		}
		e, _ := l.Find(name)
		return e, nil
	}
	if dir.id.kind == kindCollection && !strings.HasPrefix(name, ".") {
		if e := t.arrived(ctx, dir, name); e != nil {
			return e, nil
		}
	}
	s, err := t.snapshot(ctx, dir)
	if err != nil {
		return nil, err
	}
	if e, ok := s.listing.Find(name); ok {
		return e, nil
	}
	if name == documentName {
		l, err := t.withDocument(ctx, s)
		if err != nil {
			return nil, err
		}
		e, _ := l.Find(name)
		return e, nil
	}
	if e, ok := s.listing.findAlias(name); ok {
		return e, nil
	}
	return nil, nil
}
