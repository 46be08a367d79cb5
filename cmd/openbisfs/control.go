package main

import (
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/fs"
	"github.com/openbisfs/openbisfs/meta"
)

// The process behind a mount answers to the commands of the same user over the socket of presence.go. A connection
// carries one request and its replies, a JSON value on each line; the last reply is done. Who hangs up gives up waiting:
// what was asked for goes on.

// operation is what a command asks the process behind a mount to do.
type operation string

const (
	opStatus  operation = "status"  // say what it is, and all drafts
	opCommit  operation = "commit"  // register drafts, and wait for the outcome
	opRetry   operation = "retry"   // let failed and held drafts go on
	opDiscard operation = "discard" // remove drafts
	opDrain   operation = "drain"   // register everything, and wait until nothing is on its way
	opLocate  operation = "locate"  // say what the first of the ids that means something means, and where it is
	opBelow   operation = "below"   // say which drafts belong to the entity at a path, or below it
)

type request struct {
	Op   operation `json:"op"`
	IDs  []string  `json:"ids,omitempty"`  // of drafts, or permIds and identifiers
	Path string    `json:"path,omitempty"` // in the mount
}

// reply says how far it is, and in the end how it went.
type reply struct {
	Mount    *mountInfo     `json:"mount,omitempty"`
	Drafts   []staging.Info `json:"drafts,omitempty"`
	Progress *progress      `json:"progress,omitempty"`
	Found    *location      `json:"found,omitempty"`
	Results  []result       `json:"results,omitempty"` // in the order of the request
	Done     bool           `json:"done,omitempty"`
	Error    string         `json:"error,omitempty"`
}

// location is what one of several ids means.
type location struct {
	ID        string          `json:"id"`
	Locations []meta.Location `json:"locations"`
}

// mountInfo describes a mount.
type mountInfo struct {
	MountPoint string    `json:"mountPoint"`
	Target     string    `json:"url"`
	Process    int       `json:"process"`
	Version    string    `json:"version"`
	Since      time.Time `json:"since"`
	Writable   bool      `json:"writable"`

	Passthrough *fs.PassthroughStatus `json:"passthrough,omitempty"`
	Crawlers    []fs.CrawlerStatus    `json:"crawlers,omitempty"`

	// Of a writable mount.
	Server     string `json:"server,omitempty"` // user@URL
	StagingDir string `json:"stagingDir,omitempty"`
	Staged     int64  `json:"staged,omitempty"`   // bytes
	Capacity   int64  `json:"capacity,omitempty"` // bytes; 0: no limit
}

// progress sums up drafts that are on their way.
type progress struct {
	Left  int   `json:"left"`  // drafts
	Sent  int64 `json:"sent"`  // bytes of these
	Bytes int64 `json:"bytes"` // of these
}

func progressOf(drafts []*staging.Draft) *progress {
	p := new(progress)
	for _, d := range drafts {
		if info := d.Info(); info.State.Pending() && !info.Elsewhere {
			p.Left, p.Sent, p.Bytes = p.Left+1, p.Sent+info.Sent, p.Bytes+info.Bytes
		}
	}
	return p
}

// result is what has become of a draft.
type result struct {
	ID      string `json:"id"`
	PermID  string `json:"permId,omitempty"`
	Pending bool   `json:"pending,omitempty"` // it is on its way still
	Unknown bool   `json:"unknown,omitempty"` // the mount knows no such draft
	Error   string `json:"error,omitempty"`
}
