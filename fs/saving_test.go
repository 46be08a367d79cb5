package fs

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// object is where the tests save: an Object of the small lab.
const object = "MATERIALS/AL_FATIGUE/TENSILE_TESTS/CPN-01"

// bench is a lab that can be written to.
type bench struct {
	*lab
	before int // registrations
}

func mountBench(t *testing.T, change ...func(*labOptions)) *bench {
	t.Helper()
	l := mountLab(t, append([]func(*labOptions){func(o *labOptions) { o.write = t.TempDir() }}, change...)...)
	return &bench{lab: l, before: len(l.server.Registrations())}
}

// registered returns what was registered since the mount was made.
func (b *bench) registered() []openbistest.Registration { return b.server.Registrations()[b.before:] }

// in returns a path in the Object that the tests save to.
func (b *bench) in(elem ...string) string { return b.path(append([]string{object}, elem...)...) }

// settle waits until nothing is on its way any more.
func (b *bench) settle() {
	b.t.Helper()
	b.until("everything is settled", func() bool {
		for _, d := range b.drafts.Drafts() {
			if d.State().Pending() {
				return false
			}
		}
		return true
	})
}

// until waits for something that happens in another process or in the background.
func (b *bench) until(what string, done func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			b.t.Fatalf("waited in vain until %s; drafts: %s", what, b.states())
		}
		<-time.After(10 * time.Millisecond)
	}
}

func (b *bench) states() string {
	var list []string
	for _, d := range b.drafts.Drafts() {
		list = append(list, fmt.Sprintf("%s: %s (%v)", d.Name(), d.State(), d.Err()))
	}
	return strings.Join(list, ", ")
}

// mustHave checks that one Dataset was registered for each list of files, in
// any order, and that nothing else was. Files are "path=content".
func (b *bench) mustHave(want ...[]string) []openbistest.Registration {
	b.t.Helper()
	b.settle()
	found := b.registered()
	var got [][]string
	for _, ds := range found {
		got = append(got, b.content(ds))
	}
	byText := func(x, y []string) int { return strings.Compare(strings.Join(x, "\n"), strings.Join(y, "\n")) }
	slices.SortFunc(got, byText)
	slices.SortFunc(want, byText)
	if !slices.EqualFunc(got, want, slices.Equal) {
		b.t.Errorf("registered %q, want %q; drafts: %s", got, want, b.states())
	}
	return found
}

// content returns the files of a Dataset as the mount shows them.
func (b *bench) content(ds openbistest.Registration) []string {
	b.t.Helper()
	dir := b.in(ds.PermID)
	var list []string
	for name := range strings.SplitSeq(strings.TrimSpace(b.run("find", dir, "-type", "f", "-not", "-path", dir+"/.meta.json")), "\n") {
		rel := strings.TrimPrefix(strings.TrimPrefix(name, dir+"/"), "original/")
		rel = strings.TrimPrefix(rel, "DEFAULT/")
		list = append(list, rel+"="+b.run("cat", name))
	}
	slices.Sort(list)
	return list
}

// source makes a local file.
func (b *bench) source(name, content string) string {
	b.t.Helper()
	file := path.Join(b.t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		b.t.Fatal(err)
	}
	return file
}

// sh runs a shell script in which $D is the Object and $L a local directory.
func (b *bench) sh(script string) {
	b.t.Helper()
	if _, stderr, err := b.trySh(script); err != nil {
		b.t.Fatalf("%s: %v\n%s\ndrafts: %s", script, err, stderr, b.states())
	}
}

func (b *bench) trySh(script string) (stdout, stderr string, err error) {
	local := b.t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(path.Join(local, name), []byte(name+"\n"), 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	return b.try("sh", "-c", "D="+b.in()+" L="+local+"; "+script)
}

func TestACopiedFileIsADataset(t *testing.T) {
	b := mountBench(t)
	b.run("cp", b.source("f.txt", "content\n"), b.in("f.txt"))
	if n := len(b.registered()); n != 1 {
		t.Errorf("cp has returned, and %d Datasets are registered; drafts: %s", n, b.states())
	}
	found := b.mustHave([]string{"f.txt=content\n"})
	if got := b.run("cat", b.in("f.txt")); got != "content\n" {
		t.Errorf("under its own name it is %q", got)
	}
	names := strings.Fields(b.run("ls", b.in()))
	if !slices.Contains(names, "f.txt") || !slices.Contains(names, found[0].PermID) {
		t.Errorf("listed: %q", names)
	}
}

// What a shell does to $D/f and to others, and what becomes of it.
func TestOneDatasetForOneSave(t *testing.T) {
	tests := []struct {
		name, script string
		want         [][]string
	}{
		{"two programs one after the other", `(cat $L/a; cat $L/b) > $D/f`, [][]string{{"f=a\nb\n"}}},
		{"a descriptor of the shell", `exec 3>$D/f; cat $L/a >&3; sleep 0.1; cat $L/b >&3; exec 3>&-`, [][]string{{"f=a\nb\n"}}},
		{"duplicates", `exec 3>$D/f 4>&3; cat $L/a >&3; exec 3>&-; cat $L/b >&4; exec 4>&-`, [][]string{{"f=a\nb\n"}}},
		{"a child that outlives the shell", `exec 3>$D/f; (sleep 0.3; cat $L/b >&3) & cat $L/a >&3; exec 3>&-; wait`, [][]string{{"f=a\nb\n"}}},
		{"echo", `echo x > $D/f`, [][]string{{"f=x\n"}}},
		{"tee", `cat $L/a | tee $D/f >/dev/null`, [][]string{{"f=a\n"}}},
		{"dd", `dd if=$L/a of=$D/f 2>/dev/null`, [][]string{{"f=a\n"}}},
		{"mv from elsewhere", `mv $L/a $D/f`, [][]string{{"f=a\n"}}},
		{"cp -p", `cp -p $L/a $D/f`, [][]string{{"f=a\n"}}},
		{"install", `install -m 600 $L/a $D/f`, [][]string{{"f=a\n"}}},
		{"an empty file", `touch $D/f`, [][]string{{"f="}}},
		{"late changes of attributes", `cp $L/a $D/f; touch -d @1000000000 $D/f; chmod 600 $D/f; chown $(id -u):$(id -g) $D/f`, [][]string{{"f=a\n"}}},
		{"opened again, not written", `cp $L/a $D/f; exec 3>>$D/f; exec 3>&-; exec 4<>$D/f; exec 4>&-`, [][]string{{"f=a\n"}}},
		{"appended to later", `cp $L/a $D/f; cat $L/b >> $D/f`, [][]string{{"f=a\n"}, {"f=a\nb\n"}}},
		{"written again", `cp $L/a $D/f; cp $L/b $D/f`, [][]string{{"f=a\n"}, {"f=b\n"}}},
		{"unlinked while open", `exec 3>$D/f; rm $D/f; cat $L/a >&3; exec 3>&-`, nil},
		{"removed after an error", `exec 3>$D/f; cat $L/a >&3; rm $D/f; exec 3>&-; test ! -e $D/f`, nil},
		{"temporary names", `cp $L/a $D/f~; cp $L/a $D/.f.swp; cp $L/a $D/.DS_Store; cp $L/a $D/f.part`, nil},
		{"renamed from a temporary name", `cp $L/a $D/f.part; mv $D/f.part $D/f`, [][]string{{"f=a\n"}}},
		{"renamed while open", `exec 3>$D/.goutputstream-X; cat $L/a >&3; mv $D/.goutputstream-X $D/f; cat $L/b >&3; exec 3>&-`, [][]string{{"f=a\nb\n"}}},
		{"a registered file renamed", `cp $L/a $D/f; mv $D/f $D/g; test ! -e $D/f; cat $D/g >/dev/null`, [][]string{{"f=a\n"}}},
		{"renamed over a registered one", `cp $L/a $D/f; cp $L/b $D/g.tmp; mv $D/g.tmp $D/f; cmp $L/b $D/f`, [][]string{{"f=a\n"}, {"f=b\n"}}},
		{"sed -i", `cp $L/a $D/f; sed -i s/a/c/ $D/f; test $(cat $D/f) = c`, [][]string{{"f=a\n"}, {"f=c\n"}}},
		{"rsync", `rsync -a $L/a $D/f`, [][]string{{"f=a\n"}}},
		{"rsync --inplace", `rsync -a --inplace $L/a $D/f`, [][]string{{"f=a\n"}}},
		{"rsync of a directory's content", `rsync -a $L/ $D/`, [][]string{{"a=a\n"}, {"b=b\n"}}},
		{"tar", `tar -C $L -cf - a b | tar -C $D -xf -`, [][]string{{"a=a\n"}, {"b=b\n"}}},
		{"dd beyond the end", `dd if=$L/a of=$D/f bs=1 seek=3 2>/dev/null`, [][]string{{"f=\x00\x00\x00a\n"}}},
		{"truncated while open", `exec 3<>$D/f; cat $L/a $L/b >&3; truncate -s 3 $D/f; exec 3>&-`, [][]string{{"f=a\nb"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := mountBench(t)
			b.sh(test.script)
			b.mustHave(test.want...)
			for _, d := range b.drafts.Drafts() {
				if state := d.State(); state == staging.Failed || state == staging.Held {
					t.Errorf("%s is %s: %v", d.Name(), state, d.Err())
				}
			}
		})
	}
}
