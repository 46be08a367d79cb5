package openbistest

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// serveWorkspaceUpload is the servlet that writes slices of files to the session workspace (openBIS source,
// SessionWorkspaceFileUploadServlet.java). Everything but the bytes is in the query.
func (ds *dataStoreServer) serveWorkspaceUpload(w http.ResponseWriter, r *http.Request) {
	const name = "session_workspace_file_upload"
	if !onlyPost(w, r) {
		return
	}
	ds.s.count(name)
	if ds.s.faultUpload(w, r, name) {
		return
	}
	defer drain(r)
	body, tooLarge := uploadBody(r)
	if tooLarge {
		drain(r)
		jettyError(w, r, http.StatusBadRequest, "Form is larger than max length "+itoa(maxForm))
		return
	}
	u, err := newUpload(r)
	if err == nil {
		if refusal := takeRefusal(w); refusal != nil {
			err = refusal
		}
	}
	if err == nil {
		err = ds.putSlice(u, body)
	}
	drain(r)
	ds.s.lateAnswer(w)
	if err != nil {
		jettyException(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/json;charset=utf-8")
	_, _ = w.Write(u.answer())
}

// onlyPost answers everything but POST.
func onlyPost(w http.ResponseWriter, r *http.Request) bool {
	switch r.Method {
	case http.MethodPost:
		return true
	case http.MethodOptions:
		w.Header().Set("Allow", "POST, TRACE, OPTIONS")
	default:
		jettyError(w, r, http.StatusMethodNotAllowed, "HTTP method "+r.Method+" is not supported by this URL")
	}
	return false
}

// maxForm is Jetty's limit for the length of a form, in bytes.
const maxForm = 200_000

// uploadBody returns the bytes of an upload. There are none when the request claims to be a form: asking for a parameter of the query makes
// Jetty read the body in search of more.
func uploadBody(r *http.Request) (body io.Reader, tooLarge bool) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return r.Body, false
	}
	n, _ := io.Copy(io.Discard, io.LimitReader(r.Body, maxForm+1))
	return http.NoBody, n > maxForm
}

// upload is a request to write a slice, or to make a folder.
type upload struct {
	token, path string
	id          int64
	start, end  int64
	folder      bool
	size        int64 // what was written
}

func newUpload(r *http.Request) (*upload, error) {
	q := query(r)
	u := &upload{token: javaTrim(q.Get("sessionID")), path: javaTrim(q.Get("filename")), folder: strings.EqualFold(q.Get("emptyFolder"), "true")}
	if u.token == "" {
		return nil, illegalArgument("sessionID parameter cannot be null")
	}
	for _, p := range []struct {
		name  string
		value *int64
		bits  int
	}{{"id", &u.id, 32}, {"startByte", &u.start, 64}, {"endByte", &u.end, 64}} {
		if err := integerParam(q, p.name, p.value, p.bits); err != nil {
			return nil, err
		}
	}
	if u.path == "" {
		return nil, illegalArgument("filename parameter cannot be null")
	}
	return u, nil
}

func integerParam(q url.Values, name string, value *int64, bits int) error {
	text := javaTrim(q.Get(name))
	if text == "" {
		return illegalArgument("%s parameter cannot be null", name)
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		return illegalArgument("Parameter: %s is not a valid number: %s", name, text)
	}
	*value = n
	return nil
}

// answer is what the servlet says of a slice, in no particular order.
func (u *upload) answer() []byte {
	values := map[string]any{
		"id": u.id, "startByte": u.start, "endByte": u.end, "filename": u.path, "emptyFolder": u.folder, "size": u.size, "status": "ok",
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	var fields orderedMap
	for _, name := range javaStringOrder(names) {
		fields = append(fields, field{name, values[name]})
	}
	var out jsonWriter
	out.value(fields)
	return out.buf
}

// putSlice writes a slice into the session's workspace. The file is not truncated, whatever was in it.
func (ds *dataStoreServer) putSlice(u *upload, body io.Reader) error {
	session, err := ds.s.resolveToken(u.token)
	if err != nil {
		return err
	}
	path, err := ds.inWorkspace(session.Token, u.path)
	if err != nil {
		return err
	}
	if u.folder {
		u.size = -1
		if err := os.MkdirAll(path, 0o700); err != nil {
			return javaIO(u.path, err)
		}
	} else {
		folder := filepath.Dir(path)
		if _, name := splitPath(u.path); name == "" {
			folder = path
		}
		_ = os.MkdirAll(folder, 0o700) // File.mkdirs returns false, which nobody looks at
		if u.size, err = writeAt(path, u.start, body); err != nil {
			return javaIO(u.path, err)
		}
	}
	ds.s.noteSlice(Slice{Store: ds.store.Code, Path: u.path, Start: u.start, Size: u.size, Folder: u.folder})
	return nil
}

// writeAt writes body into the file from a position on (openBIS source, FileUtilities.java).
func writeAt(path string, start int64, body io.Reader) (n int64, err error) {
	if start < 0 {
		return 0, newException("java.io.IOException", "Negative seek offset")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffer := copyBuffers.Get().(*[256 << 10]byte)
	defer copyBuffers.Put(buffer)
	return io.CopyBuffer(io.NewOffsetWriter(f, start), body, buffer[:])
}

// javaIO is Java's exception for a failed operation on the file of that path.
func javaIO(path string, err error) error {
	var thrown *exception
	var failed *os.PathError
	var moved *os.LinkError
	switch {
	case errors.As(err, &thrown):
		return err
	case errors.As(err, &failed):
		err = failed.Err
	case errors.As(err, &moved):
		err = moved.Err
	default:
		return newException("java.io.IOException", "%s", err)
	}
	text := err.Error()
	return fileNotFound(path, strings.ToUpper(text[:1])+text[1:])
}

// jettyException is Jetty's page for an exception that a servlet let escape.
func jettyException(w http.ResponseWriter, r *http.Request, err error) {
	e := asException(err)
	text := e.class + ": " + e.message
	if !strings.Contains(r.Header.Get("Accept"), "application/json") {
		jettyError(w, r, http.StatusInternalServerError, text)
		return
	}
	var out jsonWriter
	out.value(orderedMap{{"url", r.URL.Path}, {"status", "500"}, {"message", text}, {"cause0", text}})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "must-revalidate,no-cache,no-store")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write(out.buf)
}
