package fs

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWhichDescriptorsCanWrite(t *testing.T) {
	tests := []struct {
		name, link, fdinfo string
		want               bool
	}{
		{"for writing", "/mnt/obj/f", "pos:\t0\nflags:\t0100001\nmnt_id:\t29\nino:\t77\n", true},
		{"for both", "/mnt/obj/f", "pos:\t0\nflags:\t0100002\nmnt_id:\t29\nino:\t77\n", true},
		{"to append", "/mnt/obj/f", "pos:\t0\nflags:\t0102001\nmnt_id:\t29\nino:\t77\n", true},
		{"for reading", "/mnt/obj/f", "pos:\t0\nflags:\t0100000\nmnt_id:\t29\nino:\t77\n", false},
		{"bind mount", "/elsewhere/f", "flags:\t0100001\nino:\t77\n", true},
		{"removed", "/mnt/obj/f (deleted)", "flags:\t0100001\nino:\t77\n", true},
		{"another file of that name", "/mnt/other/f", "flags:\t0100001\nino:\t78\n", false},
		{"another name", "/mnt/obj/g", "flags:\t0100001\nino:\t77\n", false},
		{"old kernel", "/mnt/obj/f", "pos:\t0\nflags:\t0100001\n", true},
		{"nonsense", "/mnt/obj/f", "flags:\tx\n", false},
		{"empty", "/mnt/obj/f", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			proc := t.TempDir()
			process := filepath.Join(proc, "4294967290")
			for _, dir := range []string{"fd", "fdinfo"} {
				if err := os.MkdirAll(filepath.Join(process, dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink(test.link, filepath.Join(process, "fd/3")); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(process, "fdinfo/3"), []byte(test.fdinfo), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := openForWriting(proc, "f", 77); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestWhichCallersWereKilled(t *testing.T) {
	// fields 4 to 8, 10 to 51 of proc_pid_stat(5) do not matter
	stat := func(name, flags, exitCode string) string {
		text := "123 (" + name + ") S 1 1 1 0 -1 " + flags
		for range 42 {
			text += " 0"
		}
		return text + " " + exitCode + "\n"
	}
	tests := []struct {
		name, text      string
		seen            bool
		exiting, killed bool
	}{
		{"running", stat("cp", "4194304", "0"), true, false, false},
		{"ended", stat("cp", "4194308", "0"), true, true, false},
		{"ended with a failure", stat("cp", "4194308", "256"), true, true, false},
		{"killed", stat("cp", "4195332", "9"), true, true, true},
		{"killed, with a core", stat("cp", "4195332", "139"), true, true, true},
		{"killed, as far as others may know", stat("cp", "4195332", "0"), false, true, true},
		{"a thread of a program that ended", stat("java", "4195332", "0"), true, true, false},
		{"a thread of a program that failed", stat("java", "4195332", "256"), true, true, false},
		{"an awkward name", stat("a) S 9 (b", "4195332", "15"), true, true, true},
		{"gone", "", true, false, false},
		{"cut off", "123 (cp) S 1", true, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := parseStat(test.text)
			if c.exiting() != test.exiting || c.killed(test.seen) != test.killed {
				t.Errorf("exiting %v, killed %v", c.exiting(), c.killed(test.seen))
			}
		})
	}
}
