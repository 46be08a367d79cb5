package fs

import (
	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client"
)

var _ staging.Registrar = (*client.Client)(nil)
