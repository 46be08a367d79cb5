package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/fs"
	"github.com/openbisfs/openbisfs/meta"
)

const (
	progressPause = 250 * time.Millisecond
	// mostCommits is how many drafts are waited for at the same time.
	mostCommits = 64
	// requestLimit is how long a peer may take to say what it wants.
	requestLimit = 10 * time.Second
)

// controlled answers the commands for one mount.
type controlled struct {
	info    mountInfo
	mount   *fs.Server
	staging *stagingArea // nil: read-only
	locate  func(ctx context.Context, id string) ([]meta.Location, error)
}

func newControlled(job *mountJob, mount *fs.Server, tree *meta.Tree, area *stagingArea) *controlled {
	c := &controlled{mount: mount, staging: area, locate: tree.Locate, info: mountInfo{
		MountPoint: job.MountPoint, Target: job.Target.String(), Process: os.Getpid(), Version: thisBuild().Version,
		Since: time.Now().UTC().Truncate(time.Second), Writable: area != nil,
	}}
	if area != nil {
		c.info.Server, c.info.StagingDir = area.server, job.Write.StagingDir
	}
	return c
}

// serve answers on the listener until it is closed, and returns when the last answer is given.
func (c *controlled) serve(ctx context.Context, listener net.Listener) {
	ctx, cancel := context.WithCancel(ctx)
	var answering sync.WaitGroup
	for {
		conn, err := listener.Accept()
		if err != nil {
			break
		}
		answering.Go(func() {
			defer conn.Close()
			c.answer(ctx, conn)
		})
	}
	cancel()
	answering.Wait()
}

// answer does what one peer wants.
func (c *controlled) answer(ctx context.Context, conn net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	var req request
	_ = conn.SetReadDeadline(time.Now().Add(requestLimit))
	if json.NewDecoder(conn).Decode(&req) != nil {
		return // whoever only looked which process this is
	}
	_ = conn.SetReadDeadline(time.Time{})
	out := json.NewEncoder(conn)
	if uid, err := peerUser(conn); err != nil || uid != 0 && uid != os.Getuid() {
		_ = out.Encode(reply{Done: true, Error: "this is the mount of another user"})
		return
	}
	go func() {
		// The peer says nothing more: it hangs up.
		_, _ = conn.Read(make([]byte, 1))
		cancel()
	}()
	last, err := c.do(ctx, req, func(r reply) { _ = out.Encode(r) })
	if err != nil {
		last.Error = err.Error()
	}
	last.Done = true
	_ = out.Encode(last)
}

// peerUser returns the user at the other end.
func peerUser(conn net.Conn) (uid int, err error) {
	peer, err := peerOf(conn)
	if err != nil {
		return 0, err
	}
	return int(peer.Uid), nil
}

func peerOf(conn net.Conn) (peer *unix.Ucred, err error) {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		peer, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	return peer, errors.Join(err, failed)
}

func (c *controlled) do(ctx context.Context, req request, progress func(reply)) (reply, error) {
	switch req.Op {
	case opStatus:
		return c.status(), nil
	case opLocate:
		return c.find(ctx, req.IDs)
	}
	if c.staging == nil {
		if req.Op == opDrain {
			return reply{}, nil
		}
		return reply{}, errors.New("the mount is read-only")
	}
	switch req.Op {
	case opCommit:
		return c.each(ctx, req, progress, c.mount.CommitDraft), nil
	case opRetry:
		return c.each(ctx, req, progress, func(ctx context.Context, d *staging.Draft) error { return d.Retry(ctx) }), nil
	case opDiscard:
		return c.each(ctx, req, progress, func(ctx context.Context, d *staging.Draft) error { return d.Discard(ctx) }), nil
	case opDrain:
		return c.drain(ctx, progress)
	case opBelow:
		drafts, err := c.mount.Below(ctx, req.Path)
		return reply{Drafts: infos(drafts)}, err
	default:
		return reply{}, fmt.Errorf("the process behind the mount does not know %q: it is openbisfs %s", req.Op, c.info.Version)
	}
}

// find says what the first of the ids means that means anything.
func (c *controlled) find(ctx context.Context, ids []string) (reply, error) {
	for _, id := range ids {
		locations, err := c.locate(ctx, id)
		switch {
		case err == nil:
			return reply{Found: &location{id, locations}}, nil
		case !errors.Is(err, meta.ErrNotExist):
			return reply{}, err
		}
	}
	return reply{}, nil
}

func (c *controlled) status() reply {
	info := c.info
	if c.mount != nil {
		p := c.mount.Passthrough()
		info.Passthrough, info.Crawlers = &p, c.mount.Crawlers()
	}
	if c.staging == nil {
		return reply{Mount: &info}
	}
	info.Staged, info.Capacity = c.staging.Usage()
	return reply{Mount: &info, Drafts: infos(c.staging.Drafts())}
}

func infos(drafts []*staging.Draft) []staging.Info {
	list := make([]staging.Info, len(drafts))
	for i, d := range drafts {
		list[i] = d.Info()
	}
	return list
}

// each does something to several drafts at the same time.
func (c *controlled) each(ctx context.Context, req request, progress func(reply), do func(context.Context, *staging.Draft) error) reply {
	drafts := make(map[int]*staging.Draft)
	results := make([]result, len(req.IDs))
	for i, id := range req.IDs {
		d, err := c.staging.Draft(id)
		if err != nil {
			results[i] = outcome(id, "", err)
			results[i].Unknown = true
			continue
		}
		drafts[i] = d
	}
	all := slices.Collect(maps.Values(drafts))
	watched(progress, func() reply { return reply{Progress: progressOf(all)} }, func() {
		var g errgroup.Group
		g.SetLimit(mostCommits)
		for i, d := range drafts {
			g.Go(func() error {
				err := do(ctx, d)
				results[i] = outcome(d.ID(), d.PermID(), err)
				return nil
			})
		}
		_ = g.Wait()
	})
	return reply{Results: results}
}

func outcome(id, permID string, err error) result {
	r := result{ID: id, PermID: permID}
	if err != nil {
		r.Error, r.Pending = err.Error(), errors.Is(err, staging.ErrPending)
	}
	return r
}

// drain registers everything and returns when nothing is on its way.
func (c *controlled) drain(ctx context.Context, progress func(reply)) (reply, error) {
	var err error
	watched(progress, func() reply { return reply{Progress: progressOf(c.staging.Drafts())} }, func() {
		c.mount.CommitDirectories()
		err = c.staging.await(ctx)
	})
	return reply{}, err
}

// watched calls progress with what now returns from time to time, until do returns.
func watched(progress func(reply), now func() reply, do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	tick := time.NewTicker(progressPause)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			progress(now())
		}
	}
}
