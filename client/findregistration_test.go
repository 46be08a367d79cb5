package client

import "testing"

func TestAListingIsComparedWithWhatWasSent(t *testing.T) {
	ds := &NewDataSet{Name: "d", Directory: true, Files: []NewFile{newFile("a", []byte("1")), newFile("s/b.h5", []byte("22")), newFile("s/c", nil)}}
	file := func(path string, size int64) File { return File{Path: path, Size: size} }
	folder := func(path string) File { return File{Path: path, Directory: true} }
	good := []File{folder("original"), folder("original/d"), file("original/d/a", 1), folder("original/d/s"), file("original/d/s/b.h5", 2), file("original/d/s/c", 0)}
	with := func(i int, f File) []File {
		l := append([]File(nil), good...)
		l[i] = f
		return l
	}
	wrong := file("original/d/a", 1)
	wrong.HasCRC32 = true
	right := wrong
	right.CRC32 = ds.Files[0].CRC32
	for name, c := range map[string]struct {
		listing    []File
		same, more bool
	}{
		"same":              {good, true, true},
		"another size":      {with(2, file("original/d/a", 2)), false, false},
		"another checksum":  {with(2, wrong), false, false},
		"the same checksum": {with(2, right), true, true},
		"one missing":       {good[:5], false, false},
		"one more":          {append([]File{file("original/x", 1)}, good...), false, true},
		"one more in it":    {append([]File{file("original/d/x", 1)}, good...), false, true},
		"container":         {append(with(4, folder("original/d/s/b.h5")), file("original/d/s/b.h5/member", 9)), true, true},
		"folder instead":    {with(2, folder("original/d/a")), false, false},
		"nothing":           {nil, false, false},
		"at the top":        {[]File{file("d/a", 1), file("d/s/b.h5", 2), file("d/s/c", 0)}, true, true},
		"other name":        {[]File{file("xd/a", 1), file("xd/s/b.h5", 2), file("xd/s/c", 0)}, false, false},
	} {
		if got := contentMatches(ds, c.listing, false); got != c.same {
			t.Errorf("%s: %v", name, got)
		}
		if got := contentMatches(ds, c.listing, true); got != c.more {
			t.Errorf("%s, or more: %v", name, got)
		}
	}
	empty := &NewDataSet{Name: "d", Directory: true}
	if !contentMatches(empty, []File{folder("original"), folder("original/d")}, false) || contentMatches(empty, good, false) {
		t.Error("an empty folder")
	}
}

func TestPermIDsAreInTheOrderInWhichTheyWereDrawn(t *testing.T) {
	const mark = "20260301100000000-17"
	for id, later := range map[string]bool{
		"20260301100000001-18": true, "20260301095959999-18": true, "20260301100000001-17": false, "20260301100000001-9": false,
		"MY-CODE-3": true, "20260301-3": true,
	} {
		if laterPermID(id, mark) != later {
			t.Errorf("%s: %v", id, !later)
		}
	}
	if !laterPermID(mark, "") {
		t.Error("without a mark")
	}
}
