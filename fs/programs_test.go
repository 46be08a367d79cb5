package fs

import "testing"

// What programs do to a file when they save, as it was seen with strace(1).
func TestSavingAsProgramsDo(t *testing.T) {
	tests := []struct {
		name, script string
		want         [][]string
	}{
		{"vim, new file", `touch $D/.f.swp $D/.f.swpx; rm $D/.f.swpx; touch $D/4913; rm $D/4913; cp $L/a $D/f; chmod 644 $D/f; rm $D/.f.swp`, [][]string{{"f=a\n"}}},
		{"vim, existing file", `cp $L/a $D/f; touch $D/.f.swp $D/4913; rm $D/4913; mv $D/f $D/f~; cp $L/b $D/f; chmod 644 $D/f; rm $D/f~ $D/.f.swp; cmp $L/b $D/f`, [][]string{{"f=a\n"}, {"f=b\n"}}},
		{"emacs", `cp $L/a $D/f; exec 3>$D/f; cat $L/b >&3; exec 3>&-; exec 3>>$D/f; exec 3>&-`, [][]string{{"f=a\n"}, {"f=b\n"}}},
		{"emacs, lock", `if ln -s user@host.1 $D/.#f; then exit 1; fi; printf user@host.1 > $D/.#-emacsAbCdEf; mv -n $D/.#-emacsAbCdEf $D/.#f
			test $(cat $D/.#f) = user@host.1; cp $L/a $D/f; exec 3>>$D/f; exec 3>&-; rm $D/.#f`, [][]string{{"f=a\n"}}},
		{"emacs, backup and auto-save", `cp $L/a $D/f; cp $L/b "$D/#f#"; mv $D/f $D/f~; cp $L/b $D/f; rm "$D/#f#"; cp $L/a $D/f; cmp $L/a $D/f~`,
			[][]string{{"f=a\n"}, {"f=b\n"}, {"f=a\n"}}},
		{"nano, lock and backup", `cp $L/a $D/f; cp $L/a $D/.f.swp; cp $D/f $D/f~; cp $L/b $D/f; cp $L/a $D/.f.swp; rm $D/.f.swp`, [][]string{{"f=a\n"}, {"f=b\n"}}},
		{"Nautilus", `cp $L/a $D/f; chmod 644 $D/f; touch -d @1000000000 $D/f`, [][]string{{"f=a\n"}}},
		{"Nautilus over a file", `cp $L/a $D/f; exec 4>>$D/f; exec 3>$D/.goutputstream-ABC; exec 4>&-; cat $L/b >&3; mv $D/.goutputstream-ABC $D/f; exec 3>&-; touch -d @1000000000 $D/f`,
			[][]string{{"f=a\n"}, {"f=b\n"}}},
		{"Thunar", `cp $L/a $D/f.partial~; touch -d @1000000000 $D/f.partial~; chmod 644 $D/f.partial~; mv -n $D/f.partial~ $D/f`, [][]string{{"f=a\n"}}},
		{"Thunar over a file", `cp $L/a $D/f; rm $D/f; cp $L/b $D/f.partial~; mv -n $D/f.partial~ $D/f`, [][]string{{"f=a\n"}, {"f=b\n"}}},
		{"Thunar, given up", `cp $L/a $D/f.partial~; rm $D/f.partial~`, nil},
		{"KDE, Python and others that replace a private file", `umask 077; cp $L/a $D/f.aBcXyz; chmod 644 $D/f.aBcXyz; mv $D/f.aBcXyz $D/f
			cp $L/b $D/tmph7kplfkk; mv $D/tmph7kplfkk $D/g; cp $L/a $D/.gsf-save-a1B2c3; mv $D/.gsf-save-a1B2c3 $D/h`, [][]string{{"f=a\n"}, {"g=b\n"}, {"h=a\n"}}},
		{"SQLite", `exec 3<>$D/f.db; cp $L/a $D/f.db-journal; cat $L/b >&3; rm $D/f.db-journal; exec 3>&-`, [][]string{{"f.db=b\n"}}},
		{"GTK", `exec 3>$D/.goutputstream-ABC; cat $L/a >&3; mv $D/.goutputstream-ABC $D/f; exec 3>&-`, [][]string{{"f=a\n"}}},
		{"office suite", `touch "$D/.~lock.f#"; cp $L/a $D/lu1.tmp; mv $D/lu1.tmp $D/f; exec 3<>$D/f; exec 3>&-; rm "$D/.~lock.f#"`, [][]string{{"f=a\n"}}},
		{"browser", `cp $L/a $D/f.crdownload; cat $L/b >> $D/f.crdownload; mv $D/f.crdownload $D/f`, [][]string{{"f=a\nb\n"}}},
		{"Python", `python3 -c "import sys; f = open(sys.argv[1], 'w'); f.write('x'); f.flush(); f.seek(0); f.write('y'); f.close()" $D/f`, [][]string{{"f=y"}}},
		{"Python with a child that inherits nothing", `python3 -c "
import subprocess, sys
with open(sys.argv[1], 'w') as f:
    f.write('x'); f.flush(); subprocess.run(['true']); f.write('y')" $D/f`, [][]string{{"f=xy"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := mountBench(t)
			b.sh(test.script)
			b.mustHave(test.want...)
		})
	}
}

func TestARepositoryIsOneDataset(t *testing.T) {
	b := mountBench(t, never)
	b.sh(`cd $L; git init -q r; cd r; cp ../a .; git add a; git -c user.name=n -c user.email=e@x commit -qm m; git clone -q $L/r $D/r; git -C $D/r status --short; cd /`)
	if _, err := b.fs.Commit(t.Context(), object+"/r"); err != nil {
		t.Fatal(err)
	}
	b.settle()
	if n := len(b.registered()); n != 1 {
		t.Errorf("%d Datasets; drafts: %s", n, b.states())
	}
	b.sh(`mkdir $L/back; cp -r $D/r/. $L/back; git -C $L/back fsck --strict; test -z "$(git -C $L/back status --short | grep -v meta.json)"`)
}
