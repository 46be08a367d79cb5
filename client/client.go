package client

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"sync"
	"sync/atomic"
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
	// Token is a session token or a personal access token ("$pat-…"), used instead of User and Password: these are
	// for when the token no longer works. Without them a client with a session token ends when that session does.
	Token string

	// TLS is cloned; nil verifies with the system's certificates.
	TLS *tls.Config
	// DataStoreURLs overrides the download URL of data stores, by code; the entry "" is for all others.
	DataStoreURLs map[string]string

	// MetadataTimeout bounds each request for metadata, repetitions included; 0 is 10 s.
	MetadataTimeout time.Duration
	// BlockTimeout bounds how long a download may stand still while somebody waits for it; 0 is 30 s.
	BlockTimeout time.Duration
	// RegistrationTimeout bounds how long the answer to a registration is waited for; 0 is 30 min. The server does not
	// stop when it has passed.
	RegistrationTimeout time.Duration
	// MaxConnections bounds the connections per server and purpose (metadata, streams, blocks, uploads); 0 is 16.
	MaxConnections int

	// Logger gets one debug record for each request and warnings about what a user should know. No record has a
	// token in it. nil is silence.
	Logger    *slog.Logger
	UserAgent string
}

// Client speaks to one openBIS as one user. It is safe for concurrent use.
type Client struct {
	opts Options
	base string // of the application server: scheme://host[:port]
	log  *slog.Logger

	metadata *http.Client
	streams  *http.Client
	blocks   *http.Client
	uploads  *http.Client
	verdicts *http.Client // registrations

	requests      atomic.Int64
	session       session
	stores        stores
	instance      instance
	clock         serverClock
	registrations registrations
	pageSize      atomic.Int64

	life  context.Context // ends with Close; of work that many callers wait for
	end   context.CancelFunc
	tasks sync.WaitGroup

	mu        sync.Mutex
	transfers map[*Content]struct{} // with an open file-transfer session
	closed    bool
}

// New returns a client and does not touch the network.
func New(opts Options) (*Client, error) {
	base, err := serverURL(opts.URL)
	if err != nil {
		return nil, err
	}
	if opts.Token == "" && (opts.User == "" || opts.Password == nil) {
		return nil, errors.New("no credentials: want a user with a password, or a token")
	}
	if opts.MetadataTimeout <= 0 {
		opts.MetadataTimeout = 10 * time.Second
	}
	if opts.BlockTimeout <= 0 {
		opts.BlockTimeout = 30 * time.Second
	}
	if opts.RegistrationTimeout <= 0 {
		opts.RegistrationTimeout = 30 * time.Minute
	}
	if opts.MaxConnections <= 0 {
		opts.MaxConnections = 16
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.UserAgent == "" {
		opts.UserAgent = "openbisfs"
	}
	// Without its cookie a data store makes a new HTTP session for every download (openBIS source,
	// AbstractDatasetDownloadServlet.java). Such a session keeps verdicts about rights: never share it among users.
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &Client{
		opts:      opts,
		base:      base,
		log:       opts.Logger,
		metadata:  newHTTPClient(opts, metadata, nil),
		streams:   newHTTPClient(opts, streams, jar),
		blocks:    newHTTPClient(opts, blocks, nil),
		uploads:   newHTTPClient(opts, uploads, nil),
		verdicts:  newHTTPClient(opts, verdicts, nil),
		transfers: make(map[*Content]struct{}),
	}
	c.life, c.end = context.WithCancel(context.Background())
	c.pageSize.Store(maxPageSize)
	if opts.Token != "" {
		c.session.pat = isPersonalAccessToken(opts.Token)
		c.session.current = credential{token: opts.Token, generation: 1}
		if !c.session.pat {
			c.session.current.real = opts.Token
		}
	}
	return c, nil
}

// Connect logs in, or checks the token, and finds out who and what is there. It is not needed, since any call logs
// in, but it fails early. What it returns says whether the server is unreachable, no openBIS, or does not accept
// the credentials.
func (c *Client) Connect(ctx context.Context) error {
	_, err := c.Instance(ctx)
	return err
}

// Close ends what is open, logs out if the client has logged in itself, and closes all connections. ctx bounds the
// farewell to the server; everything on this side is released in any case.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	open := make([]*Content, 0, len(c.transfers))
	for t := range c.transfers {
		open = append(open, t)
	}
	c.mu.Unlock()

	for _, t := range open {
		t.finish(ctx)
	}
	c.end()
	c.tasks.Wait()
	err := c.logout(ctx, c.session.drop(false))
	for _, h := range []*http.Client{c.metadata, c.streams, c.blocks, c.uploads, c.verdicts} {
		h.CloseIdleConnections()
	}
	return err
}

// asURL is the URL of a JSON-RPC service of the application server.
func (c *Client) asURL(service string) string { return c.base + "/openbis/openbis/" + service }

// The JSON-RPC services.
const (
	asV3     = "rmi-application-server-v3.json"
	asV1     = "rmi-general-information-v1.json"
	asQuery  = "rmi-query-v1.json"
	dssV1    = "/rmi-dss-api-v1.json"
	dssV3    = "/rmi-data-store-server-v3.json"
	transfer = "/file-transfer"
)
