package openbistest

import (
	"errors"
	"net"
	"net/http"
)

// faultWriter is the response writer of every request. It does to the answer what the faults want.
type faultWriter struct {
	http.ResponseWriter
	truncateAt int64 // -1: never
	damageAt   int64 // -1: never
	stallAt    int64 // never when stall is nil
	stall      func()
	resetAtEnd bool
	lateAnswer bool           // the faults of kind Late are left to the handler,
	late       []*ActiveFault // which finds them here
	refusal    *exception     // what the call is to fail with
	written    int64
	began      bool
}

var _ http.Flusher = (*faultWriter)(nil)

// Unwrap lets http.ResponseController find the real writer.
func (w *faultWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *faultWriter) WriteHeader(status int) {
	w.began = true
	if !w.resetAtEnd {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *faultWriter) Write(p []byte) (int, error) {
	w.began = true
	if w.resetAtEnd {
		return len(p), nil
	}
	if at := w.damageAt - w.written; w.damageAt >= 0 && at >= 0 && at < int64(len(p)) {
		damaged := append([]byte(nil), p...)
		damaged[at] ^= 0xff
		p = damaged
	}
	if w.truncateAt >= 0 && w.written+int64(len(p)) > w.truncateAt {
		n, _ := w.ResponseWriter.Write(p[:max(w.truncateAt-w.written, 0)])
		w.written += int64(n)
		w.Flush()
		panic(http.ErrAbortHandler)
	}
	if stall := w.stall; stall != nil && w.written+int64(len(p)) > w.stallAt {
		n, err := w.ResponseWriter.Write(p[:max(w.stallAt-w.written, 0)])
		w.written += int64(n)
		if err != nil {
			return n, err
		}
		w.Flush()
		w.stall = nil
		stall()
		m, err := w.Write(p[n:])
		return n + m, err
	}
	n, err := w.ResponseWriter.Write(p)
	w.written += int64(n)
	return n, err
}

// Flush implements http.Flusher.
func (w *faultWriter) Flush() {
	if !w.resetAtEnd {
		_ = http.NewResponseController(w.ResponseWriter).Flush()
	}
}

func (w *faultWriter) finish() {
	if w.resetAtEnd {
		resetConnection(w)
	}
}

// resetConnection ends the connection with a TCP reset. It does not return.
func resetConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		raw := conn
		if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
			raw = t.NetConn()
		}
		if tcp, ok := raw.(*net.TCPConn); ok {
			err = tcp.SetLinger(0)
		}
		err = errors.Join(err, conn.Close())
	}
	_ = err // the connection is gone either way
	panic(http.ErrAbortHandler)
}
