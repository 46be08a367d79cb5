package openbistest

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind int

// The kinds of faults.
const (
	// Latency delays the answer by Fault.Delay.
	Latency FaultKind = iota + 1
	// ResetBefore resets the connection instead of handling the call.
	ResetBefore
	// ResetAfter handles the call and resets the connection instead of answering.
	ResetAfter
	// Stall keeps the call waiting until the fault is released, removed, or the client gives up; with Fault.Bytes it does so
	// after that many bytes of the body.
	Stall
	// Truncate ends the connection after Fault.Bytes bytes of the body, whatever Content-Length said.
	Truncate
	// Status answers with the HTTP status Fault.Status, and Retry-After when Fault.RetryAfter is set.
	Status
	// WrongBytes flips all bits of the byte at Fault.Bytes of the body.
	WrongBytes
	// ExpiredSession lets all sessions run out before the call is handled.
	ExpiredSession
	// LoginPage answers HTTP 200 with an HTML login page, as a proxy with single sign-on does.
	LoginPage
	// Late handles the call only after Fault.Delay, or when the fault is released or removed if there is no delay, whether
	// or not the client is still waiting. The bytes of an upload are written at once; only the answer is late.
	Late
	// Refused is a user failure with the text Fault.Body. Every service reports it in its own way. It hits JSON-RPC methods, the
	// uploads, and "commit".
	Refused
)

// CommitStep is what faults call the last step of a registration, whatever started it: everything was checked but what only
// the application server can check, the files are in the store, the upload is consumed, and nothing is registered yet.
// Latency, Stall, Late, ExpiredSession and Refused can happen there.
const CommitStep = "commit"

// JupyterMoveStep is what faults call the moment when "jupyter-uploader-api" has copied the files of a data set to its incoming directory and
// is going to move that directory. The same faults as in [CommitStep] can happen there.
const JupyterMoveStep = "jupyter-uploader-api/move"

// Fault is a failure to come. It hits the calls of Method from the First-th on (counted from when the fault
// was added; 0 and 1 are both the next call), Times of them.
type Fault struct {
	Kind FaultKind
	// Method is the JSON-RPC method, "download", "file-transfer/start", "session_workspace_file_upload",
	// "session_workspace_file_download", "store_share_file_upload", [CommitStep] and so on; "" is any.
	Method string
	First  int
	// Times is how many calls are hit; 0 is one, negative is all.
	Times      int
	Delay      time.Duration
	Bytes      int64
	Status     int
	RetryAfter string
	Body       string // of Status; the text of Refused
}

// Faults are the failures that a [Server] is going to produce.
type Faults struct {
	s      *Server
	mu     sync.Mutex
	active []*ActiveFault
}

// ActiveFault is a fault that was added.
type ActiveFault struct {
	Fault
	faults   *Faults
	seen     int
	hits     int
	hit      chan struct{}
	released chan struct{}
	once     sync.Once
}

func newFaults(s *Server) *Faults { return &Faults{s: s} }

// Add lets the fault happen.
func (f *Faults) Add(fault Fault) *ActiveFault {
	a := &ActiveFault{Fault: fault, faults: f, hit: make(chan struct{}, 1024), released: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = append(f.active, a)
	return a
}

// Clear removes all faults and releases what they stall.
func (f *Faults) Clear() {
	f.mu.Lock()
	active := f.active
	f.active = nil
	f.mu.Unlock()
	for _, a := range active {
		a.Release()
	}
}

// Remove removes the fault and releases what it stalls.
func (a *ActiveFault) Remove() {
	a.faults.mu.Lock()
	a.faults.active = slices.DeleteFunc(a.faults.active, func(b *ActiveFault) bool { return a == b })
	a.faults.mu.Unlock()
	a.Release()
}

// Release lets stalled calls go on, now and in future.
func (a *ActiveFault) Release() { a.once.Do(func() { close(a.released) }) }

// Hit is received from once for every call that the fault has hit.
func (a *ActiveFault) Hit() <-chan struct{} { return a.hit }

// Hits returns how many calls the fault has hit.
func (a *ActiveFault) Hits() int {
	a.faults.mu.Lock()
	defer a.faults.mu.Unlock()
	return a.hits
}

// stall waits for the release of a fault. It returns false when the client has given up.
func (s *Server) stall(r *http.Request, a *ActiveFault) bool {
	select {
	case <-a.released:
		return true
	case <-r.Context().Done():
		return false
	case <-s.closing:
		panic(http.ErrAbortHandler)
	}
}

// due returns the faults that hit this call of method.
func (f *Faults) due(method string) []*ActiveFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var due []*ActiveFault
	for _, a := range f.active {
		if a.Method != "" && a.Method != method {
			continue
		}
		a.seen++
		first, times := max(a.First, 1), a.Times
		if times == 0 {
			times = 1
		}
		if a.seen < first || times > 0 && a.seen >= first+times {
			continue
		}
		a.hits++
		select {
		case a.hit <- struct{}{}:
		default:
		}
		due = append(due, a)
	}
	return due
}

// fault does to the call of method what the faults want. It returns true when the call must not be handled
// any more: it has been answered, or nobody is there to take an answer. The faults that change the
// answer act through w, which is what [Server]'s handler passed down.
func (s *Server) fault(w http.ResponseWriter, r *http.Request, method string) bool {
	for _, a := range s.Faults.due(method) {
		s.log.Debug("fault", "kind", int(a.Kind), "method", method)
		fw, _ := w.(*faultWriter)
		switch a.Kind {
		case Latency:
			timer := time.NewTimer(a.Delay)
			select {
			case <-timer.C:
			case <-a.released:
				timer.Stop()
			case <-r.Context().Done():
				timer.Stop()
				return true
			case <-s.closing:
				timer.Stop()
				panic(http.ErrAbortHandler)
			}
		case Stall:
			if a.Bytes > 0 {
				fw.stallAt, fw.stall = a.Bytes, func() { _ = s.stall(r, a) }
				continue
			}
			if !s.stall(r, a) {
				return true
			}
		case ResetBefore:
			resetConnection(w)
		case ResetAfter:
			fw.resetAtEnd = true
		case Truncate:
			fw.truncateAt = a.Bytes
		case WrongBytes:
			fw.damageAt = a.Bytes
		case Status:
			if a.RetryAfter != "" {
				w.Header().Set("Retry-After", a.RetryAfter)
			}
			body := a.Body
			if body == "" {
				body = "<html><body><h1>" + strconv.Itoa(a.Status) + " " + http.StatusText(a.Status) + "</h1></body></html>\n"
			}
			w.Header().Set("Content-Type", "text/html;charset=utf-8")
			w.WriteHeader(a.Status)
			_, _ = w.Write([]byte(body))
			return true
		case ExpiredSession:
			s.ExpireSessions()
		case Late:
			if fw.lateAnswer {
				fw.late = append(fw.late, a)
			} else {
				s.waitFor(a)
			}
		case Refused:
			fw.refusal = a.refusal()
		case LoginPage:
			w.Header().Set("Content-Type", "text/html;charset=utf-8")
			_, _ = w.Write([]byte("<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>" +
				"<form method=\"post\" action=\"/sso/login\"><input name=\"user\"/></form></body></html>\n"))
			return true
		}
	}
	return false
}
