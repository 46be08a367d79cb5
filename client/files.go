package client

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Files returns all nodes of a Dataset, sorted by path, without the root. A linked Dataset has those that the server
// has been told of; [ErrLinked] means that it has been told of none.
func (c *Client) Files(ctx context.Context, ds *DataSet) ([]File, error) {
	files, err := c.ListFiles(ctx, ds)
	if errors.Is(err, errors.ErrUnsupported) {
		files, err = c.SearchFiles(ctx, ds) // a data store without v1 interface
	}
	if err != nil && ds.Kind == Linked && contentFailure(err) {
		err = &Error{Op: "list files", Subject: ds.PermID, Err: ErrLinked, cause: err}
	}
	return files, err
}

// contentFailure tells whether an error is about the content of a Dataset, which a linked one does not have.
func contentFailure(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrArchived) || errors.Is(err, ErrLinked) || errors.Is(err, ErrServer)
}

// ListFiles is Files by way of the v1 interface, which tells an unknown checksum from 0.
func (c *Client) ListFiles(ctx context.Context, ds *DataSet) ([]File, error) {
	const method = "listFilesForDataSet"
	url, err := c.storeURLOf(ctx, ds.DataStore)
	if err != nil {
		return nil, err
	}
	d, err := withSession(ctx, c, true, func(cred credential) (*document, error) {
		d, err := c.invoke(ctx, url+dssV1, method, cred.real, ds.PermID, "/", true)
		return d, c.blameSession(ctx, cred, err)
	})
	if err != nil {
		return nil, about(err, ds.PermID)
	}
	nodes := d.objects(&d.root)
	files := make([]File, 0, len(nodes))
	for _, n := range nodes {
		f := File{DataSet: ds.PermID, Path: strings.Trim(n.text("pathInDataSet"), "/"), Directory: n.bool("isDirectory")}
		if size, ok := n.integer("fileSize"); ok && !f.Directory {
			f.Size = size
		}
		if crc, ok := n.integer("crc32Checksum"); ok && !f.Directory {
			f.CRC32, f.HasCRC32 = uint32(crc), true // signed on the wire
		}
		files = append(files, f)
	}
	return sortFiles(d, files, method)
}

// SearchFiles is Files by way of the v3 interface, where the checksum 0 stands for an unknown one too. A Dataset that
// the user may not see has no files there, instead of an error.
func (c *Client) SearchFiles(ctx context.Context, ds *DataSet) ([]File, error) {
	const method = "searchFiles"
	url, err := c.storeURLOf(ctx, ds.DataStore)
	if err != nil {
		return nil, err
	}
	code := stringField("Code", "EqualTo", ds.PermID)
	d, err := c.call(ctx, service{url: url + dssV3}, method,
		typed("dss.dto.datasetfile.search.DataSetFileSearchCriteria", jsonObject{
			"operator": "AND", "criteria": []jsonObject{searchCriteria(dataSetEntity, "OR", code)},
		}),
		typed("dss.dto.datasetfile.fetchoptions.DataSetFileFetchOptions", nil))
	if err != nil {
		return nil, about(err, ds.PermID)
	}
	nodes, _ := d.result().hits()
	files := make([]File, 0, len(nodes))
	for _, n := range nodes {
		f := File{DataSet: ds.PermID, Path: strings.Trim(n.text("path"), "/"), Directory: n.bool("directory")}
		if !f.Directory {
			f.Size, _ = n.integer("fileLength")
			crc, _ := n.integer("checksumCRC32")
			f.CRC32, f.HasCRC32 = uint32(crc), crc != 0 || f.Size == 0
		}
		files = append(files, f)
	}
	return sortFiles(d, files, method)
}

// sortFiles brings a listing, whose order is any, into the order of the paths. The root is left out.
func sortFiles(d *document, files []File, method string) ([]File, error) {
	files = slices.DeleteFunc(files, func(f File) bool { return f.Path == "" })
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	for _, f := range files {
		if f.Size < 0 {
			d.fail("the size of %s is negative", f.Path)
		}
	}
	if err := d.check(method); err != nil {
		return nil, err
	}
	return files, nil
}

// about adds to an error what the call was about.
func about(err error, subject string) error {
	var e *Error
	if errors.As(err, &e) && e.Subject == "" {
		other := *e
		other.Subject = subject
		return &other
	}
	return err
}
