package openbistest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// renderer makes the pages of the download servlet: HTML, or plain text for any other display mode.
type renderer struct{ html bool }

func rendererOf(mode string) renderer { return renderer{html: mode == "html" || mode == "simpleHtml"} }

func (p renderer) contentType() string {
	if p.html {
		return "text/html;charset=utf-8"
	}
	return "text;charset=iso-8859-1" // the type really is just "text"
}

// send writes a page with status 200 and no Content-Length. All errors of the servlet are such pages.
func (p renderer) send(w http.ResponseWriter, r *http.Request, page string) {
	body := []byte(page)
	if !p.html {
		body = latin1(page)
	}
	out := newBody(w, r, p.contentType(), -1)
	_, _ = out.Write(body)
	out.Close()
}

// sendError is what an exception becomes (openBIS source, HTMLErrorRenderer.java and PlainTextRendererFactory.java). Nothing is escaped.
func (p renderer) sendError(w http.ResponseWriter, r *http.Request, err error) {
	e := asException(err)
	message := e.message
	if strings.TrimSpace(message) == "" {
		message = e.class
	}
	if p.html {
		p.send(w, r, "<html><body><h1>Error</h1>\n"+message+"\n</body></html>\n")
		return
	}
	p.send(w, r, "Error:\n"+message+"\n")
}

// sendMessage is a page without the word "Error".
func (p renderer) sendMessage(w http.ResponseWriter, r *http.Request, message string) {
	if p.html {
		message = "<html><body>" + message + "</body></html>"
	}
	p.send(w, r, message+"\n")
}

// sendExpired is the page for requests without a valid session, HTML whatever the display mode.
func sendExpired(w http.ResponseWriter, r *http.Request) {
	renderer{html: true}.send(w, r, "<html><body>Download session expired.</body></html>")
}

// sendFolder is the page of a folder, sorted by name, with sizes for people (openBIS source, SimpleHTMLDirectoryRenderer.java).
func (p renderer) sendFolder(w http.ResponseWriter, r *http.Request, n *contentNode, token *string) {
	children := n.children()
	slices.SortFunc(children, func(a, b *contentNode) int { return cmp.Compare(a.name(), b.name()) })
	var page strings.Builder
	if p.html {
		p.folderHTML(&page, n, children, token)
	} else {
		page.WriteString("Directory content:\n")
		for _, c := range children {
			fmt.Fprintf(&page, "%s\t%s", c.name(), displaySize(c.size()))
			if !c.isFolder() {
				page.WriteString("\t" + displayCRC(c))
			}
			page.WriteString("\n")
		}
	}
	h := w.Header()
	h.Set("Expires", "0")
	h.Set("Pragma", "no-cache")
	h.Set("Cache-Control", "no-cache, must-revalidate, max-age=0, no-store")
	p.send(w, r, page.String())
}

func (p renderer) folderHTML(page *strings.Builder, n *contentNode, children []*contentNode, token *string) {
	page.WriteString("<html><head><style type='text/css'> * { margin: 3px; }</style></head><body><table> ")
	if n.path != "" {
		page.WriteString("<tr><td class='td_hd'>Folder:</td><td>" + n.path + "</td></tr>")
	}
	page.WriteString("\n")
	row := func(name, path, size, crc string) {
		link := contextPath + "/" + n.content.code + "/" + (&url.URL{Path: path}).EscapedPath() + "?disableLinks=false&mode=simpleHtml"
		if token != nil {
			link += "&sessionID=" + *token
		}
		fmt.Fprintf(page, "<tr><td class='td_file'><a href='%s'>%s</td><td>%s</td><td>%s</td></tr>\n", link, name, size, crc)
	}
	if n.path != "" {
		parent := n.path[:max(strings.LastIndexByte(n.path, '/'), 0)]
		row("..", parent, "", "")
	}
	for _, c := range children {
		if c.isFolder() {
			row(c.name()+"/", c.path, displaySize(c.size()), "")
		} else {
			row(c.name(), c.path, displaySize(c.size()), displayCRC(c))
		}
	}
	page.WriteString("</table> </div> </body></html>\n")
}

// displaySize rounds down to a whole number of the largest unit, as commons-io does.
func displaySize(n int64) string {
	for i, unit := range []string{"GB", "MB", "KB"} {
		if d := n >> (30 - 10*i); d > 0 {
			return fmt.Sprint(d, " ", unit)
		}
	}
	return fmt.Sprint(n, " bytes")
}

func displayCRC(n *contentNode) string {
	sum, known := n.crc()
	if !known {
		return ""
	}
	return fmt.Sprintf("%08x", sum)
}
