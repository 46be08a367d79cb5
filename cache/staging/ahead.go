package staging

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/openbisfs/openbisfs/client"
)

const (
	defaultAhead = 16 << 20 // bytes that are written before any is sent
	aheadLag     = 8 << 20  // bytes behind the place of writing that are left alone: programs go back a little
)

// AheadUploader is a [Registrar] that takes the beginning of a file before the rest is written.
type AheadUploader interface {
	// UploadAhead sends what content says is ready, and returns when it says that there is no more. UploadDataSet, with the
	// same plan, then sends the rest, and what is not unchanged. After an error the plan must not be used any more.
	UploadAhead(ctx context.Context, plan client.Plan, ds *client.NewDataSet, content client.Growing) error
}

var _ AheadUploader = (*client.Client)(nil)

var errNoMore = errors.New("nothing more is sent ahead")

// ahead follows the writing of a file draft, and has its beginning uploaded when that has been written from front to back.
// It knows what was read to be sent and has been written since. It lives from the draft's creation until a plan is made.
type ahead struct {
	draft *Draft
	done  chan struct{} // closed when the upload has ended, if it was begun

	mu      sync.Mutex
	cancel  context.CancelFunc // of the upload; nil before
	front   int64              // bytes that were written in order
	lag     int64
	begun   bool
	over    bool    // nothing more is sent
	useless bool    // what was sent is of no use
	planned bool    // the plan is in the journal: something may have been sent
	read    []patch // to be sent, sorted
	changed chan struct{}
}

// patch is a part of the file that was read.
type patch struct {
	off, end int64
	stale    bool // written since
}

// followWriting begins to follow the writing of a new file draft, if its beginning can be sent ahead.
func (d *Draft) followWriting() {
	s := d.store
	if _, ok := s.opts.Registrar.(AheadUploader); !ok || s.opts.Workers <= 0 || s.opts.Ahead < 0 || d.rec.Directory {
		return
	}
	d.ahead = &ahead{draft: d, lag: min(aheadLag, s.opts.Ahead/2), done: make(chan struct{})}
}

// early returns what the draft has of an upload ahead, which may be nothing.
func (d *Draft) early() *ahead {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ahead
}

// forgo ends an upload ahead for good. What it has sent is removed from the server when another plan is made.
func (d *Draft) forgo() {
	d.mu.Lock()
	a := d.ahead
	d.ahead = nil
	d.mu.Unlock()
	if a != nil {
		a.spoil()
	}
}

// wrote is told that the bytes from off up to end were written.
func (a *ahead) wrote(off, end int64) {
	if a == nil || end <= off {
		return
	}
	a.mu.Lock()
	i, _ := slices.BinarySearchFunc(a.read, off, func(p patch, off int64) int {
		if p.end <= off {
			return -1
		}
		return 1
	})
	for ; i < len(a.read) && a.read[i].off < end; i++ {
		a.read[i].stale = true
	}
	begin := false
	if off <= a.front && end > a.front {
		a.front = end
		a.tell()
		if begin = !a.begun && !a.over && a.front >= a.draft.store.opts.Ahead; begin {
			a.begun = true
		}
	}
	a.mu.Unlock()
	if begin {
		a.begin()
	}
}

// truncated is told of a new size. The server can't make shorter what it has.
func (a *ahead) truncated(size int64) {
	if a == nil {
		return
	}
	a.mu.Lock()
	a.front = min(a.front, size)
	last := len(a.read) - 1
	tooMuch := last >= 0 && a.read[last].end > size
	a.mu.Unlock()
	if tooMuch {
		a.spoil()
	}
}

// spoil ends the upload; what it has sent is of no use.
func (a *ahead) spoil() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over, a.useless = true, true
	a.tell()
	if a.cancel != nil {
		a.cancel()
	}
}

// finish has everything sent that is complete, because nobody writes any more, until stop.
func (a *ahead) finish(lag int64) {
	if a == nil {
		return
	}
	a.mu.Lock()
	a.lag = lag
	a.tell()
	a.mu.Unlock()
}

// stop lets nothing more be sent.
func (a *ahead) stop() {
	a.mu.Lock()
	a.over = true
	a.tell()
	a.mu.Unlock()
}

// usable waits until what was sent is answered, and tells whether the plan may be used: nothing is under way that was not.
func (a *ahead) usable(ctx context.Context) bool {
	a.mu.Lock()
	planned := a.planned
	a.mu.Unlock()
	if !planned {
		return false
	}
	select {
	case <-a.done:
	case <-ctx.Done():
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.useless
}

// tell wakes Await. The mutex is held.
func (a *ahead) tell() {
	if a.changed != nil {
		close(a.changed)
		a.changed = nil
	}
}

// begin starts the upload, unless others are sent ahead already: then the next write tries again.
func (a *ahead) begin() {
	s := a.draft.store
	select {
	case s.running <- struct{}{}:
	default:
		a.mu.Lock()
		a.begun = false
		a.mu.Unlock()
		return
	}
	if !s.enter() {
		<-s.running
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	a.mu.Lock()
	a.cancel = cancel
	if a.over {
		cancel()
	}
	a.mu.Unlock()
	go func() {
		defer s.wg.Done()
		defer func() { <-s.running }()
		defer close(a.done)
		defer cancel()
		if err := a.run(ctx); err != nil {
			a.spoil()
			s.log.Debug("nothing was sent ahead", "draft", a.draft.id, "err", err)
		}
	}()
}

// run plans the registration and sends what is ready.
func (a *ahead) run(ctx context.Context) error {
	d, s := a.draft, a.draft.store
	if name := d.Name(); Temporary(name) || rsyncTemporary(name) || sedTemporary(name) {
		return ErrTemporary // its final name is another, or it has none
	}
	plan, err := s.opts.Registrar.PlanRegistration(ctx, s.opts.Registration)
	s.answered(err)
	if err != nil {
		return err
	}
	var ds *client.NewDataSet
	err = d.exclusive(ctx, func() error {
		if d.State() != Opened || d.early() != a {
			return errNoMore
		}
		r := d.revise(Opened)
		r.Plan = &plan
		if err := d.amend(r); err != nil {
			return err
		}
		ds = d.describe(r)
		ds.Files = []client.NewFile{{}}
		a.mu.Lock()
		a.planned = true
		a.mu.Unlock()
		return nil
	})
	if err != nil {
		return err
	}
	file, err := s.disk.Open(d.Root(), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(s.opts.Registrar.(AheadUploader).UploadAhead(ctx, plan, ds, growing{file, a}), file.Close())
}

// growing is a file that is being written.
type growing struct {
	io.ReaderAt
	a *ahead
}

var _ client.Growing = growing{}

// Await implements [client.Growing].
func (g growing) Await(ctx context.Context, end int64) error {
	for a := g.a; ; {
		a.mu.Lock()
		if a.over {
			a.mu.Unlock()
			return errNoMore
		}
		if end+a.lag <= a.front {
			a.mu.Unlock()
			return nil
		}
		if a.changed == nil {
			a.changed = make(chan struct{})
		}
		changed := a.changed
		a.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Reading implements [client.Growing]. A write that was under way before is noticed when it ends.
func (g growing) Reading(off, end int64) {
	g.a.mu.Lock()
	defer g.a.mu.Unlock()
	i, _ := slices.BinarySearchFunc(g.a.read, off, func(p patch, off int64) int { return int(min(max(p.off-off, -1), 1)) })
	g.a.read = slices.Insert(g.a.read, i, patch{off: off, end: end})
	if end > g.a.front { // it was made shorter since
		g.a.read[i].stale = true
	}
}

// Unchanged implements [client.Growing].
func (g growing) Unchanged(off, end int64) bool {
	g.a.mu.Lock()
	defer g.a.mu.Unlock()
	return !g.a.useless && slices.Contains(g.a.read, patch{off: off, end: end})
}
