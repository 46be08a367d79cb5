package openbistest

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// uploader is the service "dataset-uploader-api" (openBIS source, core plugin dataset-uploader). It deletes the uploads before
// the transaction is committed.
func (run *ingestion) uploader() (*table, error) {
	p := run.parameters
	if p.get("method") != "insertDataSet" {
		return &table{columns: []string{"STATUS", "MESSAGE"}, rows: [][]string{{"FAIL", "Operation Failed"}}}, nil
	}
	typeCode, _ := p.get("dataSetType").(string)
	code, _ := p.get("permId").(string)
	d := run.create(typeCode, code)
	if err := run.setOwner(d, p.get("sampleIdentifier"), p.get("experimentIdentifier")); err != nil {
		return nil, err
	}
	if err := d.setProperties(p.get("properties")); err != nil {
		return nil, err
	}
	var err error
	if d.parents, err = run.texts(p.get("parentIdentifiers")); err != nil {
		return nil, err
	}
	names, err := run.texts(p.get("fileNames"))
	if err != nil {
		return nil, err
	}
	if err := run.bring(d, names); err != nil {
		return nil, err
	}
	for _, name := range names {
		if path, err := run.ds.inWorkspace(run.token, name); err == nil {
			_ = os.RemoveAll(path)
		}
	}
	return succeeded("Operation Successful", d.code), nil
}

// bring moves the named files of the workspace into the data set: one as it is, several in a folder, one archive unpacked in a folder.
func (run *ingestion) bring(d *newDataSet, names []string) error {
	folderName, _ := run.parameters.get("folderName").(string)
	if folderName == "" {
		folderName = "DEFAULT"
	}
	temporary, err := run.s.disk.fresh(run.ds.store.Code, "incoming", "uploader")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	folder := filepath.Join(temporary, folderName)
	if !strings.HasPrefix(folder, temporary+"/") {
		return errors.New("not a folder: " + folderName)
	}
	_ = os.Mkdir(folder, 0o700) // only one level; files fail if it is not there
	for _, name := range names {
		to := filepath.Join(folder, name)
		if !strings.HasPrefix(to, folder+"/") {
			return errors.New("not a file name: " + name)
		}
		if err := run.fetch(name, to, linkFile); err != nil {
			return err
		}
	}
	switch {
	case len(names) == 1 && isTrue(run.parameters.get("isZipDirectoryUpload")):
		archive := filepath.Join(temporary, strconv.Itoa(len(folderName))+".zip")
		if err := os.Rename(filepath.Join(folder, names[0]), archive); err != nil {
			return err
		}
		if err := unzip(archive, folder); err != nil {
			return err
		}
	case len(names) == 1:
		folder = filepath.Join(folder, names[0])
	}
	return run.move(folder, d)
}

// unzip unpacks an archive into a folder.
func unzip(archive, folder string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return newException("net.lingala.zip4j.exception.ZipException", "%s", err)
	}
	defer z.Close()
	for _, f := range z.File {
		if err := unzipEntry(f, folder); err != nil {
			return newException("net.lingala.zip4j.exception.ZipException", "%s: %s", f.Name, err)
		}
	}
	return nil
}

func unzipEntry(f *zip.File, folder string) error {
	if !filepath.IsLocal(f.Name) {
		return errors.New("illegal name")
	}
	to := filepath.Join(folder, f.Name)
	if f.FileInfo().IsDir() {
		return os.MkdirAll(to, 0o700)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in) // the archive is the simulator's own disk space to fill
	return errors.Join(err, out.Close())
}
