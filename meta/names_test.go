package meta

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEncodeNameFollowsTheTable(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"SAMPLE_1", "SAMPLE_1"},
		{"PLATE:A1", "PLATE:A1"},
		{"20250301100000123-7", "20250301100000123-7"},
		{"Grüße 日本 🔬", "Grüße 日本 🔬"},
		{"a/b", "a∕b"},
		{"a∕b", "a%E2%88%95b"},
		{"tab\tnewline\n", "tab%09newline%0A"},
		{"\x00\x7f\u0085", "%00%7F%C2%85"},
		{"abc\u202etxt.exe", "abc%E2%80%AEtxt.exe"},
		{"\u2066x\u2069", "%E2%81%A6x%E2%81%A9"},
		{"50% done", "50% done"},
		{"100%", "100%"},
		{"%41", "%2541"},
		{"%e2", "%25e2"},
		{"%%41", "%%2541"},
		{".", "%2E"},
		{"..", "%2E%2E"},
		{"...", "%2E.%2E"},
		{".meta.json", "%2Emeta.json"},
		{"ends.", "ends%2E"},
		{" a b ", "%20a b%20"},
		{" ", "%20"},
		{"bad\xffbyte", "bad%FFbyte"},
		{`\:*?"<>|`, `\:*?"<>|`},
		{"", ""},
	} {
		if got := encodeName(c.name); got != c.want {
			t.Errorf("encodeName(%q) = %q, want %q", c.name, got, c.want)
		}
		if got := decodeName(c.want); got != c.name {
			t.Errorf("decodeName(%q) = %q, want %q", c.want, got, c.name)
		}
	}
}

func FuzzEncodeName(f *testing.F) {
	for _, s := range []string{"SAMPLE_1", "%41", "%%4\x001", "a/∕b", "..", " . ", "\xe2\x88", "%2", "\u202e", "é", "%E2%88%95", "."} {
		f.Add(s, "%"+s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		encoded := encodeName(a)
		if got := decodeName(encoded); got != a {
			t.Fatalf("%q becomes %q, which means %q", a, encoded, got)
		}
		if a != b && encoded == encodeName(b) {
			t.Fatalf("%q and %q are both %q", a, b, encoded)
		}
		if a != "" {
			checkFileName(t, fit(encoded, "", a))
			checkFileName(t, fit(encoded, " ["+encodePermID(b)+"]", a))
			if strings.HasPrefix(encoded, ".") {
				t.Fatalf("%q hides %q", encoded, a)
			}
		}
		if segment := strings.ReplaceAll(a, "/", ""); segment != "" {
			name := encodeFileName(segment, a)
			checkBytes(t, name)
			if len(segment) <= maxName && segment != "." && segment != ".." && !strings.Contains(segment, "\x00") && name != segment {
				t.Fatalf("file %q is called %q without need", segment, name)
			}
		}
	})
}

// checkBytes fails unless Linux takes name.
func checkBytes(t *testing.T, name string) {
	t.Helper()
	if name == "" || name == "." || name == ".." || len(name) > maxName || strings.ContainsAny(name, "/\x00") {
		t.Fatalf("%q (%d bytes) is no file name", name, len(name))
	}
}

func checkFileName(t *testing.T, name string) {
	t.Helper()
	checkBytes(t, name)
	if !utf8.ValidString(name) {
		t.Fatalf("%q is not UTF-8", name)
	}
}

func TestLongNamesAreCutBetweenRunesAndStayDifferent(t *testing.T) {
	long := strings.Repeat("日本", 60) // 360 bytes
	a, b := fit(long, "", "permid-1"), fit(long, "", "permid-2")
	checkFileName(t, a)
	if a == b {
		t.Errorf("both are %q", a)
	}
	if a != fit(long, "", "permid-1") {
		t.Error("the name changes from one time to the next")
	}
	if !strings.HasPrefix(a, "日本日本") || a[len(a)-9] != '~' {
		t.Errorf("%q does not show where it was cut", a)
	}
	if with := fit(long, " [permid-1]", "permid-1"); !strings.HasSuffix(with, " [permid-1]") || len(with) > maxName {
		t.Errorf("%q lost its suffix", with)
	}
	if exact := strings.Repeat("x", maxName); fit(exact, "", "p") != exact {
		t.Error("a name of just the right length was cut")
	}
}

func TestFileNamesStayAsListedUnlessImpossible(t *testing.T) {
	for _, c := range []struct{ segment, want string }{
		{".hidden", ".hidden"},
		{" blank ", " blank "},
		{"50%41.txt", "50%41.txt"},
		{"a∕b", "a∕b"},
		{"new\nline", "new\nline"},
		{"bad\xff", "bad\xff"},
		{".", "%2E"},
		{"..", "%2E%2E"},
		{"a\x00b", "a%00b"},
	} {
		if got := encodeFileName(c.segment, "original/"+c.segment); got != c.want {
			t.Errorf("encodeFileName(%q) = %q, want %q", c.segment, got, c.want)
		}
	}
	if got := encodeFileName(strings.Repeat("x", 300), "p"); len(got) != maxName {
		t.Errorf("a name of 300 bytes became one of %d", len(got))
	}
}
