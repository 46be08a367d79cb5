package openbistest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"time"
)

// zipArchive returns a ZIP of files, in a folder of the archive unless that is "".
func zipArchive(folder string, modified time.Time, files ...*Node) Content {
	return Lazy(func() []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, f := range files {
			name := f.Name
			if folder != "" {
				name = folder + "/" + name
			}
			member, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: modified})
			if err == nil {
				_, err = io.Copy(member, io.NewSectionReader(f.Content, 0, f.Content.Size()))
			}
			if err != nil {
				panic(err) // neither a bytes.Buffer nor a Content fails
			}
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
		return b.Bytes()
	})
}

// gzipped returns c compressed, as sequencers store reads.
func gzipped(name string, c Content) Content {
	return Lazy(func() []byte {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		if err == nil {
			w.Name = name
			_, err = io.Copy(w, io.NewSectionReader(c, 0, c.Size()))
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			panic(err) // neither a bytes.Buffer nor a Content fails
		}
		return b.Bytes()
	})
}
