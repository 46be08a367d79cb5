package openbistest

import "net/http"

func newApplicationServer(s *Server) http.Handler { return http.NotFoundHandler() }
