package fs

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/meta"
)

// A program that copies a folder of small files waits a round trip for each of
// them. Whoever reads the files of one folder in order therefore gets the next
// ones ahead, over a few connections; more of them the longer it goes on.
const (
	siblingRun     = 3              // this many files in order, and the next are fetched
	siblingSlack   = 4              // several workers of one program read out of order by so much
	siblingFiles   = 32             // at most so many ahead,
	siblingBytes   = 4 << 20        // which are so large together: half of the smallest cache
	siblingFetches = 8              // at a time, so that other readers get connections too
	siblingFolders = 8              // that are watched
	siblingLargest = 256 << 10      // of a file: the round trip hardly matters for larger ones
	siblingOrders  = 2              // by name as listed, and by inode number as cp reads
	siblingStep    = 2 * siblingRun // files ahead at first
)

// siblings watches the order in which files are read, for the whole mount.
type siblings struct {
	vol   *volume
	slots chan struct{} // taken by each fetch

	mu      sync.Mutex
	folders []*folder // that used last comes first
}

// folder is one whose files are being read.
type folder struct {
	inode   uint64
	last    *meta.Entry // the file that was read last
	listing bool        // the files are being listed

	orders [siblingOrders]order // empty until two files were read
}

// order is one of the orders in which a program may go through a folder.
type order struct {
	files []*meta.Entry
	place map[uint64]int  // by inode number
	next  int             // the place after the last one read
	run   int             // files read in this order, one after the other
	until int             // what comes before was asked for
	ahead int             // how many files are asked for ahead
	ctx   context.Context // of the fetches of this run; nil when there are none
	stop  context.CancelFunc
}

func newSiblings(v *volume) *siblings {
	return &siblings{vol: v, slots: make(chan struct{}, siblingFetches)}
}

// begun is called when the start of the file is read.
func (n *fileNode) begun() {
	if _, parent := n.Parent(); parent != nil {
		if dir, ok := parent.Operations().(*dirNode); ok {
			n.vol.siblings.began(dir.entry.Load(), n.entry.Load())
		}
	}
}

// began is called when somebody begins to read a file of a folder.
func (s *siblings) began(dir, file *meta.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folder(dir.Inode)
	if f.last != nil && f.last.Inode == file.Inode {
		return
	}
	if f.orders[0].place == nil {
		if f.last != nil && !f.listing {
			f.listing = true
			s.vol.background.Go(func() { s.list(f, dir) })
		}
		f.last = file
		return
	}
	f.last = file
	for i := range f.orders {
		o := &f.orders[i]
		for _, e := range o.read(file) {
			s.fetch(o, e)
		}
	}
}

// folder returns the folder of that inode number, for which the one that was
// not used for longest may have to go.
func (s *siblings) folder(inode uint64) *folder {
	i := slices.IndexFunc(s.folders, func(f *folder) bool { return f.inode == inode })
	var f *folder
	switch {
	case i >= 0:
		f = s.folders[i]
	case len(s.folders) < siblingFolders:
		f, i = &folder{inode: inode}, len(s.folders)
		s.folders = append(s.folders, f)
	default:
		i = len(s.folders) - 1
		for o := range s.folders[i].orders {
			s.folders[i].orders[o].end()
		}
		f = &folder{inode: inode}
	}
	copy(s.folders[1:i+1], s.folders[:i])
	s.folders[0] = f
	return f
}

// list finds the files of a folder that are worth it. What it cannot list is
// not read ahead.
func (s *siblings) list(f *folder, dir *meta.Entry) {
	ctx, cancel := context.WithTimeout(s.vol.life, s.vol.listLimit)
	defer cancel()
	listing, err := s.vol.tree.List(ctx, dir)
	if err != nil {
		return
	}
	var files []*meta.Entry
	for i := range listing.Len() {
		if e := listing.At(i); e.Type == meta.File && readable(e) == nil {
			files = append(files, e)
		}
	}
	byInode := slices.SortedFunc(slices.Values(files), func(a, b *meta.Entry) int { return cmp.Compare(a.Inode, b.Inode) })
	named, numbered := newOrder(files), newOrder(byInode)
	s.mu.Lock()
	defer s.mu.Unlock()
	f.orders = [siblingOrders]order{named, numbered}
}

func newOrder(files []*meta.Entry) order {
	place := make(map[uint64]int, len(files))
	for i, e := range files {
		place[e.Inode] = i
	}
	return order{files: files, place: place, next: -1}
}

// read notes that e is read and returns what to fetch ahead.
func (o *order) read(e *meta.Entry) []*meta.Entry {
	at, known := o.place[e.Inode]
	switch {
	case !known:
		return nil
	case o.run > 0 && at >= o.next && at < o.next+siblingSlack:
		o.run++
	case o.run > 0 && at < o.next && at >= o.next-siblingSlack:
		return nil // late, or again
	default:
		o.end()
		o.run, o.until, o.ahead = 1, at+1, 0
	}
	o.next = at + 1
	if o.run < siblingRun || o.until-o.next > o.ahead/2 {
		return nil
	}
	o.ahead = min(max(2*o.ahead, siblingStep), siblingFiles)
	end := min(o.next+o.ahead, len(o.files))
	var bytes int64
	for _, e := range o.files[o.next:max(o.next, min(o.until, end))] {
		bytes += e.Size
	}
	var wanted []*meta.Entry
	for o.until = max(o.until, o.next); o.until < end; o.until++ {
		e := o.files[o.until]
		if e.Size == 0 || e.Size > siblingLargest {
			continue
		}
		if bytes += e.Size; bytes > siblingBytes {
			break
		}
		wanted = append(wanted, e)
	}
	return wanted
}

// end gives up what is being fetched: the program reads something else.
func (o *order) end() {
	if o.stop != nil {
		o.stop()
		o.ctx, o.stop = nil, nil
	}
}

// fetch brings a file into the cache, if it is not there.
func (s *siblings) fetch(o *order, e *meta.Entry) {
	if o.ctx == nil {
		o.ctx, o.stop = context.WithCancel(s.vol.life)
	}
	ctx := o.ctx
	s.vol.background.Go(func() {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-ctx.Done():
			return
		}
		file := s.vol.cache.Open(s.vol.contentKey(e), func() cache.Remote { return s.vol.remote(e) })
		defer func() { _ = file.Close() }()
		// The last byte is there when all is there and its checksum is right.
		var last [1]byte
		if _, err := file.ReadAt(ctx, last[:], e.Size-1); err != nil && !errors.Is(err, io.EOF) {
			s.vol.log.Debug("a file was not fetched ahead", "path", e.Path(), "err", err)
		}
	})
}
