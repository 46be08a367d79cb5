package fs

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
)

// quietly mounts with a short quiet period.
func quietly(o *labOptions) { o.commitAfter = 300 * time.Millisecond }

// never mounts so that directories are registered on request only.
func never(o *labOptions) { o.commitAfter = 0 }

// registeredWithin waits for as many Datasets.
func (b *bench) registeredWithin(n int) {
	b.t.Helper()
	b.until(fmt.Sprintf("%d Datasets are registered", n), func() bool { return len(b.registered()) >= n })
}

func TestADirectoryIsOneDataset(t *testing.T) {
	tests := []struct {
		name, script string
		want         []string
	}{
		{"mkdir and cp", `mkdir $D/d; cp $L/a $D/d/a; mkdir $D/d/sub; cp $L/b $D/d/sub/b`, []string{"d/a=a\n", "d/sub/b=b\n"}},
		{"cp -r", `cp -r $L $D/d`, []string{"d/a=a\n", "d/b=b\n"}},
		{"cp -a", `cp -a $L $D/d`, []string{"d/a=a\n", "d/b=b\n"}},
		{"mv", `mkdir $L/x; cp $L/a $L/x/a; mv $L/x $D/d`, []string{"d/a=a\n"}},
		{"rsync -a", `rsync -a $L/ $D/d/`, []string{"d/a=a\n", "d/b=b\n"}},
		{"tar", `mkdir $L/d; cp $L/a $L/d; tar -C $L -cf - d | tar -C $D -xf -`, []string{"d/a=a\n"}},
		{"removed and renamed within", `mkdir $D/d; cp $L/a $D/d/a; cp $L/b $D/d/b; rm $D/d/b; mv $D/d/a $D/d/c; mkdir $D/d/e; rmdir $D/d/e`, []string{"d/c=a\n"}},
		{"a folder renamed within", `mkdir -p $D/d/e; cp $L/a $D/d/e/a; mv $D/d/e $D/d/g; cat $D/d/g/a`, []string{"d/g/a=a\n"}},
		{"the draft renamed", `mkdir $D/x; cp $L/a $D/x/a; mv $D/x $D/d; cat $D/d/a`, []string{"d/a=a\n"}},
		{"sed -i within", `mkdir $D/d; cp $L/a $D/d/a; sed -i s/a/c/ $D/d/a`, []string{"d/a=c\n"}},
		{"append, truncate, rewrite", `mkdir $D/d; cp $L/a $D/d/a; cat $L/b >> $D/d/a; truncate -s 3 $D/d/a; cp $L/a $D/d/b; cp $L/b $D/d/b`, []string{"d/a=a\nb", "d/b=b\n"}},
		{"junk inside", `mkdir $D/d; cp $L/a $D/d/a; cp $L/a $D/d/.DS_Store; cp $L/a $D/d/a~`, []string{"d/a=a\n"}},
		{"unlinked while open", `mkdir $D/d; cp $L/a $D/d/a; exec 3>$D/d/x; rm $D/d/x; echo y >&3; exec 3>&-`, []string{"d/a=a\n"}},
		{"links to files within", `mkdir -p $D/d/sub; cp $L/a $D/d/a; ln -s ../a $D/d/sub/link; ln -s sub/link $D/d/again`,
			[]string{"d/a=a\n", "d/again=a\n", "d/sub/link=a\n"}},
		{"cp -a with links", `ln -s a $L/link; ln $L/b $L/hard; cp -a $L $D/d; test -L $D/d/link; test $(stat -c %h $D/d/hard) = 2`,
			[]string{"d/a=a\n", "d/b=b\n", "d/hard=b\n", "d/link=a\n"}},
		{"rsync -aH", `ln $L/b $L/hard; rsync -aH $L/ $D/d/; test $(stat -c %h $D/d/hard) = 2`, []string{"d/a=a\n", "d/b=b\n", "d/hard=b\n"}},
		{"cp -al within", `cp -r $L $D/d; mkdir $D/d/c; cp -al $D/d/a $D/d/c/x; rm $D/d/a; cat $L/b >> $D/d/c/x`, []string{"d/b=b\n", "d/c/x=a\nb\n"}},
		{"mv in", `mkdir $D/d; mv $L/a $D/d/a; mkdir $L/s; mv $L/b $L/s; mv $L/s $D/d; test ! -e $L/a -a ! -e $L/s`, []string{"d/a=a\n", "d/s/b=b\n"}},
		{"mv out", `cp -r $L $D/d; mkdir $D/d/s; cp $L/a $D/d/s/x; rm $L/a; mv $D/d/a $L; mv $D/d/s $L; cat $L/a $L/s/x; test ! -e $D/d/a -a ! -e $D/d/s`, []string{"d/b=b\n"}},
		{"mv between drafts", `mkdir $D/d $D/e; cp $L/a $L/b $D/e; mv $D/e/a $D/d/a; mv $D/e/b $D/d/b; rmdir $D/e`, []string{"d/a=a\n", "d/b=b\n"}},
		{"many files", `mkdir $D/d; for i in 1 2 3 4 5 6 7 8 9; do echo $i > $D/d/$i; done`,
			[]string{"d/1=1\n", "d/2=2\n", "d/3=3\n", "d/4=4\n", "d/5=5\n", "d/6=6\n", "d/7=7\n", "d/8=8\n", "d/9=9\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := mountBench(t, never)
			b.sh(test.script)
			if n := len(b.registered()); n != 0 {
				t.Errorf("%d Datasets before anybody asked", n)
			}
			if _, err := b.fs.Commit(t.Context(), object+"/d"); err != nil {
				t.Fatal(err)
			}
			b.mustHave(test.want)
		})
	}
}

func TestADirectoryIsRegisteredWhenItIsQuiet(t *testing.T) {
	b := mountBench(t, quietly)
	b.sh(`mkdir $D/d; exec 3>$D/d/slow; cp $L/a $D/d/a; sleep 1; test -z "$(ls $D/d | grep -v 'slow\|a')"; echo end >&3; exec 3>&-`)
	b.registeredWithin(1)
	b.mustHave([]string{"d/a=a\n", "d/slow=end\n"})
	if got := b.run("cat", b.in("d/slow")); got != "end\n" {
		t.Errorf("under its own name: %q", got)
	}
	if _, stderr, err := b.trySh("cp $L/a $D/d/later"); err == nil || !strings.Contains(stderr, "Read-only") {
		t.Errorf("written after registration: %v %s", err, stderr)
	}
}

func TestAnEmptyDirectoryWaits(t *testing.T) {
	b := mountBench(t, quietly)
	b.sh(`mkdir $D/d; sleep 1; cp $L/a $D/d/a`)
	b.registeredWithin(1)
	b.mustHave([]string{"d/a=a\n"})
}

func TestADirectoryWithAKilledWriterIsHeld(t *testing.T) {
	b := mountBench(t, quietly)
	b.sh(`mkdir $D/d; cp $L/a $D/d/a`)
	cmd := helperCommand(t.Context(), "stuck", b.in("d/f"), "half")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it says that it was killed
	b.until("the draft is held", func() bool { return b.drafts.Drafts()[0].State() == staging.Held })
	b.mustHave()
}

func TestRemovedDraftsLeaveNothing(t *testing.T) {
	b := mountBench(t, never)
	b.sh(`cp -r $L $D/d; mkdir $D/d/s; cp $L/a $D/d/s/a; rm -r $D/d; test ! -e $D/d; mkdir $D/e; rmdir $D/e`)
	if n := len(b.drafts.Drafts()); n != 0 {
		t.Errorf("left: %s", b.states())
	}
	if used, _ := b.drafts.Usage(); used != 0 {
		t.Errorf("%d bytes are counted still", used)
	}
	b.mustHave()
}

func TestMetadataOfADirectory(t *testing.T) {
	b := mountBench(t, never)
	b.sh(`mkdir $D/d; cp $L/a $D/d/a; echo '{"type": "ATTACHMENT", "properties": {"$NAME": "Nice"}}' > $D/d/.meta.json`)
	if got := b.run("cat", b.in("d/.meta.json")); !strings.Contains(got, "Nice") {
		t.Errorf("reads %q", got)
	}
	if _, _, err := b.trySh(`echo '{"type": ' > $L/bad; cp $L/bad $D/d/.meta.json`); err == nil {
		t.Error("a text that makes no sense was taken")
	}
	if got := b.run("cat", b.in("d/.meta.json")); got != "{\"type\": \n" {
		t.Errorf("the text that was refused now reads %q", got)
	}
	b.sh(`echo '{"type": "ATTACHMENT", "properties": {"$NAME": "Nicer"}}' > $D/d/new.json; mv $D/d/new.json $D/d/.meta.json`)
	if _, err := b.fs.Commit(t.Context(), object+"/d"); err != nil {
		t.Fatal(err)
	}
	ds := b.mustHave([]string{"d/a=a\n"})[0]
	if text := b.run("cat", b.in(ds.PermID, ".meta.json")); ds.Type != "ATTACHMENT" || !strings.Contains(text, `"$NAME": "Nicer"`) {
		t.Errorf("registered as %s: %s", ds.Type, text)
	}
}

func TestParsingMetadata(t *testing.T) {
	tests := []struct {
		name, text string
		want       staging.Meta
		bad        bool
	}{
		{name: "empty", text: ""},
		{name: "nothing", text: "{}"},
		{name: "all", text: `{"type":"T","properties":{"A":"b"},"parents":["1-2"]}`, want: staging.Meta{Type: "T", Properties: map[string]string{"A": "b"}, Parents: []string{"1-2"}}},
		{name: "typed values", text: `{"properties":{"I":7,"R":1.50,"B":true,"V":{"code":"RED","label":"red"},"N":null}}`,
			want: staging.Meta{Properties: map[string]string{"I": "7", "R": "1.50", "B": "true", "V": "RED"}}},
		{name: "a registered one", text: `{"kind":"dataset","type":"T","parents":[{"permId":"1-2","code":"x"}],"url":"u"}`, want: staging.Meta{Type: "T", Parents: []string{"1-2"}}},
		{name: "cut off", text: `{"type":`, bad: true},
		{name: "a list", text: `[]`, bad: true},
		{name: "a list as a value", text: `{"properties":{"A":[1]}}`, bad: true},
		{name: "a parent without a permId", text: `{"parents":[{"code":"x"}]}`, bad: true},
		{name: "more than one", text: `{} {}`, bad: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseMetadata([]byte(test.text))
			if (err != nil) != test.bad {
				t.Fatalf("err %v", err)
			}
			if err == nil && fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestUploadsAreListed(t *testing.T) {
	b := mountBench(t, never)
	b.sh(`mkdir $D/d; cp $L/a $D/d/a`)
	if names := strings.Fields(b.run("ls", "-A", b.dir)); slices.Contains(names, ".openbis") {
		t.Errorf("listed at the root: %q", names)
	}
	names := strings.Fields(b.run("ls", b.path(".openbis/uploads")))
	want := []string{b.drafts.Drafts()[0].ID() + ".json", "README"}
	if !slices.Equal(names, want) {
		t.Errorf("listed: %q, want %q", names, want)
	}
	if text := b.run("cat", b.path(".openbis/uploads", want[0])); !strings.Contains(text, `"state": "open"`) {
		t.Errorf("it says: %s", text)
	}
}

func TestAHeldDirectoryStaysHeld(t *testing.T) {
	b := mountBench(t, quietly)
	b.sh(`mkdir $D/d; cp $L/a $D/d/a; ln -s ../a $D/d/link; readlink $D/d/link`)
	held := func() bool { return b.drafts.Drafts()[0].State() == staging.Held }
	b.until("the draft with a link is held", held)
	if reason := b.drafts.Drafts()[0].Err().Error(); !strings.Contains(reason, `"link" leads to "../a"`) {
		t.Errorf("the reason is %q", reason)
	}
	b.sh(`cp $L/b $D/d/b; rm $D/d/link`)
	b.until("it is held again", held)
	b.mustHave()
	if _, err := b.fs.Commit(t.Context(), object+"/d"); err != nil {
		t.Fatal(err)
	}
	b.mustHave([]string{"d/a=a\n", "d/b=b\n"})
}
