package fs

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// fed lets the data store have checksums at once.
func fed(o *labOptions) { o.simulator.PathInfoDelay = -1 }

// given waits until no staged copy is left.
func (b *bench) given() {
	b.t.Helper()
	b.until("all copies are given back", func() bool {
		used, _ := b.drafts.Usage()
		return len(b.drafts.Drafts()) == 0 && used == 0
	})
}

// attributes are what must not change under a name.
func (b *bench) attributes(name string) string {
	return b.run("stat", "-c", "%n %i %s %Y %a %b %F", b.in(name))
}

func TestANameOutlivesItsStagedCopy(t *testing.T) {
	for _, route := range []string{"createUploadedDataSet", "dataset-uploader-api", "jupyter-uploader-api"} {
		t.Run(route, func(t *testing.T) {
			b := mountBench(t, fed, func(o *labOptions) {
				o.simulator.Routes, o.dropbox, o.capacity = []string{route}, route, 3<<20
			})
			content := strings.Repeat("0123456789abcde\n", 2<<16) // 2 MiB
			b.run("cp", b.source("f", content), b.in("f"))
			before := b.attributes("f")
			b.given()
			b.server.ResetCounters()
			if got := b.run("cat", b.in("f")); got != content {
				t.Errorf("%d bytes under the name", len(got))
			}
			if after := b.attributes("f"); after != before {
				t.Errorf("now %s, was %s", after, before)
			}
			found := b.registered()
			for _, line := range b.content(found[0]) {
				if !strings.HasSuffix(line, "f="+content) {
					t.Errorf("the Dataset has %.20q, %d bytes", line, len(line))
				}
			}
			if n := b.server.ContentBytes(); n != 0 {
				t.Errorf("%d bytes were downloaded of what was here", n)
			}
			// The capacity is there again, twice as often as it would otherwise last.
			b.run("cp", b.source("g", content), b.in("g"))
			b.given()
			b.sh(`touch -d @1000000000 $D/f; chmod 600 $D/f; chown $(id -u):$(id -g) $D/f; exec 3>>$D/f; exec 3>&-`)
			if n := len(b.registered()); n != 2 || len(found) != 1 {
				t.Errorf("%d Datasets", n)
			}
			b.sh(`mv $D/f $D/h; test ! -e $D/f; cmp $D/h $D/g; rm $D/g; test ! -e $D/g`)
		})
	}
}

func TestADirectoryOutlivesItsStagedCopy(t *testing.T) {
	b := mountBench(t, fed, never)
	b.sh(`mkdir -p $L/d/e/f $L/d/empty; cp $L/a $L/d/e/f/a; cp $L/b $L/d/b; chmod 600 $L/d/b; echo x > $L/d/b~; cp -rp $L/d $D/d`)
	list := func() string {
		return b.run("find", b.in("d"), "-not", "-name", metadataName, "-printf", "%P %y %i %s %T@ %m\n")
	}
	before := strings.Split(list(), "\n")
	before = slices.DeleteFunc(before, func(line string) bool { return strings.HasPrefix(line, "b~ ") }) // never registered
	if _, err := b.fs.Commit(t.Context(), object+"/d"); err != nil {
		t.Fatal(err)
	}
	b.given()
	b.server.ResetCounters()
	after := strings.Split(list(), "\n")
	slices.Sort(before)
	slices.Sort(after)
	if !slices.Equal(before, after) {
		t.Errorf("now %q, was %q", after, before)
	}
	b.sh(`cmp $L/a $D/d/e/f/a; cmp $L/b $D/d/b; test ! -e $D/d/nothing; ls $D/d/empty; chmod 644 $D/d/b; touch $D/d/e; sync $D/d
		if echo x > $D/d/b; then exit 1; fi; if echo x > $D/d/new; then exit 1; fi; if rmdir $D/d 2>/dev/null; then exit 1; fi`)
	if n := b.server.ContentBytes(); n != 0 {
		t.Errorf("%d bytes were downloaded of what was here", n)
	}
	if n := len(b.registered()); n != 1 {
		t.Errorf("%d Datasets", n)
	}
}

func TestAStagedCopyStaysWhileItIsOpenOrUnverified(t *testing.T) {
	b := mountBench(t, fed, never)
	b.sh(`mkdir $D/d; cp $L/a $D/d/a`)
	b.sh(`cp $L/a $D/f`)
	pipes := t.TempDir()
	b.run("mkfifo", path.Join(pipes, "ready"), path.Join(pipes, "go"))
	done := make(chan error, 1)
	go func() {
		_, _, err := b.trySh(`cp $L/b $D/g; exec 3<$D/g 4<$D/d/a; P=` + pipes + `; echo > $P/ready; cat $P/go; cat <&3 >$P/g; cat <&4 >$P/a`)
		done <- err
	}()
	b.run("cat", path.Join(pipes, "ready"))
	if _, err := b.fs.Commit(t.Context(), object+"/d"); err != nil {
		t.Fatal(err)
	}
	b.until("everything else is given back", func() bool {
		b.run("cat", b.in("f"))
		names := map[string]staging.State{}
		for _, d := range b.drafts.Drafts() {
			names[d.Name()] = d.State()
		}
		_, opened := names["g"] // in time: else it was given back before
		return names["d"] == staging.Verified && (len(names) == 1 || len(names) == 2 && opened && names["g"] == staging.Verified)
	})
	if err := os.WriteFile(path.Join(pipes, "go"), nil, 0); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	b.given()
	if got := b.run("cat", path.Join(pipes, "g"), path.Join(pipes, "a")); got != "b\na\n" {
		t.Errorf("who had it open has read %q", got)
	}
}

func TestWithoutChecksumsTheStagedCopyStays(t *testing.T) {
	b := mountBench(t, func(o *labOptions) { o.simulator.PathInfoDelay = 1 << 50 })
	b.sh(`cp $L/a $D/f`)
	calls := b.server.Calls()
	b.until("the listing was looked at", func() bool {
		now := b.server.Calls()
		return now["listFilesForDataSet"]+now["searchFiles"] > calls["listFilesForDataSet"]+calls["searchFiles"] || len(now) > len(calls)
	})
	for _, d := range b.drafts.Drafts() {
		if d.State() != staging.Registered {
			t.Errorf("%s is %s", d.Name(), d.State())
		}
	}
	if len(b.drafts.Drafts()) != 1 {
		t.Error("the copy is gone")
	}
	b.sh(`cmp $L/a $D/f`)
}

func TestWritingToANameWhoseCopyWasGivenBack(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"appended to", `cat $L/b >> $D/f`, "a\nb\n"},
		{"written in the middle", `printf X | dd of=$D/f bs=1 seek=1 conv=notrunc 2>/dev/null`, "aX"},
		{"made shorter", `truncate -s 1 $D/f`, "a"},
		{"made longer", `truncate -s 3 $D/f`, "a\n\x00"},
		{"replaced", `cp $L/b $D/f`, "b\n"},
		{"emptied", `: > $D/f`, ""},
		{"read and written by one", `exec 3<>$D/f; read x <&3; echo "$x$x" >&3; exec 3>&-`, "a\naa\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := mountBench(t, fed)
			b.sh(`cp $L/a $D/f`)
			b.given()
			first := b.registered()[0].PermID
			b.sh(test.script)
			b.mustHave([]string{"f=a\n"}, []string{"f=" + test.want})
			if got := b.run("cat", b.in("f")); got != test.want {
				t.Errorf("under the name it is %q", got)
			}
			b.given()
			if got := b.run("cat", b.in("f")); got != test.want {
				t.Errorf("later it is %q", got)
			}
			for _, ds := range b.registered() {
				if ds.PermID == first {
					continue
				}
				if parents := b.run("ls", b.in(ds.PermID, ".parents")); parents != first+"\n" {
					t.Errorf("its parents are %q", parents)
				}
			}
		})
	}
}

// What the cache still has can be read while the server can't be reached; the rest fails, and nothing is lost.
func TestANameWhoseCopyWasGivenBackDuringAnOutage(t *testing.T) {
	b := mountBench(t, fed, func(o *labOptions) { o.memory = 8 << 20; o.block = 1e9 })
	b.sh(`cp $L/a $D/small; head -c 6000000 /dev/zero > $L/large; cp $L/large $D/large`)
	b.given()
	b.server.Faults.Add(openbistest.Fault{Kind: openbistest.ResetBefore, Times: -1})
	b.sh(`cmp $L/a $D/small`)
	if _, stderr, err := b.trySh(`cat $D/large > /dev/null`); err == nil {
		t.Error("read without a server")
	} else if !strings.Contains(stderr, "Input/output error") && !strings.Contains(stderr, "timed out") {
		t.Errorf("%v: %s", err, stderr)
	}
	if _, _, err := b.trySh(`cat $L/a >> $D/large`); err == nil {
		t.Error("appended to what can't be read")
	}
	b.server.Faults.Clear()
	b.until("it heals", func() bool {
		_, _, err := b.trySh(`head -c 6000000 /dev/zero | cmp - $D/large`)
		return err == nil
	})
	b.sh(`cat $L/a >> $D/large`)
	if n := len(b.registered()); n != 3 {
		t.Errorf("%d Datasets", n)
	}
}

func TestWritingToARemovedFileWhoseCopyWasGivenBack(t *testing.T) {
	b := mountBench(t, fed)
	b.sh(`cp $L/a $D/f`)
	b.given()
	b.run("python3", "-c", `if True:
		import os, sys
		f = os.open(sys.argv[1], os.O_RDWR)
		os.unlink(sys.argv[1])
		assert os.pwrite(f, b"xyz", 1) == 3
		assert os.pread(f, 10, 0) == b"axyz"
		os.ftruncate(f, 2)
		os.fsync(f)
		assert os.fstat(f).st_size == 2
		os.close(f)
	`, b.in("f"))
	b.given()
	b.mustHave([]string{"f=a\n"})
}
