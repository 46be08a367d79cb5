package meta

import (
	"context"

	"github.com/openbisfs/openbisfs/client"
)

// Source is the server as the tree sees it: one call for each directory, so
// that the cost of a listing does not grow with the number of its entries.
// [client.Client] implements it. What the session may not see is absent from
// every answer; everything else that fails is an error.
type Source interface {
	// Instance describes server and session.
	Instance(ctx context.Context) (*client.Instance, error)
	// Schema returns all property types and vocabularies.
	Schema(ctx context.Context) (*client.Schema, error)
	// Spaces returns all Spaces with their Projects.
	Spaces(ctx context.Context) ([]*client.Space, error)
	// SpaceContents returns the Objects of a Space that have no Project.
	SpaceContents(ctx context.Context, spaceCode string) ([]*client.Object, error)
	// ProjectContents returns a Project's Collections and the Objects that are in none of them.
	ProjectContents(ctx context.Context, projectPermID string) ([]*client.Collection, []*client.Object, error)
	// CollectionPages passes on a Collection's Objects, with their Datasets, and the Datasets of the Collection itself, page by
	// page. The codes of the Objects differ.
	CollectionPages(ctx context.Context, collectionPermID string, take func(client.CollectionPage) error) error
	// ObjectContents returns an Object's Datasets.
	ObjectContents(ctx context.Context, objectPermID string) ([]*client.DataSet, error)
	// Resolve returns what a permId or an identifier means, nothing if it means nothing.
	Resolve(ctx context.Context, id string) (*client.Found, error)
	// ObjectTypes, CollectionTypes and DataSetTypes return all types.
	ObjectTypes(ctx context.Context) ([]client.EntityType, error)
	CollectionTypes(ctx context.Context) ([]client.EntityType, error)
	DataSetTypes(ctx context.Context) ([]client.EntityType, error)
	// Files returns all nodes of a Dataset, sorted by path, without the root.
	Files(ctx context.Context, ds *client.DataSet) ([]client.File, error)
}
