package openbistest

import (
	"net/http"
	"strings"
)

// downloadRequest is a request to the download servlet.
type downloadRequest struct {
	code, path string
	token      *string // nil: not given
	mode       string
	linked     bool // is_link_data
}

// serveDownload is the download servlet (openBIS source, DatasetDownloadServlet.java). Every exception becomes a page
// with status 200.
func (ds *dataStoreServer) serveDownload(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodOptions:
		w.Header().Set("Allow", "GET, HEAD, TRACE, OPTIONS")
		return
	case http.MethodPost:
		jettyError(w, r, http.StatusMethodNotAllowed, "HTTP method POST is not supported by this URL")
		return
	}
	ds.s.count("download")
	if ds.s.fault(w, r, "download") {
		return
	}
	if badMessage(rawPath(r)) {
		w.Header().Set("Connection", "close")
		w.Header().Set("Content-Type", "text/html;charset=iso-8859-1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte("<h1>Bad Message 400</h1><pre>reason: Bad Request</pre>"))
		return
	}
	req, err := ds.downloadRequest(r)
	page := rendererOf(req.mode)
	if err != nil {
		page = renderer{} // the display mode is not known yet
	} else {
		err = ds.download(w, r, req, page)
	}
	switch {
	case err == nil:
	case ds.store.NoPathInfo:
		page.send(w, r, "")
	case req.linked:
		page.sendMessage(w, r, "No content information is stored with this linked dataset.")
	default:
		page.sendError(w, r, err)
	}
}

// downloadRequest parses the URL and converts a personal access token.
func (ds *dataStoreServer) downloadRequest(r *http.Request) (downloadRequest, error) {
	var req downloadRequest
	path, err := javaPath(rawPath(r))
	if err != nil {
		return req, err
	}
	if req.code, req.path, err = dataSetPath(path); err != nil {
		return req, err
	}
	q := query(r)
	if q.Has("sessionID") {
		token, _, err := ds.s.sessions.convert(q.Get("sessionID"))
		if err != nil {
			return req, err
		}
		req.token = &token
	}
	req.mode = "html"
	if q.Has("mode") {
		req.mode = q.Get("mode")
	}
	req.linked = q.Get("is_link_data") == "true"
	return req, nil
}

// download answers the request, or returns the exception before anything is written.
func (ds *dataStoreServer) download(w http.ResponseWriter, r *http.Request, req downloadRequest, page renderer) error {
	unlock := ds.s.store.lock(false)
	n, content, err := ds.find(w, r, req)
	if err != nil || n == nil {
		unlock()
		if err == nil {
			sendExpired(w, r)
		}
		return err
	}
	if content == nil {
		defer unlock()
		page.sendFolder(w, r, n, req.token)
		return nil
	}
	unlock()
	ds.deliver(w, r, content, n.name(), req.mode)
	return nil
}

// find returns the node to deliver and its bytes, nil for a folder. Without a node the session has expired. Existence is
// checked before access.
func (ds *dataStoreServer) find(w http.ResponseWriter, r *http.Request, req downloadRequest) (*contentNode, Content, error) {
	session := ds.web.find(w, r, req.token)
	if session == nil {
		return nil, nil, nil
	}
	c, err := ds.open(req.code)
	if err != nil {
		return nil, nil, err
	}
	n, err := c.node(req.path)
	if err != nil {
		return nil, nil, err
	}
	if n.isGone() {
		return nil, nil, newException("ch.systemsx.cisd.common.exceptions.EnvironmentFailureException",
			"Resource '%s' does not exist in data set '%s'.", n.path, req.code)
	}
	switch ok, err := ds.web.mayAccess(ds, session, req.code, req.token); {
	case err != nil:
		return nil, nil, err
	case !ok:
		return nil, nil, userFailure("Data set '%s' is not accessible.", req.code)
	}
	if n.isFolder() {
		return n, nil, nil
	}
	if strings.HasPrefix(req.mode, "thumbnail") {
		return nil, nil, newException("java.lang.UnsupportedOperationException", "Thumbnails are not simulated.")
	}
	bytes, err := n.bytes()
	return n, bytes, err
}

// deliver sends a file. Range, conditions and everything else that a client may ask for are ignored.
func (ds *dataStoreServer) deliver(w http.ResponseWriter, r *http.Request, content Content, name, mode string) {
	contentType := mimeType(name, mode)
	h := w.Header()
	h["Content-Disposition"] = []string{`inline; filename="` + headerText(name) + `"`}
	if contentType == "image/png" {
		h.Set("Cache-Control", "max-age=7200")
	}
	out := newBody(w, r, contentType, content.Size())
	if err := ds.s.sendContent(out, content, 0, content.Size()); err != nil {
		panic(http.ErrAbortHandler) // the header promised more
	}
	if err := out.Close(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// headerText is what Jetty makes of a header value: one byte per character, line breaks become blanks.
func headerText(s string) string {
	return string(latin1(strings.NewReplacer("\r", " ", "\n", " ").Replace(s)))
}
