package fs

import (
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// readAnswer is what one read found.
type readAnswer struct {
	N     int
	CRC32 uint32
	Error string
}

// helperRead reads "OFFSET:LENGTH" ranges of FILE, one system call each as far
// as the kernel goes along.
func helperRead(args []string) (any, error) {
	file, err := os.Open(args[0])
	if err != nil {
		return []readAnswer{{Error: errorName(err)}}, nil
	}
	defer file.Close()
	// Say that reads are random, so that the kernel reads nothing ahead.
	if err := unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_RANDOM); err != nil {
		return nil, err
	}
	var answers []readAnswer
	for _, arg := range args[1:] {
		off, length, _ := strings.Cut(arg, ":")
		at, err := strconv.ParseInt(off, 10, 64)
		if err != nil {
			return nil, err
		}
		size, err := strconv.Atoi(length)
		if err != nil {
			return nil, err
		}
		buf := make([]byte, size)
		n, err := file.ReadAt(buf, at)
		answers = append(answers, readAnswer{N: n, CRC32: crc32.ChecksumIEEE(buf[:n]), Error: errorName(err)})
	}
	return answers, nil
}

// helperMmap reads FILE through a memory mapping.
func helperMmap(args []string) (any, error) {
	file, err := os.Open(args[0])
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	data, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	answer := readAnswer{N: len(data), CRC32: crc32.ChecksumIEEE(data)}
	return answer, unix.Munmap(data)
}

// helperScan reads FILE, N times in order with 1 MiB at a time, or with a LENGTH N
// times at some place.
func helperScan(args []string) (any, error) {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return nil, err
	}
	file, err := os.Open(args[0])
	if err != nil {
		return nil, err
	}
	defer file.Close()
	buf := make([]byte, 1<<20)
	if len(args) == 2 {
		for range n {
			for off := int64(0); ; off += int64(len(buf)) {
				if _, err := file.ReadAt(buf, off); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					return nil, err
				}
			}
		}
		return n, nil
	}
	length, err := strconv.Atoi(args[2])
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range n {
		if _, err := file.ReadAt(buf[:length], random.Int64N(info.Size()/int64(length))*int64(length)); err != nil {
			return nil, err
		}
	}
	return n, nil
}
