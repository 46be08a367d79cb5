package staging

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client"
)

const testID = "20260301T101500.123-abcdefghij"

func fullRecord() *record {
	at := time.Date(2026, 3, 1, 10, 15, 0, 0, time.UTC)
	return &record{
		Version: 1, ID: testID, Server: "https://openbis.example.org", State: Registered, Owner: testOwner,
		Name: "µ <run> 7.h5", Directory: true, Created: at, Changed: at,
		Meta:         Meta{Type: "RAW_DATA", Properties: map[string]string{"$NAME": "run \"7\"\n"}, Parents: []string{"P1"}},
		Content:      &contents{Files: 2, Bytes: 1 << 40, CRC32: 0xffffffff},
		Plan:         &client.Plan{Route: client.DatasetUploader, Service: "dataset-uploader-api", DataStore: "DSS1", UploadID: "u", PermID: "P2", Since: at},
		Attempts:     3,
		Failures:     1,
		UnknownSince: &at,
		PermID:       "P2",
		RegisteredAt: &at,
	}
}

func TestRecordSurvivesItsText(t *testing.T) {
	want := fullRecord()
	b, err := encodeRecord(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{})); diff != "" {
		t.Error(diff)
	}
}

// waitingRecord is the record of a draft that has a predecessor.
func waitingRecord() *record {
	r := fullRecord()
	r.Version, r.State, r.Predecessor = 2, Sealed, "20260301T101400.000-abcdefghij"
	r.Meta.Parents, r.Plan, r.UnknownSince, r.PermID, r.RegisteredAt = nil, nil, nil, "", nil
	return r
}

func waitingText(t *testing.T) string {
	t.Helper()
	b, err := encodeRecord(waitingRecord())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Who knows version 1 only must not register without the parent.
func TestOnlyARecordWithAPredecessorIsOfVersion2(t *testing.T) {
	r, err := decodeRecord([]byte(waitingText(t)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(waitingRecord(), r, cmp.AllowUnexported(record{})); diff != "" {
		t.Error(diff)
	}
	r.Predecessor = ""
	b, err := encodeRecord(r)
	if err != nil || !strings.Contains(string(b), `"version": 1,`) {
		t.Errorf("%v: %s", err, b)
	}
}

func TestRecordThatCanNotBeTrustedIsDamaged(t *testing.T) {
	good, err := encodeRecord(fullRecord())
	if err != nil {
		t.Fatal(err)
	}
	waiting := waitingText(t)
	change := func(from, to string) string {
		if !strings.Contains(string(good), from) {
			t.Fatalf("no %s in %s", from, good)
		}
		return strings.Replace(string(good), from, to, 1)
	}
	for name, text := range map[string]string{
		"empty":                  "",
		"torn":                   string(good[:len(good)/2]),
		"zeros":                  string(make([]byte, 4096)),
		"something after it":     string(good) + "{}",
		"array":                  "[]",
		"null":                   "null",
		"unknown field":          change(`"version": 1,`, `"version": 1, "colour": "red",`),
		"later version":          change(`"version": 1`, `"version": 3`),
		"a wait that is over":    change(`"version": 1,`, `"version": 2, "predecessor": "20260301T101400.000-abcdefghij",`),
		"an early predecessor":   strings.Replace(waiting, `"version": 2`, `"version": 1`, 1),
		"own predecessor":        strings.Replace(waiting, "20260301T101400.000-abcdefghij", testID, 1),
		"predecessor, a path":    strings.Replace(waiting, "20260301T101400.000-abcdefghij", "../x", 1),
		"no version":             change(`"version": 1,`, ``),
		"unknown state":          change(`"registered"`, `"lost"`),
		"state that is not kept": change(`"registered"`, `"released"`),
		"registered, no permId":  change(`"permID": "P2",`+"\n  \"registeredAt\"", `"registeredAt"`),
		"permId, not registered": change(`"registered"`, `"uploaded"`),
		"no plan":                change(`"uploadID": "u"`, `"uploadID": ""`),
		"no owner":               change(testOwner.PermID, ""),
		"kind of owner":          change(`"object"`, `"sample"`),
		"id that is a path":      change(testID, "../../etc"),
		"name that is a path":    change(`µ \u003crun\u003e 7.h5`, `../x`),
		"no name":                change(`µ \u003crun\u003e 7.h5`, ``),
		"negative size":          change("1099511627776", "-1"),
		"size of a string":       change("1099511627776", `"1"`),
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := decodeRecord([]byte(text)); !errors.Is(err, ErrDamaged) {
				t.Errorf("got %+v, %v, want ErrDamaged", r, err)
			}
		})
	}
}

func TestNamesThatLinuxOrOpenBISCanNotHave(t *testing.T) {
	for name, want := range map[string]error{
		"":                       syscall.EINVAL,
		".":                      syscall.EINVAL,
		"..":                     syscall.EINVAL,
		"a/b":                    syscall.EINVAL,
		"a\x00b":                 syscall.EINVAL,
		strings.Repeat("n", 256): syscall.ENAMETOOLONG,
		"\xff":                   syscall.EILSEQ,
		"...":                    nil,
		"µ\n\"":                  nil,
		strings.Repeat("n", 255): nil,
	} {
		if err := checkName(name); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	good, err := encodeRecord(fullRecord())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(strings.Replace(string(good), `"version": 1,`, `"version": 2,`, 1)))
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := decodeRecord(text)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("%v is not ErrDamaged", err)
			}
			return
		}
		again, err := encodeRecord(r)
		if err != nil {
			t.Fatalf("a record that was read can't be written: %v", err)
		}
		same, err := decodeRecord(again)
		if err != nil {
			t.Fatalf("a record that was written can't be read: %v", err)
		}
		if third, err := encodeRecord(same); err != nil || string(third) != string(again) {
			t.Fatalf("%s became %s (%v)", again, third, err)
		}
	})
}

func TestRecordIsReplacedWholeOrNotAtAll(t *testing.T) {
	old, replacement := fullRecord(), fullRecord()
	old.Name, replacement.Name = "old", "new"
	count := newFaultDisk()
	dir := t.TempDir()
	if err := writeRecord(count, dir, old); err != nil {
		t.Fatal(err)
	}
	count.arm()
	if err := writeRecord(count, dir, replacement); err != nil {
		t.Fatal(err)
	}
	ops := count.log()
	want := []string{"open record.json.tmp", "write record.json.tmp", "sync record.json.tmp", "rename record.json", "syncdir " + filepath.Base(dir)}
	if diff := cmp.Diff(want, ops); diff != "" {
		t.Fatalf("operations: %s", diff)
	}
	for n := range ops {
		t.Run(fmt.Sprintf("%s fails", ops[n]), func(t *testing.T) {
			disk := newFaultDisk()
			dir := t.TempDir()
			if err := writeRecord(disk, dir, old); err != nil {
				t.Fatal(err)
			}
			disk.failAt, disk.errno = n, syscall.ENOSPC
			disk.arm()
			if err := writeRecord(disk, dir, replacement); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("got %v, want ENOSPC", err)
			}
			r, err := readRecord(dir, testID)
			if err != nil {
				t.Fatalf("the record is lost: %v", err)
			}
			if renamed := n > 3; (r.Name == "new") != renamed {
				t.Errorf("record is %q", r.Name)
			}
			if _, err := os.Stat(filepath.Join(dir, recordFile+temporarySuf)); n < 3 && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a temporary file is left: %v", err)
			}
		})
	}
}
