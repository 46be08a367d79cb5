package openbistest

import (
	"errors"
	"io"
	"net/http"
)

// The file-transfer protocol: a download session is a list of chunks of files, a queue of their numbers, and a fixed set of streams
// that take chunks from the queue (openBIS source, FileTransferServerServlet.java and lib-file-download).

// chunkSize is the size of all chunks but a file's last, in bytes.
const chunkSize = 1 << 20

// transferMethods are the methods of the protocol with the names under which they are counted.
var transferMethods = map[string]string{
	"startDownloadSession":  "file-transfer/start",
	"queue":                 "file-transfer/queue",
	"download":              "file-transfer/download",
	"finishDownloadSession": "file-transfer/finish",
}

// serveFileTransfer answers GET and POST alike. All errors are JSON with status 200.
func (ds *dataStoreServer) serveFileTransfer(w http.ResponseWriter, r *http.Request) {
	params, err := transferParamsOf(r)
	var name string
	if err == nil {
		name, err = params.method()
	}
	if err == nil {
		if method, known := transferMethods[name]; known {
			ds.s.count(method)
			if ds.s.fault(w, r, method) {
				return
			}
		}
		switch name {
		case "startDownloadSession":
			err = ds.startTransfer(w, params)
		case "queue":
			err = ds.queueChunks(params)
		case "download":
			err = ds.downloadChunks(w, r, params)
		case "finishDownloadSession":
			err = ds.finishTransfer(params)
		default:
			err = illegalArgument("Unknown method '%s'.", name)
		}
	}
	if err != nil {
		sendTransferError(w, err)
	}
}

// sendTransferError is FastDownloadUtils.renderAsJson.
func sendTransferError(w http.ResponseWriter, err error) {
	out := &jsonWriter{}
	e := asException(err)
	var message any
	if !e.noText {
		message = e.message
	}
	fields := orderedMap{{"error", message}, {"exception-class", e.class}}
	var failure *downloadException
	if errors.As(err, &failure) {
		fields = append(fields, field{"retriable", failure.retriable})
	}
	out.value(fields)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(out.buf)
}

// downloadException is an exception of the protocol itself.
type downloadException struct {
	*exception
	retriable bool
}

func (e *downloadException) Unwrap() error { return e.exception }

const transferPackage = "ch.ethz.sis.filetransfer."

func downloadFailure(class string, retriable bool, format string, args ...any) error {
	return &downloadException{newException(transferPackage+class, format, args...), retriable}
}

func (ds *dataStoreServer) startTransfer(w http.ResponseWriter, params transferParams) error {
	token, err := params.one("userSessionId")
	if err != nil {
		return err
	}
	items, err := params.items(ds.s.newerThan(3, 6))
	if err != nil {
		return err
	}
	unlock := ds.s.store.lock(false)
	defer unlock()
	items = ds.accessibleItems(token, items)
	wish, err := params.integer("wishedNumberOfStreams")
	if err != nil {
		return err
	}
	t, err := ds.transfers.start(token, items, wish)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, t.describe())
	return nil
}

func (ds *dataStoreServer) queueChunks(params transferParams) error {
	id, err := params.one("downloadSessionId")
	if err != nil {
		return err
	}
	ranges, err := params.ranges()
	if err != nil {
		return err
	}
	t, err := ds.transfers.find(id)
	if err != nil {
		return err
	}
	return t.offer(ranges)
}

func (ds *dataStoreServer) downloadChunks(w http.ResponseWriter, r *http.Request, params transferParams) error {
	id, err := params.one("downloadSessionId")
	if err != nil {
		return err
	}
	streamID, err := params.one("downloadStreamId")
	if err != nil {
		return err
	}
	limit, err := params.integer("numberOfChunks")
	if err != nil {
		return err
	}
	t, err := ds.transfers.find(id)
	if err != nil {
		return err
	}
	stream, err := t.openStream(streamID)
	if err != nil {
		return err
	}
	out := newBody(w, r, "application/octet-stream", -1)
	out.chunked = false // a short answer stays in Jetty's buffer until its length is known
	for n := int32(0); limit == nil || n < *limit; n++ {
		c, ok := t.poll(stream)
		if !ok {
			break
		}
		if err := c.send(ds.s, out); err != nil {
			panic(http.ErrAbortHandler) // too late for an error page
		}
	}
	if out.Close() != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (ds *dataStoreServer) finishTransfer(params transferParams) error {
	id, err := params.one("downloadSessionId")
	if err != nil {
		return err
	}
	ds.transfers.finish(id)
	return nil
}
