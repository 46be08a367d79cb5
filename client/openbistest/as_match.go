package openbistest

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// engine says by which rules texts are compared: the SQL engine's for the entities of a lab, the in-memory matchers' for the rest.
type engine int

const (
	sqlEngine    engine = iota // equality is case-sensitive
	memoryEngine               // everything ignores case
)

// textMatcher makes a test of a string value of criteria. A missing value, or one without text, accepts everything: pyBIS
// sends such for "no code wanted".
func textMatcher(value *object, wildcards bool, e engine) func(string) bool {
	if value == nil || value.fields["value"] == nil {
		return func(string) bool { return true }
	}
	want := value.text("value")
	lower := strings.ToLower(want)
	hasWildcard := wildcards && strings.ContainsAny(want, "*?")
	glob := func(pattern string) func(string) bool {
		tokens := globTokens(pattern)
		return func(s string) bool { return globMatch(tokens, []rune(strings.ToLower(s))) }
	}
	switch strings.TrimSuffix(strings.TrimPrefix(value.class.Type, "as.dto.common.search.String"), "Value") {
	case "EqualTo":
		switch {
		case hasWildcard:
			return glob(lower)
		case e == memoryEngine:
			return func(s string) bool { return strings.EqualFold(s, want) }
		default:
			return func(s string) bool { return s == want }
		}
	case "StartsWith":
		if hasWildcard {
			return glob(lower + "*")
		}
		return func(s string) bool { return strings.HasPrefix(strings.ToLower(s), lower) }
	case "EndsWith":
		if hasWildcard {
			return glob("*" + lower)
		}
		return func(s string) bool { return strings.HasSuffix(strings.ToLower(s), lower) }
	case "Contains":
		if hasWildcard {
			return glob("*" + lower + "*")
		}
		return func(s string) bool { return strings.Contains(strings.ToLower(s), lower) }
	case "ContainsExactly", "Matches":
		return func(s string) bool { return strings.Contains(strings.ToLower(s), lower) }
	case "LessThan":
		return func(s string) bool { return s < want }
	case "LessThanOrEqualTo":
		return func(s string) bool { return s <= want }
	case "GreaterThan":
		return func(s string) bool { return s > want }
	case "GreaterThanOrEqualTo":
		return func(s string) bool { return s >= want }
	default: // AnyStringValue
		return func(string) bool { return true }
	}
}

// Wildcards among the runes of a pattern.
const (
	anyRunes rune = -1 - iota
	oneRune
)

// globTokens reads a pattern: "*" and "?" are wildcards, a backslash takes the next character literally.
func globTokens(pattern string) []rune {
	var tokens []rune
	runes := []rune(pattern)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == '\\' && i+1 < len(runes):
			i++
			tokens = append(tokens, runes[i])
		case r == '*':
			tokens = append(tokens, anyRunes)
		case r == '?':
			tokens = append(tokens, oneRune)
		default:
			tokens = append(tokens, r)
		}
	}
	return tokens
}

// globMatch matches with backtracking to the last "*".
func globMatch(pattern, s []rune) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == anyRunes:
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == oneRune || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			p, mark = star+1, mark+1
			i = mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anyRunes {
		p++
	}
	return p == len(pattern)
}

// dateMatcher makes a test of a date value of criteria, with its time zone.
func dateMatcher(value, zone *object) (func(time.Time) bool, error) {
	if value == nil {
		return func(time.Time) bool { return true }, nil
	}
	name := strings.TrimSuffix(strings.TrimPrefix(value.class.Type, "as.dto.common.search.Date"), "Value")
	wholeDay := false
	var want time.Time
	if object, isObject := strings.CutPrefix(name, "Object"); isObject {
		name = object
		want, _ = value.fields["value"].(time.Time)
	} else {
		location := time.Local
		if zone != nil && zone.class.Type == "as.dto.common.search.TimeZone" {
			hours, _ := zone.fields["hourOffset"].(int64)
			location = time.FixedZone("", int(hours)*3600)
		}
		var err error
		for _, layout := range []string{"2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2"} {
			if want, err = time.ParseInLocation(layout, value.text("value"), location); err == nil {
				wholeDay = layout == "2006-1-2"
				break
			}
		}
		if err != nil {
			return nil, illegalArgument("Date value: %s does not match any of the supported formats: [y-M-d HH:mm:ss, y-M-d HH:mm, y-M-d]",
				value.text("value"))
		}
	}
	compare := func(t time.Time) int { return cmp.Compare(t.UnixMilli(), want.UnixMilli()) }
	if wholeDay {
		compare = func(t time.Time) int {
			y, m, d := t.In(want.Location()).Date()
			return time.Date(y, m, d, 0, 0, 0, 0, want.Location()).Compare(want)
		}
	}
	return func(t time.Time) bool { return orderMatches(name, compare(t)) }, nil
}

// orderMatches tells whether the outcome of a comparison is what a value class wants.
func orderMatches(name string, c int) bool {
	switch name {
	case "EqualTo":
		return c == 0
	case "LaterThan", "GreaterThan":
		return c > 0
	case "LaterThanOrEqualTo", "GreaterThanOrEqualTo":
		return c >= 0
	case "EarlierThan", "LessThan":
		return c < 0
	default:
		return c <= 0
	}
}

// numberMatches compares a number with a number value of criteria.
func numberMatches(value *object, n float64) bool {
	if value == nil {
		return true
	}
	text, ok := value.fields["value"].(json.Number)
	if !ok {
		return false
	}
	want, err := strconv.ParseFloat(text.String(), 64)
	name := strings.TrimSuffix(strings.TrimPrefix(value.class.Type, "as.dto.common.search.Number"), "Value")
	return err == nil && orderMatches(name, cmp.Compare(n, want))
}

// property returns the value of a property, whose code is matched without regard to case.
func property(properties map[string]string, code string) (string, bool) {
	if v, ok := properties[strings.ToUpper(code)]; ok {
		return v, true
	}
	for c, v := range properties {
		if strings.EqualFold(c, code) {
			return v, true
		}
	}
	return "", false
}
