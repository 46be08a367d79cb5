package openbistest

import (
	"bytes"
	"fmt"
	"strings"
)

// pdfReport returns a PDF 1.4 of one or more A4 pages of plain text: a title on every page, then the lines. ASCII only.
func pdfReport(title string, lines ...string) Content {
	return Lazy(func() []byte { return encodePDF(title, lines) })
}

// pdfLines is how many lines a page holds.
const pdfLines = 46

var pdfEscape = strings.NewReplacer(`\`, `\\`, `(`, `\(`, `)`, `\)`)

func encodePDF(title string, lines []string) []byte {
	var pages [][]string
	for rest := lines; ; rest = rest[pdfLines:] {
		if len(rest) <= pdfLines {
			pages = append(pages, rest)
			break
		}
		pages = append(pages, rest[:pdfLines])
	}

	// Objects 1 to 4 are the catalogue, the page tree, the font and the document's information;
	// then come a page and its text in turn.
	var kids []string
	for i := range pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", 5+2*i))
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(pages)),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		fmt.Sprintf("<< /Title (%s) /Producer (openbisfs demo lab) >>", pdfEscape.Replace(title)),
	}
	for i, page := range pages {
		objects = append(objects, fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "+
			"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 6+2*i))
		var text strings.Builder
		fmt.Fprintf(&text, "BT /F1 16 Tf 56 780 Td (%s) Tj /F1 10 Tf 15 TL 0 -12 Td\n", pdfEscape.Replace(title))
		for _, line := range page {
			fmt.Fprintf(&text, "(%s) '\n", pdfEscape.Replace(line))
		}
		text.WriteString("ET\n")
		objects = append(objects, fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", text.Len(), text.String()))
	}

	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.Bytes()
}
