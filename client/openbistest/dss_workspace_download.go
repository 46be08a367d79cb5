package openbistest

import (
	"net/http"
	"os"
	"path/filepath"
)

// serveWorkspaceDownload is the servlet that reads a file of the session workspace (openBIS source,
// SessionWorkspaceFileDownloadServlet.java). It says no length.
func (ds *dataStoreServer) serveWorkspaceDownload(w http.ResponseWriter, r *http.Request) {
	const name = "session_workspace_file_download"
	if r.Method != http.MethodGet {
		jettyError(w, r, http.StatusMethodNotAllowed, "HTTP method "+r.Method+" is not supported by this URL")
		return
	}
	ds.s.count(name)
	if ds.s.fault(w, r, name) {
		return
	}
	content, err := ds.workspaceFile(javaTrim(query(r).Get("sessionID")), javaTrim(query(r).Get("filePath")))
	if err != nil {
		jettyException(w, r, err)
		return
	}
	file := filepath.Base(content.path)
	w.Header()["Content-Disposition"] = []string{"inline; filename=" + headerText(file)}
	out := newBody(w, r, mimeType(file, ""), -1)
	if ds.s.sendContent(out, content, 0, content.size) != nil || out.Close() != nil {
		panic(http.ErrAbortHandler)
	}
}

func (ds *dataStoreServer) workspaceFile(token, path string) (*fileContent, error) {
	switch "" {
	case token:
		return nil, illegalArgument("sessionID parameter cannot be null")
	case path:
		return nil, illegalArgument("filePath parameter cannot be null")
	}
	session, err := ds.s.resolveToken(token)
	if err != nil {
		return nil, err
	}
	file, err := ds.inWorkspace(session.Token, path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, fileNotFound(path, "No such file or directory")
	case info.IsDir():
		return nil, fileNotFound(path, "Is a directory")
	}
	return &fileContent{path: file, size: info.Size()}, nil
}
