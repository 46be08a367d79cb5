package main

import (
	"os"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/meta"
)

// statusDocument is what .openbis/status.json says of a mount. There is no secret in it.
type statusDocument struct {
	MountPoint string    `json:"mountPoint"`
	URL        string    `json:"url"`
	Process    int       `json:"process"`
	Version    string    `json:"version"`
	Since      time.Time `json:"since"`
	Writable   bool      `json:"writable"`
	// Whether the servers answered when they were asked last.
	ApplicationServer bool          `json:"applicationServerReachable"`
	DataStoreServer   bool          `json:"dataStoreServerReachable"`
	Uploads           *uploadCounts `json:"uploads,omitempty"`
}

// uploadCounts is how many drafts are in which state.
type uploadCounts struct {
	States map[staging.State]int `json:"states"`
	Bytes  int64                 `json:"stagedBytes"`
}

// statusFile returns the maker of the document.
func statusFile(job *mountJob, tree *meta.Tree, drafts *stagingArea) func() any {
	since := time.Now().UTC().Truncate(time.Second)
	return func() any {
		d := statusDocument{
			MountPoint: job.MountPoint, URL: job.Target.String(), Process: os.Getpid(), Version: thisBuild().Version,
			Since: since, Writable: drafts != nil,
		}
		d.ApplicationServer, d.DataStoreServer = tree.Reachable()
		if drafts != nil {
			d.Uploads = &uploadCounts{States: make(map[staging.State]int)}
			d.Uploads.Bytes, _ = drafts.Usage()
			for _, draft := range drafts.Drafts() {
				d.Uploads.States[draft.State()]++
			}
		}
		return d
	}
}
