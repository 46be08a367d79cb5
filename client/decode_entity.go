package client

import (
	"slices"
	"strings"
)

// Decoders of entities: wire objects as the fetch options of fetch.go bring them. A relation that was not fetched, or that
// the entity does not have, is absent and decodes to a zero value.

// personAt decodes a Person. Entities share few of them, so each is decoded once.
func (n node) personAt(key string) *Person {
	p := n.object(key)
	if !p.ok() {
		return nil
	}
	if known, ok := n.d.person[p.v]; ok {
		return known
	}
	person := &Person{
		UserID:    p.text("userId"),
		FirstName: p.text("firstName"),
		LastName:  p.text("lastName"),
		Email:     p.text("email"),
	}
	n.d.person[p.v] = person
	return person
}

// tags returns the codes of an entity's tags, sorted.
func (n node) tags() []string {
	var codes []string
	for _, tag := range n.objects("tags") {
		codes = append(codes, tag.code("code"))
	}
	slices.Sort(codes)
	return codes
}

func decodeSpace(n node) *Space {
	s := &Space{
		PermID:      n.permID(),
		Code:        n.text("code"),
		Description: n.text("description"),
		Registrator: n.personAt("registrator"),
		Registered:  n.time("registrationDate"),
		Modified:    n.time("modificationDate"),
	}
	for _, p := range n.objects("projects") {
		project := decodeProject(p)
		if project.Space == "" {
			project.Space = s.Code
		}
		s.Projects = append(s.Projects, project)
	}
	slices.SortFunc(s.Projects, func(a, b *Project) int { return strings.Compare(a.Code, b.Code) })
	return s
}

func decodeProject(n node) *Project {
	return &Project{
		PermID:      n.permID(),
		Identifier:  n.object("identifier").text("identifier"),
		Code:        n.text("code"),
		Description: n.text("description"),
		Space:       n.object("space").code("code"),
		Registrator: n.personAt("registrator"),
		Modifier:    n.personAt("modifier"),
		Leader:      n.personAt("leader"),
		Registered:  n.time("registrationDate"),
		Modified:    n.time("modificationDate"),
	}
}

func decodeCollection(n node) *Collection {
	return &Collection{
		PermID:      n.permID(),
		Identifier:  n.object("identifier").text("identifier"),
		Code:        n.text("code"),
		Type:        n.object("type").code("code"),
		Properties:  n.properties(),
		Tags:        n.tags(),
		Registrator: n.personAt("registrator"),
		Modifier:    n.personAt("modifier"),
		Registered:  n.time("registrationDate"),
		Modified:    n.time("modificationDate"),
	}
}

// decodeObjectRef decodes where an Object is. A server without project samples leaves the Project of an Object in a
// Collection out, but the Collection is in one.
func decodeObjectRef(n node) ObjectRef {
	ref := ObjectRef{
		PermID:     n.permID(),
		Identifier: n.object("identifier").text("identifier"),
		Code:       n.code("code"),
		Type:       n.object("type").code("code"),
		Space:      n.object("space").code("code"),
		Project:    n.object("project").code("code"),
	}
	if experiment := n.object("experiment"); experiment.ok() {
		ref.Collection = experiment.code("code")
		if ref.Project == "" {
			if _, project, _, ok := splitIdentifier(experiment.object("identifier").text("identifier")); ok {
				ref.Project = n.d.share(project)
			}
		}
	}
	return ref
}

// splitIdentifier splits "/SPACE/PROJECT/COLLECTION".
func splitIdentifier(identifier string) (space, project, collection string, ok bool) {
	parts := strings.Split(identifier, "/")
	if len(parts) != 4 || parts[0] != "" {
		return "", "", "", false
	}
	return parts[1], parts[2], parts[3], true
}

func decodeObjectRefs(nodes []node) []ObjectRef {
	var refs []ObjectRef
	for _, n := range nodes {
		refs = append(refs, decodeObjectRef(n))
	}
	return refs
}

// ref returns what identifies the Object and its place.
func (o *Object) ref() ObjectRef {
	return ObjectRef{
		PermID: o.PermID, Identifier: o.Identifier, Code: o.Code, Type: o.Type,
		Space: o.Space, Project: o.Project, Collection: o.Collection,
	}
}

func decodeObject(n node) *Object {
	ref := decodeObjectRef(n)
	o := &Object{
		PermID: ref.PermID, Identifier: ref.Identifier, Code: ref.Code, Type: ref.Type,
		Space: ref.Space, Project: ref.Project, Collection: ref.Collection,
		Properties:      n.properties(),
		Tags:            n.tags(),
		Parents:         decodeObjectRefs(n.objects("parents")),
		Children:        decodeObjectRefs(n.objects("children")),
		Registrator:     n.personAt("registrator"),
		Modifier:        n.personAt("modifier"),
		Registered:      n.time("registrationDate"),
		Modified:        n.time("modificationDate"),
		DataSetsFetched: n.member("dataSets") != nil,
	}
	for _, d := range n.objects("dataSets") {
		ds := decodeDataSet(d)
		if ds.Object == nil {
			ds.Object = &ref
		}
		o.DataSets = append(o.DataSets, ds)
	}
	slices.SortFunc(o.DataSets, byRegistration)
	return o
}

// byRegistration is the order in which an entity's Datasets are returned.
func byRegistration(a, b *DataSet) int {
	if c := a.Registered.Compare(b.Registered); c != 0 {
		return c
	}
	return strings.Compare(a.PermID, b.PermID)
}
