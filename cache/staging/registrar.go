package staging

import (
	"context"

	"github.com/openbisfs/openbisfs/client"
)

var _ Registrar = (*client.Client)(nil)

// Registrar is the server as staging sees it. [client.Client] implements it.
type Registrar interface {
	// PlanRegistration makes the idempotency key of one registration. It sends nothing that has to be undone.
	PlanRegistration(ctx context.Context, opts client.RegistrationOptions) (client.Plan, error)
	// UploadDataSet brings all content to where RegisterDataSet looks for it. It may be repeated at any time, and then
	// sends what is missing. progress is told how many bytes the server has.
	UploadDataSet(ctx context.Context, plan client.Plan, ds *client.NewDataSet, progress func(sent int64)) error
	// RegisterDataSet makes one attempt. Errors that are [client.ErrOutcomeUnknown] leave open whether the server has
	// registered; all others say that it has not and never will, because of this attempt.
	RegisterDataSet(ctx context.Context, plan client.Plan, ds *client.NewDataSet) (permID string, err error)
	// FindRegistration looks for what an attempt of this plan has registered.
	FindRegistration(ctx context.Context, plan client.Plan, ds *client.NewDataSet) (permID string, found bool, err error)
	// DiscardUpload removes what UploadDataSet has left on the server, if anything.
	DiscardUpload(ctx context.Context, plan client.Plan) error
	// Files lists a registered Dataset.
	Files(ctx context.Context, ds *client.DataSet) ([]client.File, error)
}
