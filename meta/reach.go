package meta

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/openbisfs/openbisfs/client"
)

// reach knows whether a server was there when it was last asked, and tells the
// log when that changes.
type reach struct {
	server string
	lost   atomic.Bool
	log    *slog.Logger
}

func (r *reach) note(err error) {
	switch {
	case errors.Is(err, context.Canceled): // by ourselves
	case outOfReach(err):
		if !r.lost.Swap(true) {
			r.log.Warn("the "+r.server+" is out of reach, what is known is still shown", "err", err)
		}
	case r.lost.Swap(false):
		r.log.Info("the " + r.server + " answers again")
	}
}

// watchedSource is a Source that notes which of its servers answer.
type watchedSource struct {
	Source
	as, dss reach
}

func newWatchedSource(src Source, log *slog.Logger) *watchedSource {
	return &watchedSource{Source: src, as: reach{server: "application server", log: log}, dss: reach{server: "data store server", log: log}}
}

func (w *watchedSource) down() bool { return w.as.lost.Load() }

func (w *watchedSource) Instance(ctx context.Context) (*client.Instance, error) {
	instance, err := w.Source.Instance(ctx)
	w.as.note(err)
	return instance, err
}

func (w *watchedSource) Schema(ctx context.Context) (*client.Schema, error) {
	schema, err := w.Source.Schema(ctx)
	w.as.note(err)
	return schema, err
}

func (w *watchedSource) Spaces(ctx context.Context) ([]*client.Space, error) {
	spaces, err := w.Source.Spaces(ctx)
	w.as.note(err)
	return spaces, err
}

func (w *watchedSource) SpaceContents(ctx context.Context, spaceCode string) ([]*client.Object, error) {
	objects, err := w.Source.SpaceContents(ctx, spaceCode)
	w.as.note(err)
	return objects, err
}

func (w *watchedSource) ProjectContents(ctx context.Context, projectPermID string) ([]*client.Collection, []*client.Object, error) {
	collections, objects, err := w.Source.ProjectContents(ctx, projectPermID)
	w.as.note(err)
	return collections, objects, err
}

func (w *watchedSource) CollectionPages(ctx context.Context, collectionPermID string, take func(client.CollectionPage) error) error {
	err := w.Source.CollectionPages(ctx, collectionPermID, take)
	w.as.note(err)
	return err
}

func (w *watchedSource) ObjectContents(ctx context.Context, objectPermID string) ([]*client.DataSet, error) {
	dataSets, err := w.Source.ObjectContents(ctx, objectPermID)
	w.as.note(err)
	return dataSets, err
}

func (w *watchedSource) Files(ctx context.Context, ds *client.DataSet) ([]client.File, error) {
	files, err := w.Source.Files(ctx, ds)
	w.dss.note(err)
	return files, err
}
