package openbistest

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestDownloadOfAFileHasItsBytesAndHeaders(t *testing.T) {
	lab := newStoreLab()
	names := map[string]string{ // file name: Content-Type
		"a.tif": "image/tiff", "b.PNG": "image/png", "c": "text/plain", "d.xyz": "application/octet-stream", "e.csv": "application/octet-stream",
		"f.html": "text/html", "g.pdf": "application/pdf", "h.json": "application/octet-stream", "i.txt": "text/plain", "j.": "text/plain",
		"k.svg": "image/svg+xml",
	}
	var nodes []*Node
	for name := range names {
		nodes = append(nodes, File(name, Text("content of "+name)))
	}
	lab.add("D-1", Root(Folder("original", nodes...)))
	s := NewServer(t, Options{Lab: lab.Lab})
	c := newStoreClient(t, s, "alice")
	for name, contentType := range names {
		a := c.get("D-1/original/" + name)
		if a.body != "content of "+name || a.StatusCode != http.StatusOK {
			t.Errorf("%s: HTTP %d, %q", name, a.StatusCode, a.body)
		}
		if got := a.Header.Get("Content-Length"); got != fmt.Sprint(len(a.body)) {
			t.Errorf("%s: Content-Length %q", name, got)
		}
		if got := a.Header.Get("Content-Disposition"); got != `inline; filename="`+name+`"` {
			t.Errorf("%s: Content-Disposition %q", name, got)
		}
		if got := a.Header.Get("Content-Type"); got != contentType {
			t.Errorf("%s: Content-Type %q, want %q", name, got, contentType)
		}
		if got := a.Header.Get("Cache-Control"); (got == "max-age=7200") != (contentType == "image/png") {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
		for _, never := range []string{"Accept-Ranges", "ETag", "Last-Modified", "Content-Encoding"} {
			if a.Header.Get(never) != "" {
				t.Errorf("%s: header %s", name, never)
			}
		}
	}
	if got := c.get("D-1/original/a.tif", "mode=txt").Header.Get("Content-Type"); got != "binary" {
		t.Errorf("mode=txt: Content-Type %q, want binary", got)
	}
	if got := s.Calls()["download"]; got != len(names)+1 {
		t.Errorf("%d downloads counted, want %d", got, len(names)+1)
	}
}

func TestContentDispositionIsNotEscaped(t *testing.T) {
	lab := newStoreLab()
	lab.add("D-1", Root(File(`say "ä" 实.txt`, Text("x"))))
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "alice")
	a := c.get("D-1/" + url.PathEscape(`say "ä" 实.txt`))
	if got, want := a.Header.Get("Content-Disposition"), "inline; filename=\"say \"\xe4\" ?.txt\""; got != want {
		t.Errorf("Content-Disposition %q, want %q", got, want)
	}
}

func TestRangeIsIgnored(t *testing.T) {
	lab := newStoreLab()
	lab.add("D-1", Root(File("f", Text("0123456789"))))
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "alice")
	a := c.do(http.MethodGet, c.url+"/D-1/f?sessionID="+c.token, nil, "Range", "bytes=2-4", "If-None-Match", "*", "If-Modified-Since",
		"Mon, 02 Jan 2006 15:04:05 GMT")
	if a.StatusCode != http.StatusOK || a.body != "0123456789" || a.Header.Get("Content-Range") != "" {
		t.Errorf("HTTP %d, %q, Content-Range %q", a.StatusCode, a.body, a.Header.Get("Content-Range"))
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	lab := newStoreLab()
	lab.add("D-1", Root(File("f", Text("0123456789"))))
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "alice")
	for _, method := range []string{"HEAD", "PUT", "DELETE", "PROPFIND", "TRACE"} {
		for _, path := range []string{"/D-1/f", "/file-transfer", v1Endpoint} {
			a := c.do(method, c.url+path+"?sessionID="+c.token, nil)
			if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET, POST, OPTIONS" {
				t.Errorf("%s %s: HTTP %d, Allow %q", method, path, a.StatusCode, a.Header.Get("Allow"))
			}
		}
	}
	if a := c.do("POST", c.url+"/D-1/f?sessionID="+c.token, nil); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: HTTP %d", a.StatusCode)
	}
}

func TestPathsAreDecodedAsJavaDoes(t *testing.T) {
	lab := newStoreLab()
	lab.add("D-1", Root(Folder("sub",
		File("a b", Text("blank")), File("ä实🧪", Text("unicode")), File("100%", Text("percent")), File("#?;", Text("marks")),
		File("1+1", Text("plus")), File("a,b&c=d:e@$", Text("legal")))))
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "alice")
	for path, want := range map[string]string{
		"sub/a%20b": "blank", "sub/%C3%A4%E5%AE%9E%F0%9F%A7%AA": "unicode", "sub/100%25": "percent", "sub/%23%3F%3B": "marks", "sub/%23%3F;": "marks",
		"sub/1+1": "plus", "sub/a,b&c=d:e@$": "legal", "sub%2F1+1": "plus", "sub//1+1": "plus", "%73ub/1%2B1": "plus",
	} {
		if a := c.get("D-1/" + path); a.body != want {
			t.Errorf("%s: %q, want %q", path, a.body, want)
		}
	}
}

// raw sends a request line that net/http's client would not.
func (c *storeClient) raw(t *testing.T, path string, header string) storeAnswer {
	t.Helper()
	u, err := url.Parse(c.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+header+"\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return storeAnswer{resp, string(body), err}
}

func TestIllegalCharactersInThePathAreAPlainErrorPage(t *testing.T) {
	lab := newStoreLab()
	lab.add("D-1", Root(File("a|b", Text("x"))))
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "alice")
	for _, char := range []string{"|", `\`, "[", "]", "^", "`", "{", "}", `"`, "<", ">"} {
		path := "/datastore_server/D-1/a" + char + "b"
		a := c.raw(t, path+"?sessionID="+c.token, "")
		wantPage(t, a, plainType, plainError("Illegal character in path at index 23: "+path))
	}
	if a := c.get("D-1/a%7Cb"); a.body != "x" {
		t.Errorf("escaped: %q", a.body)
	}
	for _, broken := range []string{"%zz", "%00", "%4"} {
		if a := c.raw(t, "/datastore_server/D-1/"+broken, ""); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: HTTP %d, want 400", broken, a.StatusCode)
		}
	}
}

func TestLargeHeadersAreRefused(t *testing.T) {
	lab := newStoreLab()
	lab.add("D-1", Root(File("f", Text("x"))))
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "alice")
	target := "/datastore_server/D-1/f?sessionID=" + c.token
	for _, tt := range []struct {
		path, header string
		want         int
	}{
		{target, "X-Fill: " + strings.Repeat("x", 7000) + "\r\n", 200},
		{target, "X-Fill: " + strings.Repeat("x", 8200) + "\r\n", 431},
		{target + "&fill=" + strings.Repeat("x", 7000), "", 200},
		{target + "&fill=" + strings.Repeat("x", 8200), "", 414},
	} {
		if a := c.raw(t, tt.path, tt.header); a.StatusCode != tt.want {
			t.Errorf("%d bytes of path, %d of header: HTTP %d, want %d", len(tt.path), len(tt.header), a.StatusCode, tt.want)
		}
	}
}

func TestGzipOnlyWhenAskedForAndWithoutLength(t *testing.T) {
	lab := newStoreLab()
	text := strings.Repeat("openBIS ", 1000)
	lab.add("D-1", Root(File("large.bin", Text(text)), File("small.bin", Text(text[:2047])), File("limit.txt", Text(text[:2048])),
		File("image.tif", Text(text)), File("a.zip", Text(text))))
	s := NewServer(t, Options{Lab: lab.Lab})
	c := newStoreClient(t, s, "alice")
	for name, packed := range map[string]bool{"large.bin": true, "small.bin": false, "limit.txt": true, "image.tif": false, "a.zip": true} {
		a := c.do(http.MethodGet, c.url+"/D-1/"+name+"?sessionID="+c.token, nil, "Accept-Encoding", "deflate, gzip")
		if got := a.Header.Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%s: Content-Encoding %q", name, a.Header.Get("Content-Encoding"))
			continue
		}
		if (a.ContentLength < 0) != packed {
			t.Errorf("%s: Content-Length %d", name, a.ContentLength)
		}
		if packed {
			if a.Header.Get("Vary") != "Accept-Encoding, User-Agent" {
				t.Errorf("%s: Vary %q", name, a.Header.Get("Vary"))
			}
			z, err := gzip.NewReader(strings.NewReader(a.body))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(z)
			if err != nil || !strings.HasPrefix(text, string(body)) || len(body) < 2048 {
				t.Errorf("%s: %d bytes, %v", name, len(body), err)
			}
		}
		plain := c.do(http.MethodGet, c.url+"/D-1/"+name+"?sessionID="+c.token, nil, "Accept-Encoding", "identity")
		if plain.Header.Get("Content-Encoding") != "" || plain.ContentLength != int64(len(plain.body)) {
			t.Errorf("%s with identity: Content-Encoding %q, length %d of %d", name, plain.Header.Get("Content-Encoding"),
				plain.ContentLength, len(plain.body))
		}
	}
}

func TestUnknownEndpointIsTakenForADataSet(t *testing.T) {
	lab := newStoreLab()
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "alice")
	wantPage(t, c.get("rmi-dss-api-v9.json"), htmlType, htmlError("Unknown data set: rmi-dss-api-v9.json"))
	wantPage(t, c.get("thumbnails_256x256.h5ar/x.png"), htmlType, htmlError("Unknown data set: thumbnails_256x256.h5ar"))
}

func TestHugeFileIsStreamedFromNothing(t *testing.T) {
	lab := newStoreLab()
	content := Generated(8<<30, 7)
	lab.add("D-1", Root(File("huge.raw", content)))
	s := NewServer(t, Options{Lab: lab.Lab})
	c := newStoreClient(t, s, "alice")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url+"/D-1/huge.raw?sessionID="+c.token, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ContentLength != 8<<30 {
		t.Errorf("Content-Length %d", resp.ContentLength)
	}
	got, want := make([]byte, 3<<20), make([]byte, 3<<20)
	if _, err := io.ReadFull(resp.Body, got); err != nil {
		t.Fatal(err)
	}
	if _, err := content.ReadAt(want, 0); err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("wrong bytes")
	}
	resp.Body.Close() // in the middle: the server notices
	s.Close()
	if n := s.ContentBytes(); n < 3<<20 || n > 64<<20 {
		t.Errorf("%d bytes counted for 3 MiB that were read", n)
	}
}
