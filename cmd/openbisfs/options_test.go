package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// applied returns what the flags of `mount` are after args, -o lists included.
func applied(t *testing.T, sloppy, byMount bool, args ...string) (*mountCall, []string, error) {
	t.Helper()
	inv := &invocation{name: "openbisfs", out: t.Output(), err: t.Output()}
	f := newFlagSet(inv, "mount")
	var call mountCall
	call.register(inv, f)
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	ignored, err := applyOptions(f.FlagSet, call.options, sloppy, byMount)
	return &call, ignored, err
}

func TestMountOptionsAreSplitAtCommas(t *testing.T) {
	for _, c := range []struct {
		list string
		want []string
	}{
		{`ro`, []string{"ro"}},
		{`ro,uid=5,allow_other`, []string{"ro", "uid=5", "allow_other"}},
		{`user=Doe\, Jane,ro`, []string{"user=Doe, Jane", "ro"}},
		{`user="Doe, Jane",ro`, []string{"user=Doe, Jane", "ro"}},
		{`token_file=/my\040files/t,ro`, []string{"token_file=/my files/t", "ro"}},
		{`a=b=c,,`, []string{"a=b=c", "", ""}},
		{`a=\\`, []string{`a=\`}},
		{`a=\1x`, []string{`a=1x`}},
	} {
		got, err := splitOptions(c.list)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("splitOptions(%q): %v %s", c.list, err, diff)
		}
	}
	for _, bad := range []string{`a="b`, `a\`} {
		if got, err := splitOptions(bad); err == nil {
			t.Errorf("splitOptions(%q) = %q, want an error", bad, got)
		}
	}
}

func TestWhatMountPassesForItselfIsAccepted(t *testing.T) {
	_, ignored, err := applied(t, false, true, "-o",
		"rw,defaults,noauto,user,nofail,_netdev,dev,suid,exec,nosuid,nodev,noatime,relatime,lazytime,iversion,"+
			"x-systemd.automount,x-systemd.idle-timeout=10min,x-gvfs-show,X-mount.mkdir=0755,comment=lab,helper=fuse,uhelper=udisks2,subtype=openbisfs,default_permissions,nonempty")
	if err != nil || len(ignored) > 0 {
		t.Errorf("ignored with a warning %q, error %v", ignored, err)
	}
}

func TestMountOptionsAreFlags(t *testing.T) {
	call, ignored, err := applied(t, false, true, "-o", "allow_other,uid=1234,umask=0027,dir_ttl=30,cache-memory=1G,ca_cert=/etc/lab.pem", "-o", "auto_unmount,username=jdoe,debug")
	if err != nil {
		t.Fatal(err)
	}
	if !call.allowOther || call.uid.id != 1234 || call.umask != 0o027 || call.dirTTL.Seconds() != 30 ||
		call.cacheMemory != 1<<30 || call.caCert != "/etc/lab.pem" || call.user != "jdoe" || call.level.String() != "debug" {
		t.Errorf("flags after -o: %+v", call)
	}
	if diff := cmp.Diff([]string{"auto_unmount"}, ignored); diff != "" {
		t.Error("warnings:", diff)
	}
}

func TestAFlagWinsOverTheSameMountOption(t *testing.T) {
	call, _, err := applied(t, false, true, "--uid", "7", "-o", "uid=8,gid=8,gid=9")
	if err != nil || call.uid.id != 7 || call.gid.id != 9 {
		t.Errorf("uid %d gid %d, %v", call.uid.id, call.gid.id, err)
	}
}

func TestWrongMountOptionsAreUsageErrors(t *testing.T) {
	for list, want := range map[string]string{
		"allow_ohter":    `no mount option "allow_ohter"`,
		"uid":            "needs a value",
		"uid=nosuchuser": "no user",
		"umask=999":      "octal",
		"dir_ttl=soon":   "duration",
		"remount,ro":     "can't be remounted",
		"allow_root":     "allow_other",
		"fmask=022":      "umask",
		"password=x":     "password_file",
		"token=x":        "token_file",
		"options=x":      "no mount option",
		`uid="`:          "quote",
	} {
		_, _, err := applied(t, false, true, "-o", list)
		if codeOf(err) != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("-o %s: %v (exit code %d), want %q", list, err, codeOf(err), want)
		}
	}
}

func TestSloppyIgnoresUnknownMountOptions(t *testing.T) {
	_, ignored, err := applied(t, true, true, "-o", "vers=4.2,ro,hard")
	if diff := cmp.Diff([]string{"vers=4.2", "hard"}, ignored); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestMountOptionsDoNotLetWriteByAccident(t *testing.T) {
	for _, c := range []struct {
		options string
		byMount bool
		want    bool
	}{
		{"noatime", false, false},
		{"rw", true, false}, // mount(8) says so whenever nobody said ro
		{"rw", false, true},
		{"writable", true, true},
		{"rw,writable", true, true},
		{"ro", true, false},
		{"writable,ro", true, false},
		{"ro,rw", false, true},
	} {
		call, ignored, err := applied(t, false, c.byMount, "-o", c.options)
		if err != nil || len(ignored) > 0 || call.writable != c.want {
			t.Errorf("-o %s (from mount(8): %t): writable %t, want %t; ignored %q, error %v", c.options, c.byMount, call.writable, c.want, ignored, err)
		}
	}
	if _, _, err := applied(t, false, false, "--rw", "-o", "ro"); codeOf(err) != exitUsage {
		t.Errorf("--rw -o ro: %v, want an error", err)
	}
}
