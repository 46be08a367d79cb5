package staging

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

const (
	defaultWorkers = 2
	defaultSettle  = 20 * time.Minute
	settleRate     = 10 << 20 // bytes per second that a data store moves at least
	defaultRescan  = time.Minute
)

// Options are what a Store is made with. Server is needed; without a Registrar nothing is registered.
type Options struct {
	// Server names the server, and the user if several share the directory: drafts are seen only under the same Server.
	Server    string
	Registrar Registrar
	// Registration says through which service and data store, for drafts that have no plan yet.
	Registration client.RegistrationOptions
	DataSetType  string // code, for drafts whose Meta has none

	Capacity int64 // bytes of staged files; 0 means no limit
	// Ahead is how many bytes of a file have to be written, from front to back, before its upload begins while it is being
	// written still; 0 means 16 MiB, less than 0 that uploads begin when files are sealed. It needs an [AheadUploader].
	Ahead   int64
	Workers int // drafts uploaded at the same time; 0 means 2, less than 0 none: to list and change drafts only
	// Settle is how long "the server does not have it" is not believed after an attempt whose outcome is unknown, where
	// the server itself does not prevent a second registration: the longest time that a registration may go on after
	// its answer was lost. A second is added for each 10 MiB. 0 means 20 minutes: an application server gives a data store
	// that says nothing up after 15 (server-timeout), but has no limit for one that goes on.
	Settle time.Duration
	Rescan time.Duration // how often drafts of other processes are looked for; 0 means every minute

	// OnRegistered is called once for each Dataset that this Store registers or finds registered, from a worker, before
	// Commit returns. It must not call what changes the draft on disk; Release it may.
	OnRegistered func(d *Draft, permID string)
	Logger       *slog.Logger // nil discards

	disk disk // nil means the real one
	deaf bool // scans only: the clock of a test stands still while a goroutine waits for the kernel
}

// Store has the drafts of one server in a directory that other processes may use at the same time. It is safe for
// concurrent use.
type Store struct {
	opts   Options
	dir    string // STAGING/SERVER
	disk   disk
	log    *slog.Logger
	budget budget
	queue  *queue

	ctx         context.Context // until Close begins: everything but a registration that was sent
	cancel      context.CancelFunc
	registerCtx context.Context // until Close ends
	cancelSent  context.CancelFunc
	wg          sync.WaitGroup
	running     chan struct{} // full when as many uploads ahead are under way as may be
	scanned     chan struct{} // closed after the first scan
	news        *news         // nil: of other processes only scans tell

	mu     sync.Mutex
	closed bool
	watch  func(*Draft)
	drafts map[string]*Draft // by ID

	family  succession
	changed chan struct{} // closed at the next change of any draft; nil when nobody waits
}

// Open returns the Store of a server in the staging directory dir, which is made if it is not there. It reads no draft:
// what is there is found and resumed in the background. The Store needs a Close.
func Open(dir string, opts Options) (*Store, error) {
	if opts.Server == "" {
		return nil, errors.New("staging: no server named")
	}
	if opts.disk == nil {
		opts.disk = osDisk{}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Workers == 0 {
		opts.Workers = defaultWorkers
	}
	if opts.Registrar == nil {
		opts.Workers = 0
	}
	if opts.Settle == 0 {
		opts.Settle = defaultSettle
	}
	if opts.Ahead == 0 {
		opts.Ahead = defaultAhead
	}
	if opts.Rescan == 0 {
		opts.Rescan = defaultRescan
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, local(err)
	}
	home := filepath.Join(dir, directoryName(opts.Server))
	if err := mkdirAll(opts.disk, dir, filepath.Dir(dir), 0o700); err != nil {
		return nil, local(err)
	}
	if err := mkdirAll(opts.disk, home, dir, 0o700); err != nil {
		return nil, local(err)
	}
	s := &Store{
		opts: opts, dir: home, disk: opts.disk, log: opts.Logger,
		budget: budget{capacity: opts.Capacity}, queue: newQueue(),
		running: make(chan struct{}, max(opts.Workers, 0)),
		scanned: make(chan struct{}), drafts: make(map[string]*Draft),
	}
	s.family.waiting, s.family.legacy = make(map[string]map[*Draft]bool), make(map[string]string)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.registerCtx, s.cancelSent = context.WithCancel(context.Background())
	if opts.Workers >= 0 && !opts.deaf { // whoever only lists is done before there is news
		if s.news, err = listen(home); err != nil {
			s.log.Debug("what other processes do is seen from time to time only", "err", err)
		}
		s.wg.Go(s.hear)
	}
	s.wg.Go(s.scanLoop)
	for range opts.Workers {
		s.wg.Go(s.work)
	}
	return s, nil
}

// Close ends the work: uploads stop where they are, a registration that was sent is waited for until ctx is done. What
// is verified is released, also if it was kept for reading; everything else stays on disk for the next Store.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.news.close()
	stop := context.AfterFunc(ctx, s.cancelSent)
	s.wg.Wait()
	stop()
	s.cancelSent()
	var errs []error
	for _, d := range s.Drafts() {
		errs = append(errs, d.close())
	}
	return errors.Join(errs...)
}

// Scanned is closed when all drafts that were there at Open are in [Store.Drafts].
func (s *Store) Scanned() <-chan struct{} { return s.scanned }

// Drafts returns the drafts that are known so far, oldest first.
func (s *Store) Drafts() []*Draft {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.drafts), func(a, b *Draft) int { return strings.Compare(a.id, b.id) })
}

// Draft returns the draft with an ID, or [ErrGone].
func (s *Store) Draft(id string) (*Draft, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.drafts[id]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("draft %s: %w", id, ErrGone)
}

// Create makes an empty draft: a file of no bytes, or an empty directory. It stays open, and its local copy stays until
// [Draft.Release], for the process that created it.
func (s *Store) Create(owner Owner, name string, directory bool) (*Draft, error) {
	if err := checkName(name); err != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: err}
	}
	if !s.enter() {
		return nil, ErrClosed
	}
	defer s.wg.Done()
	now := time.Now().UTC()
	id := now.Format("20060102T150405.000") + "-" + strings.ToLower(rand.Text()[:10])
	d := newDraft(s, id)
	d.pinned, d.own = true, true
	d.rec = &record{
		Version: recordVersion, ID: id, Server: s.opts.Server, State: Opened,
		Owner: owner, Name: name, Directory: directory, Created: now, Changed: now,
	}
	d.followWriting()
	// It is known before it is there: nobody may take it for the draft of another process.
	s.mu.Lock()
	s.drafts[id] = d
	s.mu.Unlock()
	if err := s.build(d); err != nil {
		s.forget(d)
		return nil, local(err)
	}
	return d, nil
}

// build brings a new draft to disk. It appears under its name when it is complete, and locked.
func (s *Store) build(d *Draft) (err error) {
	making := filepath.Join(s.dir, newPrefix+d.id)
	if err := s.disk.Mkdir(making, 0o700); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			if d.lock != nil {
				d.lock.unlock()
			}
			_ = s.disk.RemoveAll(making)
		}
	}()
	if d.lock, err = lockDraft(making); err != nil {
		return err
	}
	data := filepath.Join(making, dataFile)
	if d.rec.Directory {
		err = s.disk.Mkdir(data, 0o700)
	} else {
		var f diskFile
		if f, err = s.disk.Open(data, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		return err
	}
	if err := writeRecord(s.disk, making, d.rec); err != nil {
		return err
	}
	if err := s.disk.Rename(making, d.dir); err != nil {
		return err
	}
	if err := s.disk.SyncDir(s.dir); err != nil {
		making = d.dir // it is empty: take it away again
		return err
	}
	return nil
}

// enter keeps Close waiting until s.wg.Done; it returns false when the Store is closed.
func (s *Store) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Add(1)
	return true
}

// forget removes a draft that is gone from disk.
func (s *Store) forget(d *Draft) {
	r := d.record()
	s.link(d, r.Predecessor, "")
	s.mu.Lock()
	s.bequeath(d.id, r.PermID)
	delete(s.drafts, d.id)
	s.mu.Unlock()
	s.queue.remove(d)
	d.setBytes(0)
}

// Drain waits until no draft is on its way any more: each is registered and released, or kept for reading, or needs
// somebody's decision. It returns how many are on their way still when ctx ends the wait, with ctx's error.
func (s *Store) Drain(ctx context.Context) (left int, err error) {
	select {
	case <-s.scanned:
	case <-ctx.Done():
		return len(s.Drafts()), context.Cause(ctx)
	case <-s.ctx.Done():
		return len(s.Drafts()), ErrClosed
	}
	for {
		s.mu.Lock()
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		left = s.moving()
		if left == 0 {
			return 0, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return left, context.Cause(ctx)
		case <-s.ctx.Done():
			return left, ErrClosed
		}
	}
}

// moving counts the drafts that are on their way. It is asked for at every change of any of them.
func (s *Store) moving() (n int) {
	s.mu.Lock()
	drafts := slices.Collect(maps.Values(s.drafts))
	s.mu.Unlock()
	for _, d := range drafts {
		if d.moving() {
			n++
		}
	}
	return n
}

// notify wakes those who wait in Drain.
func (s *Store) notify() {
	s.mu.Lock()
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
	s.mu.Unlock()
}

// directoryName makes a directory's name of a server's, legible and different for different ones.
func directoryName(server string) string {
	legible := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '@':
			return c
		}
		return '_'
	}, server)
	legible = strings.TrimLeft(legible, ".")
	return fmt.Sprintf("%.100s-%08x", legible, crc32.ChecksumIEEE([]byte(server)))
}
