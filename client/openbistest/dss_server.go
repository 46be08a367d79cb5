package openbistest

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
)

// dataStoreServer is one data store server: everything below /datastore_server of one listener.
type dataStoreServer struct {
	s      *Server
	store  *DataStore
	url    string // scheme://host:port of its listener, known once it listens
	access accessCache
	web    webSessions
	stream streamRepository
	v1, v3 map[string]method

	transfers transfers

	mu     sync.Mutex
	random *rand.Rand // see order
}

// contextPath is the name of the data store server's only web application.
const contextPath = "/datastore_server"

func newDataStore(s *Server, store *DataStore) *dataStoreServer {
	ds := &dataStoreServer{s: s, store: store}
	ds.access.init(s)
	ds.web.init(s)
	ds.stream.init(s)
	ds.transfers.init(ds)
	ds.v1 = ds.v1Methods()
	ds.v3 = ds.v3Methods()
	ds.addWorkspaceMethods(ds.v1)
	ds.addRegistrationMethods(ds.v3)
	return ds
}

// ServeHTTP dispatches to the servlets. What no servlet is mapped to is taken by the download servlet, for a data set's
// code (openBIS source, DataStoreServer.java).
func (ds *dataStoreServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status := headerLimit(r); status != 0 {
		w.Header().Set("Connection", "close")
		jettyError(w, r, status, http.StatusText(status))
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodOptions:
	default: // MethodFilter.java
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		jettyError(w, r, http.StatusMethodNotAllowed, "Method Not Allowed")
		return
	}
	path := strings.TrimPrefix(r.URL.Path, contextPath)
	switch {
	case path == "/rmi-dss-api-v1.json":
		ds.s.serveJSONRPC(w, r, v1DSS, ds.v1)
	case path == "/rmi-data-store-server-v3.json":
		ds.s.serveJSONRPC(w, r, v3, ds.v3)
	case path == "/file-transfer", strings.HasPrefix(path, "/file-transfer/"):
		ds.serveFileTransfer(w, r)
	case path == "/session_workspace_file_upload":
		ds.serveWorkspaceUpload(w, r)
	case path == "/session_workspace_file_download":
		ds.serveWorkspaceDownload(w, r)
	case path == "/store_share_file_upload" && ds.offers(uploadedRoute):
		ds.serveShareUpload(w, r)
	case path == "/stream-content", strings.HasPrefix(path, "/stream-content/"):
		ds.serveStream(w, r)
	default:
		ds.serveDownload(w, r)
	}
}

// maxHeader is Jetty's limit of request line and headers, in bytes.
const maxHeader = 8 << 10

// headerLimit returns the status of a request whose header is too large for Jetty, else 0.
func headerLimit(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len(" HTTP/1.1\r\n ")
	if size > maxHeader {
		return http.StatusRequestURITooLong
	}
	size += len("Host: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, v := range values {
			size += len(name) + len(": \r\n") + len(v)
		}
	}
	if size > maxHeader {
		return http.StatusRequestHeaderFieldsTooLarge
	}
	return 0
}

// jettyError writes Jetty's error page.
func jettyError(w http.ResponseWriter, r *http.Request, status int, message string) {
	h := w.Header()
	h.Set("Content-Type", "text/html;charset=iso-8859-1")
	h.Set("Cache-Control", "must-revalidate,no-cache,no-store")
	w.WriteHeader(status)
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&apos;")
	text := http.StatusText(status)
	_, _ = w.Write(latin1("<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n<title>Error " +
		itoa(status) + " " + text + "</title>\n</head>\n<body><h2>HTTP ERROR " + itoa(status) + " " + escape.Replace(message) +
		"</h2>\n<table>\n<tr><th>URI:</th><td>" + escape.Replace(r.URL.Path) + "</td></tr>\n<tr><th>STATUS:</th><td>" +
		itoa(status) + "</td></tr>\n<tr><th>MESSAGE:</th><td>" + escape.Replace(message) +
		"</td></tr>\n</table>\n\n</body>\n</html>\n"))
}
