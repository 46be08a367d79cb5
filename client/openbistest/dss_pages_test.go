package openbistest

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// errorLab has a data set for every row of the table of error pages.
func errorLab() *storeLab {
	lab := newStoreLab()
	tree := func() *Node { return Root(Folder("original", File("f", Text("x")))) }
	lab.add("D-1", tree())
	lab.AddDataSet(&DataSet{PermID: "D-CLOSED", Experiment: lab.closed, Root: tree()})
	archived := lab.AddDataSet(&DataSet{PermID: "D-ARCHIVED", Experiment: lab.open, Root: tree(), Physical: &PhysicalData{Status: "ARCHIVED"}})
	lab.AddDataSet(&DataSet{PermID: "D-PENDING", Experiment: lab.open, Root: tree(), Physical: &PhysicalData{Status: "UNARCHIVE_PENDING"}})
	lab.AddDataSet(&DataSet{PermID: "D-LINK", Kind: "LINK", Experiment: lab.open, Root: tree(), Linked: &LinkedData{}})
	lab.AddDataSet(&DataSet{PermID: "D-LINK-0", Kind: "LINK", Experiment: lab.open, Linked: &LinkedData{}})
	gone := File("g", Text("y"))
	gone.Gone = true
	lab.add("D-GONE", Root(gone))
	container := lab.AddDataSet(&DataSet{PermID: "D-BOX", Kind: "CONTAINER", Experiment: lab.open})
	lab.AddToContainer(container, archived, lab.DataSets[len(lab.DataSets)-2])
	lab.AddDataSet(&DataSet{PermID: "D-EMPTY", Kind: "CONTAINER", Experiment: lab.open})
	return lab
}

var errorRows = []struct{ name, path, message string }{
	{"unknown data set", "D-9/original/f", "Unknown data set: D-9"},
	{"no data set at all", "", "Unknown data set: "},
	{"missing path", "D-1/original/nope", "Resource 'original/nope' does not exist."},
	{"path below a file", "D-1/original/f/g", "Resource 'original/f/g' does not exist."},
	{"trailing slash", "D-1/original/", "Resource 'original/' does not exist."},
	{"missing path in a container", "D-BOX/nope", "Resource 'nope' doesn't exist."},
	{"gone from a container", "D-BOX/g", "Resource 'g' does not exist in data set 'D-BOX'."},
	{"empty container", "D-EMPTY/f", "Undefined contents"},
	{"no access", "D-CLOSED/original/f", "Data set 'D-CLOSED' is not accessible."},
	{"no access, but it does not exist either", "D-CLOSED/nope", "Resource 'nope' does not exist."},
	{"archived", "D-ARCHIVED/original/f", "Resource 'original/f' is currently unavailable. It might be archived."},
	{"being unarchived", "D-PENDING/original/f", "Resource 'original/f' is currently unavailable. It might be archived."},
	{"archived, via container", "D-BOX/original/f", "Resource is currently unavailable. It might be in an archive."},
	{"linked", "D-LINK/original/f", "Resource 'original/f' is currently unavailable. It might be archived."},
	{"linked, without files", "D-LINK-0/original/f", "/srv/openbis/dss/store/1/D-LINK-0 doesn't exist"},
	{"gone", "D-GONE/g", "Resource 'g' is currently unavailable. It might be archived."},
}

func TestErrorsArePagesWithStatus200(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: errorLab().Lab}), "bob")
	for _, row := range errorRows {
		t.Run(row.name, func(t *testing.T) {
			wantPage(t, c.get(row.path), htmlType, htmlError(row.message))
			wantPage(t, c.get(row.path, "mode=html"), htmlType, htmlError(row.message))
			wantPage(t, c.get(row.path, "mode=simpleHtml"), htmlType, htmlError(row.message))
			wantPage(t, c.get(row.path, "mode=txt"), plainType, plainError(row.message))
			wantPage(t, c.get(row.path, "mode=whatever"), plainType, plainError(row.message))
			const linked = "No content information is stored with this linked dataset."
			wantPage(t, c.get(row.path, "is_link_data=true"), htmlType, "<html><body>"+linked+"</body></html>\n")
			wantPage(t, c.get(row.path, "is_link_data=true", "mode=txt"), plainType, linked+"\n")
		})
	}
}

func TestErrorsAreEmptyPagesWithoutPathInfo(t *testing.T) {
	lab := errorLab()
	lab.store.NoPathInfo = true
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "bob")
	for _, row := range errorRows {
		if row.name == "trailing slash" { // a folder on disk may have one
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			wantPage(t, c.get(row.path), htmlType, "")
			wantPage(t, c.get(row.path, "mode=txt"), plainType, "")
		})
	}
	if a := c.get("D-1/original/f"); a.body != "x" || a.Header.Get("Content-Disposition") == "" {
		t.Errorf("a file: %q", a.body)
	}
	if a := c.get("D-1/original/"); !strings.Contains(a.body, "td_hd") {
		t.Errorf("folder with a trailing slash: %q", a.body)
	}
}

func TestPlainPagesAreLatin1(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: errorLab().Lab}), "bob")
	wantPage(t, c.get("D-1/%C3%A4%E5%AE%9E", "mode=txt"), plainType, plainError("Resource '\xe4?' does not exist."))
	wantPage(t, c.get("D-1/%C3%A4%E5%AE%9E"), htmlType, htmlError("Resource 'ä实' does not exist."))
}

func TestExpiredSessionIsAnHTMLPage(t *testing.T) {
	const expired = "<html><body>Download session expired.</body></html>"
	for _, noPathInfo := range []bool{false, true} {
		lab := errorLab()
		lab.store.NoPathInfo = noPathInfo
		s := NewServer(t, Options{Lab: lab.Lab})
		c := newStoreClient(t, s, "bob")
		wantPage(t, c.do(http.MethodGet, c.url+"/D-1/original/f", nil), htmlType, expired)
		if a := c.get("D-1/original/f"); a.body != "x" {
			t.Fatalf("%q", a.body)
		}
		s.ExpireSessions()
		wantPage(t, c.get("D-1/original/f"), htmlType, expired)
		wantPage(t, c.get("D-1/original/f", "mode=txt"), htmlType, expired)
		wantPage(t, c.do(http.MethodGet, c.url+"/D-1/original/f", nil), htmlType, expired) // the cookie does not help
		c.token = "nobody-250101000000000x00000000000000000000000000000000"
		wantPage(t, c.get("D-9/original/f"), htmlType, expired)
		c.token = s.Login("bob")
		if a := c.get("D-1/original/f"); a.body != "x" {
			t.Errorf("after a new login: %q", a.body)
		}
	}
}

func TestPersonalAccessTokenIsAcceptedAndItsProblemsAreAPlainPage(t *testing.T) {
	clock := newTestClock()
	s := NewServer(t, Options{Lab: errorLab().Lab, Clock: clock.now})
	c := newStoreClient(t, s, "bob")
	pat, err := s.sessions.createPAT(s.person("bob"), "test", clock.now().Add(time.Hour), clock.now().Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	c.token = pat.Hash
	wantPage(t, c.get("D-1/original/f"), plainType, plainError("Personal access token is not yet valid."))
	clock.advance(time.Hour)
	if a := c.get("D-1/original/f"); a.body != "x" {
		t.Errorf("valid: %q", a.body)
	}
	clock.advance(2 * time.Hour)
	wantPage(t, c.get("D-1/original/f"), plainType, plainError("Personal access token is no longer valid."))
	c.token = "$pat-bob-250101000000000x00000000000000000000000000000000"
	wantPage(t, c.get("D-1/original/f"), htmlType, "<html><body>Download session expired.</body></html>")
}

func TestFolderPages(t *testing.T) {
	lab := newStoreLab()
	noCRC := File("c", repeated('x', 3000))
	noCRC.NoCRC = true
	lab.add("D-1", Root(Folder("original", noCRC, File("b", Text("hello")), Folder("a", File("x", repeated('y', 2<<20))))))
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "alice")
	a := c.get("D-1/original", "mode=txt")
	wantPage(t, a, plainType, "Directory content:\na\t2 MB\nb\t5 bytes\t3610a686\nc\t2 KB\t\n")
	for _, name := range []string{"Expires", "Pragma", "Cache-Control"} {
		if a.Header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	for _, path := range []string{"D-1", "D-1/", "D-1/original"} {
		a := c.get(path)
		if !strings.HasPrefix(a.body, "<html><head><style") || a.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %q", path, a.body)
		}
		if got := strings.Contains(a.body, "Folder:"); got != (path == "D-1/original") {
			t.Errorf("%s: folder row: %v", path, got)
		}
	}
	if a := c.get("D-1/original"); strings.Index(a.body, ">a/<") > strings.Index(a.body, ">b<") || !strings.Contains(a.body, "3610a686") {
		t.Errorf("%q", a.body)
	}
}

func TestArchivedFolderPageStillWorks(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: errorLab().Lab}), "bob")
	if a := c.get("D-ARCHIVED/original", "mode=txt"); a.body != "Directory content:\nf\t1 bytes\t8cdc1683\n" {
		t.Errorf("%q", a.body)
	}
}
