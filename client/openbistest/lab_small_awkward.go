package openbistest

import (
	"fmt"
	"strings"
)

// awkwardNames are file names that people really use, and that break programs.
var awkwardNames = []string{
	"with some spaces.txt",
	" leading blank.txt",
	"trailing blank.txt ",
	"Größenverteilung.txt",     // NFC
	"Gro\u0308\u00dfe.txt",     // NFD: o and a combining diaeresis
	"Ma\u0308use nu\u0308.txt", // NFD
	"顕微鏡の写真.txt",
	"实验数据.txt",
	"🔬🧫 final 👍🏽.txt",
	strings.Repeat("a very long name ", 11) + "of 200 ch.txt",
	"comma, separated.txt",
	"50% done.txt",
	"literal %41.txt",
	"run #7.txt",
	"A+B.txt",
	"really?.txt",
	"R&D.txt",
	"a;b.txt",
	`"quoted" 'twice'.txt`,
	`back\slash.txt`,
	"new\nline.txt",
	"tab\there.txt",
	"star*.txt",
	"10:45.txt",
	"<angle> |pipe|.txt",
	"-rf.txt",
	".hidden",
	"...",
	"~$lock.docx",
	"$HOME.txt",
	"[1] (copy) {2}.txt",
	"k=v&sessionID=x.txt",
	"no extension",
	"ends with a dot.",
	"CASE.txt",
	"case.txt",
}

// awkwardFolder is a folder of files with awkward names, and of folders with some of them. What is in a file says
// how it is called.
func awkwardFolder() *Node {
	top := Folder("Übertrag vom alten Server 2024")
	for _, name := range awkwardNames {
		top.Children = append(top.Children, File(name, Text(fmt.Sprintf("This file is called %q.\n", name))))
	}
	for _, name := range []string{" 100 % & more; #1 ", "ordner mit ü", "original", "%2F"} {
		top.Children = append(top.Children, Folder(name, File("a, b + c?.csv", Text("a,b,c\n1,2,3\n"))))
	}
	return top
}
