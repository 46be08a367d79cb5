package openbistest

import "net/http"

func newDataStoreServer(s *Server) http.Handler { return http.NotFoundHandler() }
