package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// holder is a process that keeps a mount busy.
type holder struct {
	pid     int
	command string
	uses    string // the path that it uses
}

func (h holder) String() string {
	return fmt.Sprintf("%s (process %d) uses %s", h.command, h.pid, h.uses)
}

// holders returns the processes that use something below dir, as far as this user may see. It reads only /proc and
// touches no file of the mount.
func holders(dir string) []holder {
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []holder
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if path := usedBy(pid, dir); path != "" {
			command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
			found = append(found, holder{pid, strings.TrimSpace(string(command)), path})
		}
	}
	return found
}

// usedBy returns a path below dir that the process uses, or "".
func usedBy(pid int, dir string) string {
	base := fmt.Sprintf("/proc/%d/", pid)
	links := []string{base + "cwd", base + "root", base + "exe"}
	open, _ := filepath.Glob(base + "fd/*")
	for _, link := range append(links, open...) {
		if path, err := os.Readlink(link); err == nil && within(path, dir) {
			return path
		}
	}
	maps, _ := os.ReadFile(base + "maps")
	for line := range strings.Lines(string(maps)) {
		if _, path, ok := strings.Cut(line, " /"); ok {
			if path = "/" + strings.TrimSpace(path); within(path, dir) {
				return path
			}
		}
	}
	return ""
}

// describeHolders says who uses dir, for a message.
func describeHolders(dir string) string {
	found := holders(dir)
	if len(found) == 0 {
		return "a program uses it that you may not see"
	}
	const most = 5
	var texts []string
	for i, h := range found {
		if i == most {
			texts = append(texts, fmt.Sprintf("and %d more", len(found)-most))
			break
		}
		texts = append(texts, h.String())
	}
	return strings.Join(texts, ", ")
}
