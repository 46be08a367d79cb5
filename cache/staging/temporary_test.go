package staging

import (
	"io/fs"
	"testing"
)

func TestTemporaryNames(t *testing.T) {
	for _, name := range []string{
		".notes.txt.swp", ".notes.txt.swo", ".notes.txt.swpx", ".notes.txt.swx", "4913", "notes.txt~", // vim
		"#notes.txt#", ".#notes.txt", // emacs
		".notes.txt.kate-swp",
		".~lock.table.ods#", "lu12345abc.tmp", "~$table.xlsx", "~WRL0001.tmp", // office suites
		".goutputstream-AB12CD", ".fuse_hidden0000001200000001", ".nfs00000000000a3b4c00000012",
		".DS_Store", "._image.tif", ".Spotlight-V100", ".Trashes", ".fseventsd", ".TemporaryItems", ".apdisk", // macOS
		"Thumbs.db", "thumbs.db", "desktop.ini", "Desktop.INI", "IconCache.db", "$RECYCLE.BIN", // Windows
		".Trash-1000", ".directory",
		"video.mp4.part", "data.partial", "setup.crdownload", ".~tmp~", ".ipynb_checkpoints", ".~analysis.ipynb",
		"data.csv.partial~", "#data.csv#", "data.csv.~12~", ".data.csv.un~", // Thunar, emacs, vim
		"runs.db-journal", "runs.sqlite3-wal", "Map.GPKG-shm", // SQLite
		"fit.py___jb_tmp___", "fit.py___jb_old___", "cell.blend@", "genome.fa.gz.aria2",
	} {
		if !Temporary(name) {
			t.Errorf("%q is not taken for a temporary file", name)
		}
	}
	for _, name := range []string{
		"notes.txt", "4913.txt", "14913", "~", "a~b", "#", "#1", "##", "swp", "notes.swp", ".swp", ".bashrc", ".gitignore", ".git",
		".config.backup", "sedation", "sediment", "part", "tmp", "report.part1", "thumbs.database", ".nfsrc", ".nfs", "lulu.csv", "$NAME",
		"partial", ".data", "data.TMP.csv", ".hidden",
		"lab-journal", "lab-journal.db", "2026.lab-journal", "runs.db", "cell.blend", "aria2",
	} {
		if Temporary(name) {
			t.Errorf("%q is taken for a temporary file", name)
		}
	}
}

func TestTemporaryFilesThatOnlyTheModeGivesAway(t *testing.T) {
	for _, test := range []struct {
		name string
		mode fs.FileMode
		want bool
	}{
		{".data.csv.aB3xYz", 0o600, true}, // rsync
		{".data.csv.aB3xYz", 0o644, false},
		{".config.backup", 0o600, false}, // a word
		{".run.123456", 0o600, false},    // a number
		{"sedKq3xYz", 0o600, true},       // sed -i
		{"sedation1", 0o644, false},
		{"sedimen", 0o600, false},
		{".d.aB3xYz", fs.ModeDir | 0o600, false},
		{"notes.txt~", 0o644, true},
		{"data.csv.aBcXyz", 0o600, true}, // QSaveFile
		{"data.csv.aBcXyz", 0o644, false},
		{"data.csv.Backup", 0o600, false},
		{"data.csv.backup", 0o600, false},
		{"run.2026A1", 0o600, false},
		{".gsf-save-a1B2c3", 0o600, true}, // Gnumeric
		{".gsf-save-a1B2c3", 0o644, false},
		{"tmph7kplfkk", 0o600, true}, // Python
		{"tmp_a8x3q_z", 0o600, true},
		{"tmph7kplfkk", 0o644, false},
		{"tmperature", 0o600, false},
		{"tmp-h7kplfk", 0o600, false},
	} {
		if got := TemporaryFile(test.name, test.mode); got != test.want {
			t.Errorf("%q %v: %v, want %v", test.name, test.mode, got, test.want)
		}
	}
}
