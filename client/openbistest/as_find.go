package openbistest

import (
	"regexp"
	"strings"
)

// The finders resolve ids for the gets. What does not exist and what may not be seen are both nil. Identifiers are not upper-cased when
// they are decoded, so each kind of entity treats lower case in its own way.

func (as *applicationServer) findSpace(person *Person, id *object) (*Space, error) {
	code := id.text("permId")
	if id.class.Type == "as.dto.space.id.SpaceTechId" {
		for _, s := range as.s.Lab.Spaces {
			if techID, _ := id.fields["techId"].(int64); s.ID == techID && person.MaySee(s.Code) {
				return s, nil
			}
		}
		return nil, nil
	}
	if s := as.s.store.spaces[code]; s != nil && person.MaySee(s.Code) {
		return s, nil
	}
	return nil, nil
}

// findProject finds an identifier in any letter case.
func (as *applicationServer) findProject(person *Person, id *object) (*Project, error) {
	key := id.text("permId")
	if identifier := id.text("identifier"); identifier != "" {
		if err := checkIdentifier(identifier, 2); err != nil {
			return nil, err
		}
		key = strings.ToUpper(identifier)
	}
	if p := as.s.store.projects[key]; p != nil && person.MaySee(p.Space.Code) {
		return p, nil
	}
	return nil, nil
}

// findExperiment finds only identifiers in upper case.
func (as *applicationServer) findExperiment(person *Person, id *object) (*Experiment, error) {
	key := id.text("permId")
	if identifier := id.text("identifier"); identifier != "" {
		if err := checkIdentifier(identifier, 3); err != nil {
			return nil, err
		}
		key = identifier
	}
	if e := as.s.store.experiments[key]; e != nil && person.MaySee(e.Project.Space.Code) {
		return e, nil
	}
	return nil, nil
}

// checkIdentifier refuses identifiers of projects and experiments that do not have that many parts.
func checkIdentifier(identifier string, parts int) error {
	if !strings.HasPrefix(identifier, "/") || strings.Count(identifier, "/") != parts {
		return userFailure("Identifier '%s' is illegal.", identifier)
	}
	return nil
}

// samplePart is one part of a sample identifier.
var samplePart = regexp.MustCompile(`^[A-Za-z0-9_.\-]+(:[A-Za-z0-9_.\-]+)?$`)

// checkSampleIdentifier refuses what FullSampleIdentifier.java of openBIS cannot parse.
func checkSampleIdentifier(identifier string) error {
	rest, ok := strings.CutPrefix(identifier, "/")
	if !ok {
		return illegalArgument("Sample identifier has to start with a '/': %s", identifier)
	}
	parts := strings.Split(rest, "/")
	if len(parts) > 3 {
		return illegalArgument("Sample identifier can not contain more than three '/': %s", identifier)
	}
	for i, part := range parts {
		if i == 0 && part == "" && len(parts) > 1 {
			continue // the home space
		}
		if !samplePart.MatchString(part) {
			return illegalArgument("Illegal sample identifier: %s", identifier)
		}
	}
	return nil
}

// findSample finds an identifier in any letter case.
func (as *applicationServer) findSample(person *Person, id *object) (*Sample, error) {
	key := id.text("permId")
	if identifier := id.text("identifier"); identifier != "" {
		if err := checkSampleIdentifier(identifier); err != nil {
			return nil, err
		}
		key = strings.ToUpper(identifier)
	}
	if s := as.s.store.sample(key); s != nil && person.MaySee(s.SpaceCode()) {
		return s, nil
	}
	return nil, nil
}

func (as *applicationServer) findDataSet(person *Person, id *object) (*DataSet, error) {
	if d := as.s.store.dataSet(id.text("permId")); d != nil && as.s.visible(person, d) {
		return d, nil
	}
	return nil, nil
}

func (as *applicationServer) findPerson(person *Person, id *object) (*Person, error) {
	if id.class.Type == "as.dto.person.id.Me" {
		return person, nil
	}
	return as.s.person(id.text("permId")), nil
}

func (as *applicationServer) findTag(person *Person, id *object) (*Tag, error) {
	for _, t := range as.s.Lab.Tags {
		if !as.s.tagVisible(person, t) {
			continue
		}
		if a := tagAttributes(t); id.text("permId") == a.permID || id.text("code") == t.Code {
			return t, nil
		}
	}
	return nil, nil
}

func (as *applicationServer) findTerm(_ *Person, id *object) (vocabularyTerm, error) {
	for _, t := range as.allTerms() {
		if t.Code == id.text("code") && t.of.Code == id.text("vocabularyCode") {
			return t, nil
		}
	}
	return vocabularyTerm{}, nil
}

// typeFinder finds entity types of one kind. An id may leave the kind out, but not contradict it.
func typeFinder(kind EntityKind, types func() []*EntityType) func(*Person, *object) (*EntityType, error) {
	return func(_ *Person, id *object) (*EntityType, error) {
		if k := id.text("entityKind"); k != "" && k != string(kind) {
			return nil, userFailure("Entity kind of the id %s is %s but %s was expected.", idText(id), k, kind)
		}
		for _, t := range types() {
			if t.Code == id.text("permId") {
				return t, nil
			}
		}
		return nil, nil
	}
}
