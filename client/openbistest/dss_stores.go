package openbistest

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// dataStoreServers are the data store servers of a [Server]. The first one shares the listener of the application server,
// each other one has its own, as every data store of a real installation has its own host or port.
type dataStoreServers struct {
	s      *Server
	all    []*dataStoreServer
	https  []*http.Server
	served sync.WaitGroup

	mu   sync.Mutex
	lost map[string]bool // the tokens of sessions that the application server forgot
}

// newDataStoreServer returns the handler of everything below /datastore_server on the main listener.
func newDataStoreServer(s *Server) *dataStoreServers {
	d := &dataStoreServers{s: s, lost: make(map[string]bool)}
	for _, store := range s.Lab.DataStores {
		d.all = append(d.all, newDataStore(s, store))
	}
	if len(d.all) == 0 {
		d.all = append(d.all, newDataStore(s, &DataStore{Code: "DSS1"}))
	}
	d.all[0].url = s.URL
	return d
}

// ServeHTTP lets the first data store server answer.
func (d *dataStoreServers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.all[0].ServeHTTP(w, r)
}

// listen opens the listeners of all but the first data store server.
func (d *dataStoreServers) listen() error {
	host := d.s.opts.Listen[:strings.LastIndexByte(d.s.opts.Listen, ':')]
	for _, ds := range d.all[1:] {
		listener, url, err := d.s.listen(host + ":0")
		if err != nil {
			return err
		}
		ds.url = url
		server := &http.Server{
			Handler:           d.s.handler(ds, http.NotFoundHandler()),
			ReadHeaderTimeout: time.Minute,
			ErrorLog:          slog.NewLogLogger(d.s.log.Handler(), slog.LevelDebug),
		}
		d.https = append(d.https, server)
		d.served.Go(func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				d.s.log.Error("a data store server stopped serving", "store", ds.store.Code, "error", err)
			}
		})
	}
	return nil
}

// close closes the listeners and waits for the end of their accept loops.
func (d *dataStoreServers) close() {
	for _, server := range d.https {
		_ = server.Close()
	}
	d.served.Wait()
}

// of returns the data store server that has the data set.
func (d *dataStoreServers) of(set *DataSet) *dataStoreServer {
	for _, ds := range d.all {
		if ds.store == set.Store {
			return ds
		}
	}
	return d.all[0]
}

// isLost tells whether the application server forgot the session without telling the data stores.
func (d *dataStoreServers) isLost(token string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost[token]
}

// StoreURL returns where the data store server of that code listens: scheme://host:port, whatever it announces as
// its download URL.
func (s *Server) StoreURL(code string) string {
	for _, ds := range s.dss.all {
		if ds.store.Code == code {
			return ds.url
		}
	}
	return ""
}

// downloadURL is what the data store registered at the application server as its download URL, without the
// suffix "/datastore_server" unless the lab wants it. What begins with a slash is appended to the store's own URL.
func (s *Server) downloadURL(store *DataStore) string {
	switch {
	case store.EmptyURL:
		return ""
	case store.DownloadURL == "", strings.HasPrefix(store.DownloadURL, "/"):
		return s.StoreURL(store.Code) + store.DownloadURL
	default:
		return store.DownloadURL
	}
}

// LoseSessions makes the application server forget all sessions except those behind personal access tokens, as a restart
// does: the data stores are not told and go on trusting the tokens they know.
func (s *Server) LoseSessions() {
	s.dss.mu.Lock()
	defer s.dss.mu.Unlock()
	m := &s.sessions
	m.mu.Lock()
	defer m.mu.Unlock()
	for token, session := range m.byToken {
		if !session.isPAT {
			s.dss.lost[token] = true
			delete(m.byToken, token)
		}
	}
}
