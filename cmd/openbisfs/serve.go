package main

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/client"
	"github.com/openbisfs/openbisfs/fs"
	"github.com/openbisfs/openbisfs/meta"
)

// logoutLimit bounds the good-bye to the server: a server that is gone must not hold up the end.
const logoutLimit = 5 * time.Second

// serve connects, mounts and stays until the file system is unmounted, by whomever. ready is called when the mount
// answers; say tells the user something while it runs.
func serve(ctx context.Context, job *mountJob, log *slog.Logger, ready func() error, say func(string)) (err error) {
	limitMemory(job.CacheMemory + job.MetaMemory)
	options, err := job.clientOptions(log)
	if err != nil {
		return err
	}
	c, err := client.New(options)
	if err != nil {
		return failf(exitUsage, "%w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutLimit)
		defer cancel()
		if err := c.Close(closing); err != nil {
			log.Debug("logout failed", "error", err)
		}
	}()
	if err := c.Connect(ctx); err != nil {
		return explainConnect(err, job)
	}
	blocks := openCache(job.Cache, log)
	if blocks != nil {
		defer func() { err = errors.Join(err, blocks.Close()) }()
	}
	store := cache.New(cache.Options{Memory: int64(job.CacheMemory), BlockTimeout: job.BlockTimeout, Disk: blocks, Logger: log})
	defer func() { err = errors.Join(err, store.Close()) }()

	var drafts *stagingArea
	if job.Write != nil {
		if drafts, err = openStaging(ctx, job, c, log); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, drafts.end(ctx)) }()
	}
	tree := meta.New(c, meta.Options{TTL: job.DirTTL, Memory: int64(job.MetaMemory), Start: job.Target.Start, WebURL: job.Target.URL, Logger: log})
	defer tree.Close()
	if err := tree.Prepare(ctx); err != nil {
		log.Warn("going on without", "error", err)
	}
	server, err := mountTree(ctx, job, c, tree, store, drafts, log)
	if err != nil {
		return err
	}
	defer announce(context.WithoutCancel(ctx), job.MountPoint, newControlled(job, server, tree, drafts))()
	if err := ready(); err != nil {
		return errors.Join(err, server.Unmount())
	}
	notifySystemd("READY=1")
	awaitEnd(ctx, server, say)
	notifySystemd("STOPPING=1")
	return nil
}

// mountTree wires the rooms together.
func mountTree(ctx context.Context, job *mountJob, c *client.Client, tree *meta.Tree, store *cache.Store, drafts *stagingArea, log *slog.Logger) (*fs.Server, error) {
	if _, err := tree.Root(ctx); errors.Is(err, iofs.ErrNotExist) {
		return nil, failf(exitNotFound, "there is no %s on %s, or you may not see it", job.Target.Start, job.Target.URL)
	} else if err != nil {
		return nil, explainConnect(err, job)
	}
	cfg := fs.Config{
		Tree: tree, Cache: store, Server: job.Target.URL,
		Remote: func(e *meta.Entry) cache.Remote { return c.Content(e.DataSet, e.File) },
		UID:    job.UID, GID: job.GID, Umask: job.Umask, AllowOther: job.AllowOther,
		DirTTL: job.DirTTL, MetadataTimeout: job.MetadataTimeout, BlockTimeout: job.BlockTimeout,
		FsName: job.FsName, Logger: log, DisablePassthrough: !job.Passthrough,
		Status: statusFile(job, tree, drafts),
	}
	cfg.Crawlers, cfg.CrawlerLimit = job.Crawlers, int64(job.CrawlerLimit)
	if job.CrawlerLimit == 0 {
		cfg.CrawlerLimit = -1
	}
	if w := job.Write; w != nil {
		cfg.Staging, cfg.StagingDir, cfg.CommitAfter = drafts.Store, w.StagingDir, w.CommitAfter
		cfg.CloseTimeout, cfg.CloseInBackground = w.CloseTimeout, w.CloseBackground
	}
	server, err := fs.Mount(ctx, job.MountPoint, cfg)
	switch {
	case errors.Is(err, fs.ErrMounted):
		return nil, failf(exitBusy, "something is mounted on %s already: run openbisfs umount %s first", job.MountPoint, job.MountPoint)
	case errors.Is(err, unix.EPERM):
		return nil, failf(exitNoFUSE, "this machine does not allow the mount (%w): a container needs --device /dev/fuse --cap-add SYS_ADMIN", err)
	case err != nil:
		// go-fuse ends what it says of fusermount3 with a newline.
		return nil, failf(exitNoFUSE, "the mount failed: %s", strings.TrimSpace(err.Error()))
	}
	return server, nil
}

// awaitEnd returns when the file system is unmounted. The first signal unmounts it; when it is in use, that is said and
// the mount goes on; the second signal takes it away from its users.
func awaitEnd(ctx context.Context, server *fs.Server, say func(string)) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if ctx.Err() != nil { // a signal that came while mounting
		signals <- syscall.SIGTERM
	}
	for asked := false; ; asked = true {
		select {
		case <-server.Done():
			return
		case <-signals:
		}
		var err error
		if !asked {
			err = server.Unmount()
		} else {
			err = server.Detach()
		}
		switch {
		case err == nil:
			return
		case errors.Is(err, unix.EBUSY):
			say(fmt.Sprintf("%s is in use: %s. Still serving; ask again to unmount all the same", server.Dir(), describeHolders(server.Dir())))
		default:
			say(fmt.Sprintf("can't unmount: %v", err))
		}
	}
}

// runForeground serves the mount in this process.
func runForeground(ctx context.Context, inv *invocation, job *mountJob) error {
	return serveForeground(ctx, inv, job, func() error {
		_, err := fmt.Fprintf(inv.out, "%s is mounted on %s; Ctrl-C unmounts it\n", job.Target, job.MountPoint)
		return err
	})
}

func serveForeground(ctx context.Context, inv *invocation, job *mountJob, ready func() error) error {
	out := inv.err
	if job.LogFile != "" {
		f, err := openLog(job.LogFile)
		if err != nil {
			return err
		}
		defer f.Close()
		out = f
	}
	log := newLogger(newRedactor(out, &job.Credentials), job.LogLevel, job.LogFormat)
	say := func(text string) { _, _ = fmt.Fprintf(inv.err, "%s: %s\n", inv.name, text) }
	return serve(ctx, job, log, ready, say)
}
