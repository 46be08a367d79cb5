package openbistest

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// applicationServer is the application server: everything below /openbis.
type applicationServer struct {
	s         *Server
	endpoints map[string]endpoint // by file name
	searches  atomic.Uint64       // seeds the order of the next unsorted search
}

// endpoint is one JSON-RPC service.
type endpoint struct {
	dialect dialect
	methods map[string]method
}

func newApplicationServer(s *Server) *applicationServer {
	as := &applicationServer{s: s}
	as.endpoints = map[string]endpoint{
		"rmi-application-server-v3.json":  {v3, as.v3Methods()},
		"rmi-general-information-v1.json": {v1AS, as.generalInformationMethods()},
		"rmi-query-v1.json":               {v1AS, as.queryMethods()},
	}
	return as
}

// ServeHTTP finds the service. Its path is the file name below the servlet's "/openbis", which may be repeated, below
// the web application's "/openbis", which is missing where the application is mounted at the root.
func (as *applicationServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Cache-Control", "max-age=3600")
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodOptions:
	default: // MethodFilter.java
		h.Set("Allow", "GET, POST, OPTIONS")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	path := r.URL.Path
	for i := 0; i < 3 && strings.HasPrefix(path, "/openbis/"); i++ {
		path = path[len("/openbis"):]
	}
	e, ok := as.endpoints[strings.TrimPrefix(path, "/")]
	switch {
	case !ok && strings.HasPrefix(path, "/webapp/"):
		h.Set("Content-Type", "text/html;charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html>\n<html><head><title>openBIS</title></head><body>openBIS</body></html>\n"))
	case !ok:
		http.NotFound(w, r)
	case r.Method == http.MethodOptions && e.dialect == v3:
		w.WriteHeader(http.StatusOK) // the answer to a CORS preflight
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusBadRequest)
	default:
		as.s.serveJSONRPC(w, r, e.dialect, e.methods)
	}
}

// v3Methods are the methods of the v3 API.
func (as *applicationServer) v3Methods() map[string]method {
	methods := make(map[string]method)
	as.addSessionMethods(methods)
	as.addTokenMethods(methods)
	as.addEntityMethods(methods)
	as.addOperationMethods(methods)
	as.addDataSetMethods(methods)
	as.addCreationMethods(methods)
	as.addServiceMethods(methods)
	return methods
}

// argText returns a text parameter, "" for null.
func argText(arg any) string {
	s, _ := arg.(string)
	return s
}

// argObject returns a bean parameter, nil for null.
func argObject(arg any) *object {
	o, _ := arg.(*object)
	return o
}

// withSession makes the method body of a v3 operation: it resolves the token, which may be a personal access token, and
// puts what goes wrong afterwards into the operation's context.
func (as *applicationServer) withSession(call func(session *session, args []any) (any, error)) func([]any) (any, error) {
	return func(args []any) (any, error) {
		session, err := as.s.resolveToken(argText(args[0]))
		if err != nil {
			return nil, err
		}
		result, err := call(session, args[1:])
		return result, inOperation(err, "")
	}
}
