package openbistest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A session workspace is a folder per data store and session. It is gone when the session is. The sessions behind personal access tokens
// never end, so their workspaces stay, shared by all clients with the same session name (openBIS source, SessionWorkspaceProvider.java).

// workspace returns the folder of a session's workspace, which need not exist.
func (ds *dataStoreServer) workspace(token string) (string, error) {
	return ds.s.disk.path(ds.store.Code, "workspace", token)
}

// share returns the folder of a session's uploads to the share of the dropbox.
func (ds *dataStoreServer) share(token string) (string, error) {
	return ds.s.disk.path(ds.store.Code, "rpc-incoming", token)
}

// cleanUp removes the uploads of a session that has ended, in all data stores.
func (d *dataStoreServers) cleanUp(token string) {
	for _, ds := range d.all {
		for _, find := range []func(string) (string, error){ds.workspace, ds.share} {
			path, err := find(token)
			if err == nil {
				err = os.RemoveAll(path)
			}
			if err != nil {
				d.s.log.Warn("clean up after a session", "error", err)
			}
		}
	}
}

// Workspaces returns the paths of all files in the session workspaces and upload areas, each with the code of the data store in front.
// Folders end in a slash.
func (s *Server) Workspaces() []string {
	files := []string{}
	for _, ds := range s.dss.all {
		for _, area := range []string{"workspace", "rpc-incoming"} {
			root, err := s.disk.path(ds.store.Code, area)
			if err != nil {
				continue
			}
			_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
				if err != nil {
					return nil // not there, or not any more
				}
				inside := strings.Split(strings.TrimPrefix(path, root), "/")
				if len(inside) < 3 {
					return nil // a session's folder
				}
				name := ds.store.Code + "/" + strings.Join(inside[2:], "/")
				if e.IsDir() {
					name += "/"
				}
				files = append(files, name)
				return nil
			})
		}
	}
	return files
}

// fileNotFound is Java's exception for a file that can't be opened.
func fileNotFound(path, why string) error {
	return newException("java.io.FileNotFoundException", "%s (%s)", path, why)
}

// splitPath splits a path as FilenameUtils.java of commons-io does, for which a backslash separates too: a name with a backslash
// becomes a folder whose name ends in one, and a file.
func splitPath(path string) (folder, name string) {
	i := strings.LastIndexAny(path, `/\`)
	return path[:i+1], path[i+1:]
}

// inWorkspace returns where a path of a workspace is on disk.
func (ds *dataStoreServer) inWorkspace(token, path string) (string, error) {
	root, err := ds.workspace(token)
	if err != nil {
		return "", err
	}
	folder, name := splitPath(path)
	// The real check is for "../" only, and would let "x/.." and ".." pass.
	if full := filepath.Join(root, folder, name); !strings.Contains(path, "../") && (full == root || strings.HasPrefix(full, root+"/")) {
		return full, nil
	}
	return "", newException("ch.systemsx.cisd.base.exceptions.IOExceptionUnchecked", "filePath must not contain '../'")
}

// addWorkspaceMethods adds what the v1 service knows of the workspace (openBIS source, DssServiceRpcGeneric.java).
func (ds *dataStoreServer) addWorkspaceMethods(methods map[string]method) {
	methods["deleteSessionWorkspaceFile"] = method{
		params: []paramType{textParam, textParam},
		locks:  true,
		call: func(args []any) (any, error) {
			token := textOf(args[0])
			if _, err := ds.s.session(token); err != nil {
				return nil, err
			}
			path, err := ds.inWorkspace(token, textOf(args[1]))
			if err != nil {
				return nil, err
			}
			return os.RemoveAll(path) == nil, nil
		},
	}
}

// javaTrim is java.lang.String.trim.
func javaTrim(s string) string { return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' }) }
