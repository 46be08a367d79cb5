package openbistest

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"
)

// streamRepository holds the streams that getDownloadUrlForFileForDataSet promises: each is good for one request within
// a few seconds (openBIS source, StreamRepository.java).
type streamRepository struct {
	s    *Server
	mu   sync.Mutex
	byID map[string]promisedStream
}

type promisedStream struct {
	content Content
	path    string
	until   time.Time
}

// The validity of a stream by default and at most: data-stream-timeout and data-stream-max-timeout.
const (
	streamTime    = 5 * time.Second
	maxStreamTime = 4 * time.Hour
)

func (m *streamRepository) init(s *Server) {
	m.s = s
	m.byID = make(map[string]promisedStream)
}

// streamURL is getDownloadUrlForFileForDataSet.
func (ds *dataStoreServer) streamURL(token, code, path string, validity time.Duration) (any, error) {
	n, err := ds.guardedNode(token, code, path)
	if err != nil {
		return nil, err
	}
	if n.isFolder() {
		return nil, newException("java.lang.UnsupportedOperationException", "This is not a normal file node.")
	}
	content, err := n.bytes()
	if err != nil {
		return nil, err
	}
	if validity <= 0 {
		validity = streamTime
	}
	id := strings.ToLower(rand.Text())
	ds.stream.mu.Lock()
	defer ds.stream.mu.Unlock()
	ds.stream.byID[id] = promisedStream{content, path, ds.s.now().Add(min(validity, maxStreamTime))}
	return ds.s.downloadURL(ds.store) + contextPath + "/stream-content?streamID=" + id, nil
}

// serveStream delivers a promised stream, once, without a length (openBIS source, IdentifiedStreamHandlingServlet.java).
func (ds *dataStoreServer) serveStream(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		jettyError(w, r, http.StatusMethodNotAllowed, "HTTP method "+r.Method+" is not supported by this URL")
		return
	}
	ds.s.count("stream-content")
	if ds.s.fault(w, r, "stream-content") {
		return
	}
	id := query(r).Get("streamID")
	ds.stream.mu.Lock()
	stream, ok := ds.stream.byID[id]
	delete(ds.stream.byID, id)
	ds.stream.mu.Unlock()
	if !ok || ds.s.now().After(stream.until) {
		jettyError(w, r, http.StatusInternalServerError,
			"java.lang.IllegalArgumentException: Stream "+id+" is no longer available.")
		return
	}
	name := stream.path[strings.LastIndexByte(stream.path, '/')+1:]
	w.Header()["Content-Disposition"] = []string{"inline; filename=" + headerText(name)}
	out := newBody(w, r, "binary", -1)
	if ds.s.sendContent(out, stream.content, 0, stream.content.Size()) != nil || out.Close() != nil {
		panic(http.ErrAbortHandler)
	}
}
