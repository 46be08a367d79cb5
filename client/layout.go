package client

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// piece is what one request of an upload brings: a slice of a file in the session workspace, or a folder.
type piece struct {
	name     string // in the session workspace
	folder   bool
	start    int64
	length   int64
	segments []segment // what the slice is made of; for an archive they are made when needed
}

// layout is what an upload of a Dataset consists of. It depends on the plan and the Dataset only, so that an upload can go
// on where an earlier one has stopped.
type layout struct {
	files   []NewFile
	pieces  []piece
	archive *zipImage // nil when the files are uploaded as they are
}

// maxSlice is how much one request brings. Servers without a proxy have no limit; some proxies take 1 MiB.
const (
	maxSlice = 8 << 20
	minSlice = 256 << 10
)

// newLayout lays out the upload of a Dataset in slices of a size. dataset-uploader-api takes names in the top folder of
// the workspace only, which all uploads of the session share; an archive has a name of its own and keeps folders.
func newLayout(plan Plan, ds *NewDataSet, slice int64) (*layout, error) {
	if err := checkNames(plan, ds); err != nil {
		return nil, err
	}
	l := &layout{files: ds.Files}
	if plan.Route == DatasetUploader {
		l.archive = newZipImage(zipEntries(ds))
		l.add(plan.archiveName(), -1, l.archive.length, slice)
		return l, nil
	}
	for _, folder := range topFolders(ds) {
		l.pieces = append(l.pieces, piece{name: plan.UploadID + "/" + folder, folder: true})
	}
	for i, f := range ds.Files {
		l.add(plan.UploadID+"/"+ds.pathOf(f), i, f.Size, slice)
	}
	return l, nil
}

// add adds the slices of a file.
func (l *layout) add(name string, file int, size, slice int64) {
	for start := int64(0); start == 0 || start < size; start += slice {
		p := piece{name: name, start: start, length: min(slice, size-start)}
		if file >= 0 && p.length > 0 {
			p.segments = []segment{{file: file, offset: start, length: p.length}}
		}
		l.pieces = append(l.pieces, p)
	}
}

// reader returns the bytes of a piece.
func (l *layout) reader(p piece) *sliceReader {
	return &sliceReader{files: l.files, segments: l.segments(p)}
}

// segments is what a piece is made of.
func (l *layout) segments(p piece) []segment {
	if l.archive != nil {
		return l.archive.segments(p.start, p.length)
	}
	return p.segments
}

// content is how many bytes of the Dataset's files are in a piece.
func (l *layout) content(p piece) (n int64) {
	for _, s := range l.segments(p) {
		n += s.length
	}
	return n
}

// pathOf is the path of a file with the Dataset's name in front.
func (ds *NewDataSet) pathOf(f NewFile) string {
	if !ds.Directory {
		return ds.Name
	}
	return ds.Name + "/" + f.Path
}

// topFolders are the folders that no file brings along, with the Dataset's name in front.
func topFolders(ds *NewDataSet) []string {
	var folders []string
	for _, f := range ds.Folders {
		folders = append(folders, ds.Name+"/"+f)
	}
	if ds.Directory && len(ds.Files) == 0 && len(folders) == 0 {
		folders = []string{ds.Name}
	}
	return folders
}

// zipEntries are what the archive has: the server unpacks it into a folder with the Dataset's name.
func zipEntries(ds *NewDataSet) []zipEntry {
	var entries []zipEntry
	for _, f := range ds.Folders {
		entries = append(entries, zipEntry{name: f + "/", file: -1})
	}
	for i, f := range ds.Files {
		name := f.Path
		if !ds.Directory {
			name = ds.Name
		}
		entries = append(entries, zipEntry{name: name, file: i, size: f.Size, crc: f.CRC32, padded: !ds.Directory})
	}
	return entries
}

// archiveName is the name of the upload's archive in the session workspace.
func (p Plan) archiveName() string { return p.UploadID + ".zip" }

// workspaceName is what the upload is below in the session workspace.
func (p Plan) workspaceName() string {
	if p.Route == DatasetUploader {
		return p.archiveName()
	}
	return p.UploadID
}

// checkNames refuses names with which the server cannot deal, before anything is sent.
func checkNames(plan Plan, ds *NewDataSet) error {
	refuse := func(path, why string) error {
		return &Error{Op: "registration", Subject: path, Err: ErrRefused, Message: why}
	}
	switch {
	case plan.UploadID == "" || strings.Contains(plan.UploadID, "/"):
		return refuse(ds.Name, "there is no plan")
	case ds.Name == "" || strings.Contains(ds.Name, "/"):
		return refuse(ds.Name, "this is no name")
	case ds.Type == "":
		return refuse(ds.Name, "the Dataset has no type")
	case ds.Object+ds.ObjectIdentifier+ds.Collection+ds.CollectionIdentifier == "":
		return refuse(ds.Name, "the Dataset has no owner")
	case !ds.Directory && (len(ds.Files) != 1 || len(ds.Folders) > 0):
		return refuse(ds.Name, "this is not one file")
	}
	paths := slices.Clone(topFolders(ds))
	for _, f := range ds.Files {
		paths = append(paths, ds.pathOf(f))
	}
	for _, path := range paths {
		elements := strings.Split(path, "/")
		switch {
		case !utf8.ValidString(path):
			return refuse(path, "the name is not UTF-8")
		case strings.Contains(path, "\x00") || slices.Contains(elements, "") || slices.Contains(elements, ".") || slices.Contains(elements, ".."):
			return refuse(path, "this is no path")
		case len(path) > 1<<15:
			return refuse(path, "the path is too long")
		case plan.Route == DatasetUploader:
		// The workspace trims what it is given, and looks for "../" also where it is the end of a name.
		case strings.TrimRightFunc(path, func(r rune) bool { return r <= ' ' }) != path:
			return refuse(path, "the data store cannot take a name that ends in a blank")
		case strings.Contains(path, `\`):
			return refuse(path, "the data store takes a backslash for the end of a folder's name")
		case strings.Contains(path, "../"):
			return refuse(path, `the data store cannot take a folder whose name ends in ".."`)
		case plan.Route == JupyterUploader && len(ds.Files) == 0:
			return refuse(path, "the service "+plan.Service+" cannot take a folder without files")
		}
	}
	return nil
}
