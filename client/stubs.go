package client

import (
	"context"
	"errors"
	"io"
)

// Client speaks to one openBIS as one user. It is safe for concurrent use.
type Client struct{}

// New returns a client and does not touch the network.
func New(opts Options) (*Client, error) { return nil, errors.ErrUnsupported }

// Connect logs in, or checks the token, and finds out who and what is there.
func (c *Client) Connect(ctx context.Context) error { return errors.ErrUnsupported }

// Close ends what is open and logs out if the client has logged in itself.
func (c *Client) Close(ctx context.Context) error { return errors.ErrUnsupported }

// Instance describes the server and the session.
func (c *Client) Instance(ctx context.Context) (*Instance, error) { return nil, errors.ErrUnsupported }

// Schema returns all property types and vocabularies.
func (c *Client) Schema(ctx context.Context) (*Schema, error) { return nil, errors.ErrUnsupported }

// Spaces returns all Spaces with their Projects.
func (c *Client) Spaces(ctx context.Context) ([]*Space, error) { return nil, errors.ErrUnsupported }

// SpaceContents returns the Objects of a Space that have no Project.
func (c *Client) SpaceContents(ctx context.Context, spaceCode string) ([]*Object, error) {
	return nil, errors.ErrUnsupported
}

// ProjectContents returns the Collections and the Objects without Collection of a Project.
func (c *Client) ProjectContents(ctx context.Context, projectPermID string) ([]*Collection, []*Object, error) {
	return nil, nil, errors.ErrUnsupported
}

// CollectionContents returns the Objects, with their Datasets, and the own Datasets of a Collection.
func (c *Client) CollectionContents(ctx context.Context, collectionPermID string) ([]*Object, []*DataSet, error) {
	return nil, nil, errors.ErrUnsupported
}

// ObjectContents returns the Datasets of an Object.
func (c *Client) ObjectContents(ctx context.Context, objectPermID string) ([]*DataSet, error) {
	return nil, errors.ErrUnsupported
}

// Files returns all nodes of a Dataset, sorted by path, without the root.
func (c *Client) Files(ctx context.Context, ds *DataSet) ([]File, error) {
	return nil, errors.ErrUnsupported
}

// Content is the content of one file. It needs a Close when it was read.
type Content struct{}

// Content gives access to the content of f, a file of ds, without touching the network.
func (c *Client) Content(ds *DataSet, f File) *Content { return &Content{} }

// Stream returns the file's bytes from start on; start is at most offset, and 0 when the server ignores offsets.
func (t *Content) Stream(ctx context.Context, offset int64) (body io.ReadCloser, start int64, err error) {
	return nil, 0, errors.ErrUnsupported
}

// Blocks delivers the blocks first … first+count-1 of 1 MiB, in any order. Each data slice belongs to deliver.
func (t *Content) Blocks(ctx context.Context, first, count int64, deliver func(n int64, data []byte) error) error {
	return errors.ErrUnsupported
}

// Close ends the file-transfer session, if there is one.
func (t *Content) Close() error { return nil }
