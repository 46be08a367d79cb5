package meta

// sibling is what the name of an entity among others is made of. All its
// strings are encoded and not empty.
type sibling struct {
	name   string
	code   string
	permID string
	kind   kind
}

// The ways to call a sibling, each less ambiguous than the one before.
const (
	byName   = iota // NAME
	byCode          // NAME [CODE]
	byPermID        // NAME [permId]
	byKind          // NAME [permId kind]: permIds of different kinds can be equal
)

func (s sibling) display(how uint8) string {
	switch how {
	case byName:
		return fit(s.name, "", s.permID)
	case byCode:
		return fit(s.name, " ["+brief(s.code)+"]", s.permID)
	case byPermID:
		return fit(s.name, " ["+s.permID+"]", s.permID)
	default:
		return fit(s.name, " ["+s.permID+" "+s.kind.String()+"]", s.permID)
	}
}

// brief returns a code, or a hash of one that would leave no room for a name before it.
func brief(code string) string {
	if len(code) > maxPermID {
		return hash8(code)
	}
	return code
}

// displayNames returns the file names of siblings, in their order. As long as no
// two have both kind and permId in common, no two names are equal. All
// members of an ambiguous set are renamed and nobody else is, so the result is
// the same for every order, and a further sibling changes the names of those
// it is ambiguous with only.
func displayNames(siblings []sibling) []string {
	names := make([]string, len(siblings))
	how := make([]uint8, len(siblings))
	for i, s := range siblings {
		names[i] = s.display(byName)
	}
	for {
		ambiguous := ambiguities(names)
		renamed := false
		for _, i := range ambiguous {
			if how[i] < byKind {
				how[i]++
				names[i] = siblings[i].display(how[i])
				renamed = true
			}
		}
		if !renamed {
			return names
		}
	}
}

// ambiguities returns the positions of all names that are there twice.
func ambiguities(names []string) []int {
	first := make(map[string]int, len(names))
	var found []int
	counted := make(map[int]bool)
	for i, name := range names {
		j, taken := first[name]
		if !taken {
			first[name] = i
			continue
		}
		if !counted[j] {
			counted[j] = true
			found = append(found, j)
		}
		found = append(found, i)
	}
	return found
}
