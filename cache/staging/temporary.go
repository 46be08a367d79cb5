package staging

import (
	"io/fs"
	"path"
	"strings"
)

// Temporary tells whether a file or folder of this name is made by a program for itself, or by a desktop for its own
// bookkeeping: editors' swap, lock and backup files, office suites' locks, unfinished downloads and copies, thumbnails.
// Such names are staged and never registered. Only the name counts, in no particular case where Windows or macOS make it.
// Each pattern is as narrow as it can be: a file that is taken for temporary is one that its user has not saved.
func Temporary(name string) bool {
	switch strings.ToLower(name) {
	case ".ds_store", ".spotlight-v100", ".trashes", ".fseventsd", ".temporaryitems", ".apdisk", // macOS
		"thumbs.db", "ehthumbs.db", "desktop.ini", "iconcache.db", "$recycle.bin", // Windows
		".directory",         // KDE
		".ipynb_checkpoints", // Jupyter
		"4913":               // vim tries whether it can create files
		return true
	}
	for _, pattern := range [...]string{
		"?*~",         // backups of vim, emacs and others
		"#?*#", ".#*", // emacs: auto-save, lock
		".*.sw?", ".*.swpx", ".*.swx", // vim, nano
		".*.kate-swp",
		"~$*",     // Microsoft Office: lock
		".~*",     // LibreOffice: lock; rsync --delay-updates; Jupyter
		"lu*.tmp", // LibreOffice
		"*.tmp", "*.TMP",
		"._*", // macOS: resource fork
		".Trash-*",
		".goutputstream-*",                                                               // GLib
		".fuse_hidden*",                                                                  // libfuse: unlinked while open
		"*.part", "*.partial", "*.crdownload", "*.opdownload", "*.wkdownload", "*.aria2", // downloads
		"*___jb_tmp___", "*___jb_old___", // JetBrains
		"*.blend@", // Blender
	} {
		if matched, _ := path.Match(pattern, name); matched {
			return true
		}
	}
	return nfsSilly(name) || databaseJournal(name)
}

// TemporaryFile is [Temporary] for a file whose permissions are known: rsync, sed -i, and what saves by replacing give
// their temporary files, which are private until they are complete, names that a user's file could have, too.
func TemporaryFile(name string, mode fs.FileMode) bool {
	if Temporary(name) {
		return true
	}
	return mode.IsRegular() && mode.Perm() == 0o600 &&
		(rsyncTemporary(name) || sedTemporary(name) || qtTemporary(name) || gsfTemporary(name) || pythonTemporary(name))
}

// databaseJournal matches what SQLite keeps beside a database while it is written to.
func databaseJournal(name string) bool {
	for _, suffix := range [...]string{"-journal", "-wal", "-shm"} {
		database, ok := strings.CutSuffix(strings.ToLower(name), suffix)
		if !ok {
			continue
		}
		// Only of databases: people have files called "lab-journal".
		switch path.Ext(database) {
		case ".db", ".db3", ".sqlite", ".sqlite3", ".s3db", ".sl3", ".gpkg", ".mbtiles", ".blib":
			return true
		}
	}
	return false
}

// nfsSilly matches what NFS makes of a file that is removed while open: ".nfs" and hexadecimal digits.
func nfsSilly(name string) bool {
	digits, ok := strings.CutPrefix(name, ".nfs")
	return ok && len(digits) >= 8 && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}

// rsyncTemporary matches ".NAME.XXXXXX".
func rsyncTemporary(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	return dot > 1 && name[0] == '.' && random(name[dot+1:])
}

// sedTemporary matches "sedXXXXXX".
func sedTemporary(name string) bool {
	suffix, ok := strings.CutPrefix(name, "sed")
	return ok && random(suffix)
}

// qtTemporary matches "NAME.XXXXXX" of QSaveFile: letters, of which not just the first one is a capital, as in a word.
func qtTemporary(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	suffix := name[dot+1:]
	return dot > 0 && random(suffix) && !strings.ContainsAny(suffix, "0123456789") && strings.ToLower(suffix[1:]) != suffix[1:]
}

// gsfTemporary matches ".gsf-save-XXXXXX" of Gnumeric and others.
func gsfTemporary(name string) bool {
	suffix, ok := strings.CutPrefix(name, ".gsf-save-")
	return ok && len(suffix) == 6
}

// pythonTemporary matches what module tempfile makes: "tmp" and eight lower-case letters, digits and underscores.
func pythonTemporary(name string) bool {
	suffix, ok := strings.CutPrefix(name, "tmp")
	return ok && len(suffix) == 8 && strings.Trim(suffix, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// random tells whether s looks like the end of a name that mkstemp made: six letters and digits of more than one kind,
// which a word such as "backup" is not.
func random(s string) bool {
	if len(s) != 6 {
		return false
	}
	var lower, upper, digit int
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z':
			lower = 1
		case 'A' <= c && c <= 'Z':
			upper = 1
		case '0' <= c && c <= '9':
			digit = 1
		default:
			return false
		}
	}
	return lower+upper+digit > 1
}
