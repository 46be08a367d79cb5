package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"time"
)

// Options says which server to talk to and as whom.
type Options struct {
	// URL of the application server: "https://host[:port]", with or without "/openbis". Userinfo in it is refused.
	URL string

	// User and Password log in. Password is asked when a login is needed: at Connect, and again after the session
	// has run out. It is not kept.
	User     string
	Password func(ctx context.Context) (string, error)
	// Token is a session token or a personal access token ("$pat-…"), used instead of User and Password.
	// With a session token the client ends when that session does.
	Token string

	// TLS is cloned; nil verifies with the system's certificates.
	TLS *tls.Config
	// DataStoreURLs overrides the download URL of data stores, by code; the entry "" is for all others.
	DataStoreURLs map[string]string

	// MetadataTimeout bounds each call for metadata, repetitions included; 0 is 10 s.
	MetadataTimeout time.Duration
	// BlockTimeout bounds how long a download may stand still while somebody waits for it; 0 is 30 s.
	BlockTimeout time.Duration
	// MaxConnections bounds the connections per server and purpose (metadata, streams, blocks); 0 is 16.
	MaxConnections int

	// Logger gets one debug record for each request and warnings about what a user should know. No record has a
	// token in it. nil is silence.
	Logger    *slog.Logger
	UserAgent string
}
