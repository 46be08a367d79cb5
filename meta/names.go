package meta

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode/utf8"
)

// maxName is the longest file name that Linux has, in bytes.
const maxName = 255

// encodeName turns the name of an entity into a file name. The result is never
// "." or "..", starts with no dot, has no slash and no control character, and
// decodeName reverses it; an empty name stays empty.
//
//	/                                   ∕ (U+2215), as in openBIS' own SFTP server
//	U+2215 itself                       %E2%88%95
//	controls (C0, C1, DEL), bidirectional overrides, bytes that are not UTF-8
//	                                    %XX for each byte
//	% before two hexadecimal digits     %25
//	a dot or a blank at either end      %2E, %20
//
// All else is shown as it is. The result can be longer than a file name may be;
// see fit.
func encodeName(name string) string {
	if !needsEncoding(name) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		switch outermost := i == 0 || i+size == len(name); {
		case r == '/':
			b.WriteString("∕")
		case r == utf8.RuneError && size == 1, r == '∕', unprintable(r),
			outermost && (r == '.' || r == ' '),
			r == '%' && isHex(name, i+1) && isHex(name, i+2):
			escape(&b, name[i:i+size])
		default:
			b.WriteString(name[i : i+size])
		}
		i += size
	}
	return b.String()
}

// needsEncoding is false for nearly every code there is.
func needsEncoding(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c <= ' ', c == '.' && (i == 0 || i == len(name)-1), c == '/', c == '%', c >= 0x7f:
			return true
		}
	}
	return false
}

// decodeName returns the name that encodeName made a file name from.
func decodeName(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		switch {
		case name[i] == '%' && isHex(name, i+1) && isHex(name, i+2):
			b.WriteByte(unhex(name[i+1])<<4 | unhex(name[i+2]))
			i += 3
		case strings.HasPrefix(name[i:], "∕"):
			b.WriteByte('/')
			i += len("∕")
		default:
			b.WriteByte(name[i])
			i++
		}
	}
	return b.String()
}

// DecodeName returns the name of which a file name was made as those of entities are; others stay what they are.
func DecodeName(name string) string { return decodeName(name) }

// encodeFileName turns one segment of the path of a Dataset's file into a file
// name: it stays what it is unless Linux cannot have it. path, which makes a
// shortened name unique, is the whole path.
func encodeFileName(segment, path string) string {
	switch segment {
	case ".":
		return "%2E"
	case "..":
		return "%2E%2E"
	}
	return fit(strings.ReplaceAll(segment, "\x00", "%00"), "", path)
}

// fit joins name and suffix to a file name of at most [maxName] bytes. A name
// that is too long is cut between two runes and marked with "~" and a hash of
// what identifies its bearer.
func fit(name, suffix, identity string) string {
	room := maxName - len(suffix)
	if len(name) <= room {
		return name + suffix
	}
	mark := "~" + hash8(identity)
	cut := max(room-len(mark), 0)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + mark + suffix
}

func hash8(s string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return fmt.Sprintf("%08x", h.Sum32())
}

// unprintable tells whether a rune would make a listing unreadable or untrue.
func unprintable(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || // C0, DEL, C1
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 // bidirectional
}

func escape(b *strings.Builder, bytes string) {
	for i := range len(bytes) {
		fmt.Fprintf(b, "%%%02X", bytes[i])
	}
}

func isHex(s string, i int) bool {
	if i >= len(s) {
		return false
	}
	c := s[i]
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	default:
		return c - 'a' + 10
	}
}
