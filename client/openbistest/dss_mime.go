package openbistest

import "strings"

// mimeTypes is the javax.activation default map plus what Utils.java of openBIS adds, by extension.
var mimeTypes = extensions(
	"text/html html htm", "text/plain txt text", "image/gif gif", "image/ief ief", "image/jpeg jpeg jpg jpe",
	"image/tiff tiff tif", "image/x-xwindowdump xwd", "application/postscript ai eps ps", "application/rtf rtf",
	"application/x-tex tex", "application/x-texinfo texinfo texi", "application/x-troff t tr roff", "audio/basic au",
	"audio/midi midi mid", "audio/x-aifc aifc", "audio/x-aiff aif aiff", "audio/x-mpeg mpeg mpg", "audio/x-wav wav",
	"video/mpeg mpeg mpg mpe", "video/quicktime qt mov", "video/x-msvideo avi",
	"application/xml qcml", "application/pdf pdf", "image/svg+xml svg", "video/webm webm", "video/mp4 mp4", "text/css css",
	"text/javascript js", "image/png png",
)

func extensions(lines ...string) map[string]string {
	types := make(map[string]string)
	for _, line := range lines {
		fields := strings.Fields(line)
		for _, ext := range fields[1:] {
			types[ext] = fields[0]
		}
	}
	return types
}

// mimeType is the Content-Type of a file (openBIS source, Utils.java getMimeType).
func mimeType(name, mode string) string {
	if mode == "txt" {
		return "binary"
	}
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || dot == len(name)-1 {
		return "text/plain"
	}
	if t := mimeTypes[strings.ToLower(name[dot+1:])]; t != "" {
		return t
	}
	return "application/octet-stream"
}

// compressible tells whether Jetty's GzipHandler compresses the type: everything but what is compressed already.
func compressible(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	switch {
	case t == "image/svg+xml":
		return true
	case strings.HasPrefix(t, "image/"), strings.HasPrefix(t, "audio/"), strings.HasPrefix(t, "video/"):
		return false
	}
	switch t {
	case "application/compress", "application/zip", "application/gzip", "application/bzip2", "application/brotli",
		"application/x-xz", "application/x-rar-compressed":
		return false
	}
	return true
}
