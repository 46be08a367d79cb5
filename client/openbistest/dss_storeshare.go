package openbistest

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// serveShareUpload is the servlet that takes files for createUploadedDataSet, to the share of the dropbox that will register them
// (openBIS source, StoreShareFileUploadServlet.java and PutDataSetService.java). The answer to a success is empty.
func (ds *dataStoreServer) serveShareUpload(w http.ResponseWriter, r *http.Request) {
	const name = "store_share_file_upload"
	if !onlyPost(w, r) {
		return
	}
	ds.s.count(name)
	if ds.s.faultUpload(w, r, name) {
		return
	}
	var err error
	if refusal := takeRefusal(w); refusal != nil {
		err = refusal
	} else {
		err = ds.putFiles(r)
	}
	drain(r)
	ds.s.lateAnswer(w)
	if err != nil {
		jettyException(w, r, err)
	}
}

// putFiles stores all parts of a multipart request.
func (ds *dataStoreServer) putFiles(r *http.Request) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return userFailure("The file upload accepts only multipart requests")
	}
	q := query(r)
	parts := multipart.NewReader(r.Body, params["boundary"])
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			if n == 0 {
				return userFailure("Please upload at least one file")
			}
			return nil
		}
		if err != nil {
			return newException("org.apache.commons.fileupload.FileUploadException", "%s", err)
		}
		name := rawFileName(part)
		if ignore := q.Get("ignoreFilePath"); ignore == "" || strings.EqualFold(ignore, "true") {
			_, name = splitPath(name)
		}
		if err := ds.putFile(q.Get("sessionID"), q.Get("uploadID"), q.Get("dataSetType"), q.Get("folderPath"), name, part); err != nil {
			return err
		}
	}
}

// rawFileName returns the file name of a part with its path, which [multipart.Part.FileName] cuts off.
func rawFileName(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return params["filename"]
}

// putFile stores one file, over another one of its name.
func (ds *dataStoreServer) putFile(token, uploadID, dataSetType, folder, name string, content io.Reader) error {
	session, err := ds.s.resolveToken(token)
	switch {
	case err != nil:
		return err
	case javaTrim(name) == "":
		return userFailure("File path cannot be null or empty")
	case strings.Contains(folder, "../"):
		return userFailure("Folder path must not contain '../'")
	case strings.Contains(name, "../"):
		return userFailure("File path must not contain '../'")
	case javaTrim(dataSetType) == "":
		return userFailure("Data set type cannot be null or empty")
	}
	if err := checkUploadID(uploadID); err != nil {
		return err
	}
	path := name
	if javaTrim(folder) != "" {
		path = folder + "/" + name
	}
	root, err := ds.share(session.Token)
	if err != nil {
		return err
	}
	above, base := splitPath(path)
	to := filepath.Join(root, uploadID, uploadFolder, strings.TrimLeft(above, "/"), base)
	if !strings.HasPrefix(to, filepath.Join(root, uploadID, uploadFolder)+"/") {
		return userFailure("File path must not contain '../'")
	}
	_ = os.MkdirAll(filepath.Dir(to), 0o700)
	if err := os.Truncate(to, 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		return javaIO(path, err)
	}
	size, err := writeAt(to, 0, content)
	if err != nil {
		return javaIO(path, errors.Join(err, os.Remove(to)))
	}
	ds.s.noteSlice(Slice{Store: ds.store.Code, Path: uploadID + "/" + path, Size: size})
	return nil
}

// uploadFolder is the folder of all files of an upload, and what several of them are registered in.
const uploadFolder = "upload"

func checkUploadID(id string) error {
	switch {
	case javaTrim(id) == "":
		return userFailure("Upload id cannot be null or empty")
	case strings.Contains(id, "/"):
		return userFailure("Upload id must not contain '/'")
	case id == "." || id == "..": // the real server would use them
		return userFailure("Upload id must not be '%s'", id)
	}
	return nil
}
