package openbistest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ParseLab returns the lab of a specification, a comma-separated list of
//
//	small          the demo lab, which is always there
//	wide:N         one more Collection, of N Objects with one Dataset each (see [Lab.AddWide])
//	deep:S,P,C,O   S more Spaces of P Projects of C Collections of O Objects (see [Lab.AddDeep])
//	files:DIR      one more Dataset, of the files in a directory of this machine (see [Lab.AddDirectory]); it comes last
//	huge:C,O       C more Collections of O Objects with one Dataset each, made as they are asked for (see [Lab.AddHuge])
//
// such as "small,wide:10000". Each may be there once.
func ParseLab(spec string) (*Lab, error) {
	l := SmallLab()
	seen := make(map[string]bool)
	for rest := strings.TrimSpace(spec); rest != ""; {
		var item string
		item, rest = cutItem(rest)
		name, arguments, _ := strings.Cut(item, ":")
		if seen[name] {
			return nil, fmt.Errorf("lab %q: %s is there twice", spec, name)
		}
		seen[name] = true
		if err := l.addItem(name, arguments); err != nil {
			return nil, fmt.Errorf("lab %q: %w", spec, err)
		}
	}
	return l, nil
}

// cutItem cuts off the first item with its arguments, which are separated by commas as items are, but are numbers.
func cutItem(spec string) (item, rest string) {
	if strings.HasPrefix(spec, "files:") {
		return spec, "" // a path may contain anything
	}
	for i := range len(spec) - 1 {
		if next := spec[i+1]; spec[i] == ',' && next >= 'a' && next <= 'z' {
			return spec[:i], spec[i+1:]
		}
	}
	return spec, ""
}

func (l *Lab) addItem(name, arguments string) error {
	switch name {
	case "small":
		if arguments != "" {
			return errors.New("small takes no number")
		}
	case "wide":
		n, err := counts(name, arguments, 1)
		if err != nil {
			return err
		}
		l.AddWide(n[0])
	case "deep":
		n, err := counts(name, arguments, 4)
		if err != nil {
			return err
		}
		l.AddDeep(n[0], n[1], n[2], n[3])
	case "files":
		_, err := l.AddDirectory(arguments)
		return err
	case "huge":
		n, err := counts(name, arguments, 2)
		if err != nil {
			return err
		}
		l.AddHuge(n[0], n[1])
	default:
		return fmt.Errorf("no lab %q; there are small, wide:N, deep:S,P,C,O, huge:C,O and files:DIR", name)
	}
	return nil
}

// maxEntities bounds what a specification may ask for, as a guard against slips of the pen.
const maxEntities = 2_000_000

func counts(name, arguments string, want int) ([]int, error) {
	fields := strings.Split(arguments, ",")
	if len(fields) != want {
		return nil, fmt.Errorf("%s takes %d numbers, not %q", name, want, arguments)
	}
	numbers, product := make([]int, want), 1
	for i, f := range fields {
		n, err := strconv.Atoi(f)
		if err != nil || n < 0 || n > maxEntities {
			return nil, fmt.Errorf("%s: %q is no number from 0 to %d", name, f, maxEntities)
		}
		numbers[i] = n
		if product *= max(n, 1); product > maxEntities {
			return nil, fmt.Errorf("%s: more than %d entities", name, maxEntities)
		}
	}
	return numbers, nil
}
