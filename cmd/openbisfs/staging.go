package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client"
)

// drainLimit is how long a mount that has ended goes on with its uploads. What is left goes on at the next mount.
const drainLimit = 10 * time.Second

// stagingArea is the staging directory of a mount that takes new Datasets.
type stagingArea struct {
	*staging.Store
	server string // what the Store is called
	log    *slog.Logger
}

// openStaging opens the staging directory of the job's server and user. It reads no draft: that happens in the background.
func openStaging(ctx context.Context, job *mountJob, c *client.Client, log *slog.Logger) (*stagingArea, error) {
	if err := checkDataSetType(ctx, c, job.Write.DataSetType); err != nil {
		return nil, explainConnect(err, job)
	}
	session, err := c.SessionInformation(ctx)
	if err != nil {
		return nil, explainConnect(err, job)
	}
	server := session.UserName + "@" + job.Target.URL
	store, err := staging.Open(job.Write.StagingDir, staging.Options{
		Server: server, Registrar: c, Registration: job.Write.Registration, DataSetType: job.Write.DataSetType,
		Capacity: int64(job.Write.StagingSize), Logger: log,
	})
	if err != nil {
		return nil, failf(exitConfig, "the staging directory %s can't be used: %w", job.Write.StagingDir, err)
	}
	return &stagingArea{store, server, log}, nil
}

// checkDataSetType tells a mistake in --dataset-type before the first file is saved.
func checkDataSetType(ctx context.Context, c *client.Client, code string) error {
	types, err := c.DataSetTypes(ctx)
	if err != nil {
		return err
	}
	var known []string
	for _, t := range types {
		if t.Code == code {
			return nil
		}
		known = append(known, t.Code)
	}
	return failf(exitUsage, "the server has no Dataset type %s: choose with --dataset-type among %s", code, strings.Join(known, ", "))
}

// await returns when the server has everything that is on its way, but for what another process works on. Unlike
// [staging.Store.Drain] it does not wait until the server's checksums are known, which takes a real one a while: the staged
// copies stay until then, and the next mount looks again.
func (s *stagingArea) await(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	select {
	case <-s.Scanned():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for progressOf(s.Drafts()).Left > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// end has everything registered that can be in a short time, and leaves the rest to the next mount.
func (s *stagingArea) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
	defer cancel()
	if err := s.await(ctx); err != nil {
		s.log.Warn("uploads go on at the next mount", "left", progressOf(s.Drafts()).Left)
	}
	if err := s.Close(ctx); err != nil {
		return fmt.Errorf("close the staging directory: %w", err)
	}
	return nil
}
