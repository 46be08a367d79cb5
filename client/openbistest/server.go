package openbistest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options configures a [Server]. The zero value is a good server.
type Options struct {
	// Lab is what the server has; nil is [SmallLab].
	Lab *Lab
	// Clock is the server's idea of the time; nil is [time.Now].
	Clock func() time.Time
	// SessionTimeout is how long an idle session lives; 0 is 12 hours.
	SessionTimeout time.Duration
	// MaxSessionsPerUser is the session cap; 0 is the server's default of 5, negative is no cap.
	MaxSessionsPerUser int
	// MaxStreams caps the concurrent streams of the file-transfer protocol; 0 is 50.
	MaxStreams int
	// APIVersion is what the server announces, "3.6" by default. With "3.5" pyBIS takes its simple routes.
	APIVersion string
	// GuardMasksSessions makes the access guard of the data stores' v1 service report a dead session as a missing right, and
	// from then on for five minutes as a data set that does not exist, as DssServiceRpcAuthorizationAdvisor.java does. Otherwise
	// it is an InvalidSessionException.
	GuardMasksSessions bool
	// NoPersonalAccessTokens switches personal access tokens off.
	NoPersonalAccessTokens bool
	// UnsortedSeed seeds the order of hits that nobody asked to sort; every search shuffles anew.
	// Negative keeps them in ascending order of their ids.
	UnsortedSeed int64
	// TLS makes the server speak HTTPS with a certificate of its own, see [Server.CertPool].
	TLS bool
	// Routes are the ways in which the data stores take new Datasets: "createUploadedDataSet", which brings the uploads to the
	// share of a store with it, and the keys of the services "dataset-uploader-api" and "jupyter-uploader-api". Nil means all.
	Routes []string
	// JupyterGeneration says which "jupyter-uploader-api" is installed: "A", "A2", "B" or "C"; "" is "C".
	JupyterGeneration string
	// PathInfoDelay is how long after its registration a Dataset is listed without checksums; 0 is 30 seconds, as long
	// as it takes at most with the shipped configuration, negative not at all.
	PathInfoDelay time.Duration
	// Directory is where uploads and the content of registered Datasets are kept. It outlives the server, so that a second one
	// with the same Lab can deliver what was registered. "" is a temporary directory, removed by [Server.Close].
	Directory string
	// Listen is the address to listen on; "" is a free port of the loopback interface.
	Listen string
	// Logger gets what the server has to say; nil is silence.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Lab == nil {
		o.Lab = SmallLab()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.SessionTimeout == 0 {
		o.SessionTimeout = 12 * time.Hour
	}
	if o.MaxSessionsPerUser == 0 {
		o.MaxSessionsPerUser = 5
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = 50
	}
	if o.APIVersion == "" {
		o.APIVersion = "3.6"
	}
	if o.Routes == nil {
		o.Routes = []string{uploadedRoute, uploaderService, jupyterService}
	}
	if o.JupyterGeneration == "" {
		o.JupyterGeneration = "C"
	}
	if o.PathInfoDelay == 0 {
		o.PathInfoDelay = 30 * time.Second
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Server is a running openBIS: an application server and its data store servers on one listener.
type Server struct {
	// URL is scheme://host:port, without a path.
	URL string
	// Lab is what the server has. Change it only inside [Server.Change].
	Lab *Lab
	// Faults are the failures to come.
	Faults *Faults

	opts     Options
	log      *slog.Logger
	counters counters
	sessions sessions
	store    *store
	dss      *dataStoreServers
	disk     disk
	observed observed
	allTags  bool // everybody sees everybody's tags, for the golden answers

	http     *http.Server
	cert     *tls.Certificate
	certPool *x509.CertPool
	served   chan struct{} // closed when the accept loop has ended
	closing  chan struct{} // closed when Close begins
	once     sync.Once
	inFlight inFlight
}

// NewServer starts a server that is closed at the end of the test.
func NewServer(tb testing.TB, opts Options) *Server {
	tb.Helper()
	s, err := Start(opts)
	if err != nil {
		tb.Fatalf("openbistest: %v", err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Start starts a server. The caller closes it.
func Start(opts Options) (*Server, error) {
	opts = opts.withDefaults()
	s := &Server{
		Lab:     opts.Lab,
		opts:    opts,
		log:     opts.Logger,
		served:  make(chan struct{}),
		closing: make(chan struct{}),
	}
	s.Faults = newFaults(s)
	s.disk.root = opts.Directory
	s.store = newStore(opts.Lab)
	s.sessions.init(s)

	listener, url, err := s.listen(opts.Listen)
	if err != nil {
		return nil, err
	}
	s.URL = url
	s.dss = newDataStoreServer(s)
	if err := s.dss.listen(); err != nil {
		_ = listener.Close()
		s.dss.close()
		return nil, err
	}
	s.http = &http.Server{
		Handler:           s.handler(s.dss, newApplicationServer(s)),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	go func() {
		defer close(s.served)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the simulator stopped serving", "error", err)
		}
	}()
	return s, nil
}

// listen opens a listener and returns it with the URL of its root.
func (s *Server) listen(address string) (net.Listener, string, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, "", fmt.Errorf("listen on %s: %w", address, err)
	}
	if !s.opts.TLS {
		return listener, "http://" + listener.Addr().String(), nil
	}
	if s.cert == nil {
		if s.cert, s.certPool, err = newCertificate(listener.Addr()); err != nil {
			_ = listener.Close()
			return nil, "", err
		}
	}
	secure := tls.NewListener(listener, &tls.Config{
		Certificates: []tls.Certificate{*s.cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	})
	return secure, "https://" + listener.Addr().String(), nil
}

// Close stops the server: connections are cut, stalled answers end, and no goroutine is left.
func (s *Server) Close() {
	s.once.Do(func() { close(s.closing) })
	_ = s.http.Close()
	s.dss.close()
	<-s.served
	s.inFlight.wait()
	if s.opts.Directory == "" {
		if err := s.disk.remove(); err != nil {
			s.log.Warn("the simulator leaves files behind", "error", err)
		}
	}
}

// CertPool returns the certificate authority to trust, nil without [Options.TLS].
func (s *Server) CertPool() *x509.CertPool { return s.certPool }

// CertPEM returns the server's certificate in PEM, empty without [Options.TLS].
func (s *Server) CertPEM() []byte {
	if s.cert == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Leaf.Raw})
}

// Change runs change while no request is handled, and lets the server see what it did to the Lab.
func (s *Server) Change(change func(lab *Lab)) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	change(s.Lab)
	s.store.index(s.Lab)
}

// visible tells whether the person may see the data set.
func (s *Server) visible(p *Person, d *DataSet) bool { return p.MaySee(d.SpaceCode()) }

func (s *Server) now() time.Time { return s.opts.Clock() }

// newerThan tells whether the server announces a later API version.
func (s *Server) newerThan(major, minor int) bool {
	var a, b int
	if _, err := fmt.Sscanf(s.opts.APIVersion, "%d.%d", &a, &b); err != nil {
		return false
	}
	return a > major || a == major && b > minor
}

// handler dispatches to a data store server and the application server.
func (s *Server) handler(dss, as http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.inFlight.begin() {
			panic(http.ErrAbortHandler)
		}
		defer s.inFlight.end()
		fw := &faultWriter{ResponseWriter: w, truncateAt: -1, damageAt: -1}
		switch {
		case r.URL.Path == "/datastore_server", strings.HasPrefix(r.URL.Path, "/datastore_server/"):
			dss.ServeHTTP(fw, r)
		case r.URL.Path == "/openbis", strings.HasPrefix(r.URL.Path, "/openbis/"):
			as.ServeHTTP(fw, r)
		default:
			http.NotFound(fw, r)
		}
		fw.finish()
	})
}

// inFlight counts the requests in progress, so that Close can wait for them.
type inFlight struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{}
}

func (f *inFlight) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.n++
	return true
}

func (f *inFlight) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n--
	if f.n == 0 && f.idle != nil {
		close(f.idle)
		f.idle = nil
	}
}

func (f *inFlight) wait() {
	f.mu.Lock()
	f.closed = true
	if f.n == 0 {
		f.mu.Unlock()
		return
	}
	if f.idle == nil {
		f.idle = make(chan struct{})
	}
	idle := f.idle
	f.mu.Unlock()
	<-idle
}
