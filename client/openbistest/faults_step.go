package openbistest

import (
	"io"
	"net/http"
	"time"
)

// waitFor waits until a fault of kind Late lets the call go on, whoever has given up meanwhile.
func (s *Server) waitFor(a *ActiveFault) {
	var due <-chan time.Time
	if a.Delay > 0 {
		timer := time.NewTimer(a.Delay)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-a.released:
	case <-due:
	case <-s.closing:
		panic(http.ErrAbortHandler)
	}
}

func (a *ActiveFault) refusal() *exception {
	text := a.Body
	if text == "" {
		text = "The simulator refuses."
	}
	return newException(userFailureClass, "%s", text)
}

// takeRefusal returns what a fault wants the call to fail with, once.
func takeRefusal(w http.ResponseWriter) *exception {
	fw, ok := w.(*faultWriter)
	if !ok {
		return nil
	}
	refusal := fw.refusal
	fw.refusal = nil
	return refusal
}

// step lets the faults happen that are meant for a step inside of a call.
func (s *Server) step(name string) error {
	var refusal error
	for _, a := range s.Faults.due(name) {
		switch a.Kind {
		case Latency, Stall, Late:
			s.waitFor(a)
		case ExpiredSession:
			s.ExpireSessions()
		case Refused:
			refusal = a.refusal()
		default: // what is done to a connection has no meaning here
		}
	}
	return refusal
}

// faultUpload is [Server.fault] for a request with a large body. A body that nobody will handle is read, so that the client gets to see the answer.
func (s *Server) faultUpload(w http.ResponseWriter, r *http.Request, name string) bool {
	if fw, ok := w.(*faultWriter); ok {
		fw.lateAnswer = true
	}
	if !s.fault(w, r, name) {
		return false
	}
	drain(r)
	return true
}

// lateAnswer waits for the faults that want the answer to an upload to be late.
func (s *Server) lateAnswer(w http.ResponseWriter) {
	if fw, ok := w.(*faultWriter); ok {
		for _, a := range fw.late {
			s.waitFor(a)
		}
	}
}

func drain(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }
