package fs

import (
	"path"
	"strings"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestContentThatTheServerDoesNotHaveIsRefusedAtOnce(t *testing.T) {
	l := mountLab(t)
	want := expect(l.server.Lab, "demo")
	for _, d := range l.server.Lab.DataSets {
		if !withoutContent(d) || d.Root == nil || len(d.Root.Children) == 0 {
			continue
		}
		place := want.find(t, func(place string, e expected) bool {
			return e.content != nil && strings.HasPrefix(place, want.places[d]+"/")
		})
		l.run("stat", l.path(place)) // it is listed
		l.calls()
		got := helper[[]readAnswer](t, "read", l.path(place), "0:1")
		if len(got) != 1 || got[0].Error != "EIO" {
			t.Errorf("%s Dataset: %v, want EIO", d.Kind, got)
		}
		if n := l.calls(); n != 0 {
			t.Errorf("%s Dataset: the refusal cost %d calls", d.Kind, n)
		}
		hint := "unarchive"
		if d.Kind == "LINK" {
			hint = "another system"
		}
		l.mustHaveLogged(d.PermID, path.Base(place), hint, "EIO")
	}
}

// mustHaveLogged checks that one line of level ERROR has all the words.
func (l *lab) mustHaveLogged(words ...string) {
	l.t.Helper()
	for _, line := range l.log.errors() {
		all := true
		for _, word := range words {
			all = all && strings.Contains(line, word)
		}
		if all {
			return
		}
	}
	l.t.Errorf("no log line has %q in\n%s", words, strings.Join(l.log.errors(), ""))
}

// htmlError is the error page of the download servlet.
func htmlError(message string) string {
	return "<html><body><h1>Error</h1>\n" + message + "\n</body></html>\n"
}

func TestErrorPagesAreNeverContent(t *testing.T) {
	const always = -1
	page := func(body string) openbistest.Fault {
		return openbistest.Fault{Kind: openbistest.Status, Method: "download", Times: always, Status: 200, Body: body}
	}
	tests := []struct {
		name  string
		fault openbistest.Fault
		want  string
	}{
		{"unknown dataset", page(htmlError("Unknown data set: 20250113-1")), "ENOENT"},
		{"missing path", page(htmlError("Resource 'original/a.csv' does not exist.")), "ENOENT"},
		{"missing path in a container", page(htmlError("Resource 'original/a.csv' doesn't exist.")), "ENOENT"},
		{"missing node", page(htmlError("Resource 'original/a.csv' does not exist in data set '20250113-1'.")), "ENOENT"},
		{"no access", page(htmlError("Data set '20250113-1' is not accessible.")), "EACCES"},
		{"archived", page(htmlError("Resource 'original/a.csv' is currently unavailable. It might be archived.")), "EIO"},
		{"archived, in a container", page(htmlError("Resource is currently unavailable. It might be in an archive.")), "EIO"},
		{"session expired", page("<html><body>Download session expired.</body></html>"), "EACCES"},
		{"no session", page(htmlError("Session id not specified in the URL")), "EACCES"},
		{"token too young", page(htmlError("Personal access token is not yet valid.")), "EACCES"},
		{"token too old", page(htmlError("Personal access token is no longer valid.")), "EACCES"},
		{"token without session", page(htmlError("Personal access token session does not exist.")), "EACCES"},
		{"linked", page("<html><body>No content information is stored with this linked dataset.</body></html>"), "EIO"},
		{"plain text", page("Error:\nData set '20250113-1' is not accessible.\n"), "EACCES"},
		{"nobody knows", page(htmlError("NullPointerException")), "EIO"},
		{"a blank page", page("\n"), "EIO"},
		{"login page of a proxy", openbistest.Fault{Kind: openbistest.LoginPage, Method: "download", Times: always}, "EIO"},
		{"bad gateway", openbistest.Fault{Kind: openbistest.Status, Method: "download", Times: always, Status: 502}, "EIO"},
		{"too short", openbistest.Fault{Kind: openbistest.Truncate, Method: "download", Times: always, Bytes: 100}, "EIO"},
		{"cut off", openbistest.Fault{Kind: openbistest.ResetBefore, Method: "download", Times: always}, "EIO"},
		// The last, because streams of this file are not trusted any more then.
		{"wrong bytes", openbistest.Fault{Kind: openbistest.WrongBytes, Method: "download", Times: always, Bytes: 100}, "EIO"},
	}
	l := mountLab(t)
	want := expect(l.server.Lab, "demo")
	place := want.file(t, "curve.csv")
	l.run("stat", l.path(place))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fault := l.server.Faults.Add(test.fault)
			// The other way to the same bytes must not help.
			other := l.server.Faults.Add(openbistest.Fault{Kind: openbistest.Status, Method: "file-transfer/start", Times: always, Status: 500})
			out, stderr, err := l.try("cat", l.path(place))
			fault.Remove()
			other.Remove()
			if out != "" || err == nil {
				t.Errorf("cat printed %d bytes and ended with %v", len(out), err)
			}
			if fault.Hits() == 0 {
				t.Error("the server was not asked")
			}
			if text := errnoText[test.want]; !strings.Contains(stderr, text) {
				t.Errorf("got %q, want %s (%s)", stderr, test.want, text)
			}
		})
	}
	if got := l.run("cat", l.path(place)); int64(len(got)) != want.entries[place].content.Size() {
		t.Errorf("%d bytes after all that, want %d", len(got), want.entries[place].content.Size())
	}
}

func TestBrokenTransfersAreNeverContent(t *testing.T) {
	l := mountLab(t)
	place, content := expect(l.server.Lab, "demo").bigFile()
	l.run("stat", l.path(place))
	part := span{5<<30 + 4096, 4096}
	for _, fault := range []openbistest.Fault{
		{Kind: openbistest.Truncate, Method: "file-transfer/download", Bytes: 1000},
		{Kind: openbistest.WrongBytes, Method: "file-transfer/download", Bytes: 5000},
		{Kind: openbistest.LoginPage, Method: "file-transfer/download"},
		{Kind: openbistest.Status, Method: "file-transfer/download", Status: 200, Body: `{"error": {"message": "no"}}`},
		{Kind: openbistest.LoginPage, Method: "file-transfer/start"},
	} {
		fault.Times = -1
		broken := l.server.Faults.Add(fault)
		other := l.server.Faults.Add(openbistest.Fault{Kind: openbistest.Status, Method: "download", Times: -1, Status: 500})
		got := helper[[]readAnswer](t, "read", l.path(place), part.String())
		broken.Remove()
		other.Remove()
		if broken.Hits() == 0 || got[0].N != 0 || got[0].Error != "EIO" {
			t.Errorf("%+v, hit %d times: %+v, want EIO", fault, broken.Hits(), got[0])
		}
	}
	if got := helper[[]readAnswer](t, "read", l.path(place), part.String()); got[0].CRC32 != part.crc(t, content) {
		t.Errorf("after all that: %+v", got[0])
	}
}

func TestTheKernelAsksTwiceAndWaitsOnce(t *testing.T) {
	l := mountLab(t)
	place := expect(l.server.Lab, "demo").file(t, "curve.csv")
	l.run("stat", l.path(place))
	asked := func(name string, args ...string) int {
		fault := l.server.Faults.Add(openbistest.Fault{Kind: openbistest.Status, Times: -1, Status: 200, Body: htmlError("Unknown data set: 20250113-1")})
		defer fault.Remove()
		if out, _, err := l.try(name, args...); err == nil {
			t.Errorf("%s printed %q", name, out)
		}
		return fault.Hits()
	}
	once := asked("dd", "if="+l.path(place), "bs=4k", "count=1", "iflag=direct", "status=none")
	if n := asked("cat", l.path(place)); n != once || n == 0 {
		t.Errorf("cat cost %d requests, a single READ %d", n, once)
	}
	l.run("cat", l.path(place))
}

// errnoText is what programs print for an errno.
var errnoText = map[string]string{
	"ENOENT": "No such file or directory",
	"EACCES": "Permission denied",
	"EIO":    "Input/output error",
}

func TestWhatHappensToADatasetAfterItWasListedShows(t *testing.T) {
	tests := []struct {
		name   string
		change func(lab *openbistest.Lab, d *openbistest.DataSet)
		want   string
	}{
		{"archived", func(_ *openbistest.Lab, d *openbistest.DataSet) { d.Physical.Status = "ARCHIVED" }, "EIO"},
		{"archived, in a store without path info", func(_ *openbistest.Lab, d *openbistest.DataSet) {
			d.Physical.Status = "ARCHIVED"
			d.Store.NoPathInfo = true
		}, "EIO"},
		{"file gone", func(_ *openbistest.Lab, d *openbistest.DataSet) { d.Root.Children = nil }, "ENOENT"},
		{"Dataset gone", func(lab *openbistest.Lab, d *openbistest.DataSet) { remove(lab, d) }, "ENOENT"},
		{"access lost", func(lab *openbistest.Lab, _ *openbistest.DataSet) { lab.Persons[0].Spaces = []string{"TEACHING"} }, "EACCES"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := mountLab(t, quick)
			want := expect(l.server.Lab, "demo")
			place := want.file(t, "curve.csv")
			l.run("stat", l.path(place))
			l.server.Change(func(lab *openbistest.Lab) {
				for _, d := range lab.DataSets {
					if dir, ok := want.places[d]; ok && strings.HasPrefix(place, dir+"/") {
						test.change(lab, d)
						return
					}
				}
				t.Fatal("no such Dataset")
			})
			out, stderr, err := l.try("cat", l.path(place))
			if out != "" || err == nil || !strings.Contains(stderr, errnoText[test.want]) {
				t.Errorf("cat printed %d bytes and %q, want %s", len(out), stderr, test.want)
			}
		})
	}
}

func remove(lab *openbistest.Lab, d *openbistest.DataSet) {
	without := func(all []*openbistest.DataSet) []*openbistest.DataSet {
		var rest []*openbistest.DataSet
		for _, other := range all {
			if other != d {
				rest = append(rest, other)
			}
		}
		return rest
	}
	lab.DataSets = without(lab.DataSets)
	if d.Sample != nil {
		d.Sample.DataSets = without(d.Sample.DataSets)
	}
	for _, other := range lab.DataSets {
		other.Parents, other.Children = without(other.Parents), without(other.Children)
	}
}
