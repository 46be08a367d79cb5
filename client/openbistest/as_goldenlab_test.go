package openbistest

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// goldenJdoe is the session token in the golden requests.
const goldenJdoe = "jdoe-230914152000123x0123456789ABCDEF0123456789ABCDEF"

// goldenLab rebuilds the lab that the golden answers show, from the answers with resolved references.
func goldenLab(tb testing.TB) *Lab {
	tb.Helper()
	l := &goldenLoader{tb: tb, seen: make(map[string]map[string]map[string]any), lab: new(Lab)}
	files, err := filepath.Glob("testdata/golden/as/*.expected.json")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no golden files: %v", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			tb.Fatalf("%s: %v", f, err)
		}
		l.collect(v)
	}
	l.build()
	lab := l.lab
	inGoldenOrder(tb, "searchProjects", lab.Projects, func(p *Project) string { return p.PermID })
	inGoldenOrder(tb, "searchSampleTypes", lab.SampleTypes, func(t *EntityType) string { return t.Code })
	inGoldenOrder(tb, "searchDataSetTypes", lab.DataSetTypes, func(t *EntityType) string { return t.Code })
	return lab
}

// inGoldenOrder sorts entities as the golden answer to that search has them.
func inGoldenOrder[T any](tb testing.TB, search string, list []T, permID func(T) string) {
	tb.Helper()
	var answer struct {
		Result struct {
			Objects []struct {
				PermID struct {
					PermID string `json:"permId"`
				} `json:"permId"`
			} `json:"objects"`
		} `json:"result"`
	}
	if err := json.Unmarshal(readGolden(tb, search+".expected.json"), &answer); err != nil {
		tb.Fatal(err)
	}
	place := make(map[string]int)
	for i, o := range answer.Result.Objects {
		place[o.PermID.PermID] = i
	}
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(place[permID(a)], place[permID(b)]) })
}

type goldenLoader struct {
	tb   testing.TB
	seen map[string]map[string]map[string]any // by type and id, with all fields that any answer shows
	lab  *Lab

	persons     map[string]*Person
	spaces      map[string]*Space
	projects    map[string]*Project
	experiments map[string]*Experiment
	samples     map[string]*Sample
	dataSets    map[string]*DataSet
	types       map[string]*EntityType
	stores      map[string]*DataStore
	tags        map[string]*Tag
	dms         map[string]*ExternalDMS
}

func (l *goldenLoader) collect(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			l.collect(e)
		}
	case map[string]any:
		if typ, _ := v["@type"].(string); typ != "" && v["fetchOptions"] != nil {
			if id := goldenID(v); id != "" {
				if l.seen[typ] == nil {
					l.seen[typ] = make(map[string]map[string]any)
				}
				if l.seen[typ][id] == nil {
					l.seen[typ][id] = make(map[string]any)
				}
				for name, f := range v {
					if f != nil {
						l.seen[typ][id][name] = f
					}
				}
			}
		}
		for _, f := range v {
			l.collect(f)
		}
	}
}

// goldenID is an entity's permId, or its code when it has none.
func goldenID(v map[string]any) string {
	if permID, ok := v["permId"].(map[string]any); ok {
		if s, ok := permID["permId"].(string); ok {
			return s
		}
		if s, ok := permID["vocabularyCode"].(string); ok {
			return s + "/" + permID["code"].(string)
		}
	}
	s, _ := v["code"].(string)
	return s
}

// each calls build for all entities of a type in the order of their ids.
func (l *goldenLoader) each(typ string, build func(id string, v goldenEntity)) {
	ids := []string{}
	for id := range l.seen[typ] {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		build(id, l.seen[typ][id])
	}
}

type goldenEntity map[string]any

func (e goldenEntity) text(name string) string { s, _ := e[name].(string); return s }
func (e goldenEntity) date(name string) time.Time {
	if ms, ok := e[name].(float64); ok {
		return time.UnixMilli(int64(ms))
	}
	return time.Time{}
}

// ref is the id of a related entity, "" for none.
func (e goldenEntity) ref(name string) string {
	if v, ok := e[name].(map[string]any); ok {
		return goldenID(v)
	}
	return ""
}

func (e goldenEntity) refs(name string) []string {
	var ids []string
	list, _ := e[name].([]any)
	for _, v := range list {
		if m, ok := v.(map[string]any); ok && m["@cycle"] == nil {
			ids = append(ids, goldenID(m))
		}
	}
	return ids
}

func (e goldenEntity) properties() map[string]string {
	m := make(map[string]string)
	if p, ok := e["properties"].(map[string]any); ok {
		for code, v := range p {
			m[code], _ = v.(string)
		}
	}
	return m
}

func pick[T any](m map[string]*T, id string) *T { return m[id] }

func (l *goldenLoader) build() {
	lab := l.lab
	l.persons, l.spaces, l.projects = map[string]*Person{}, map[string]*Space{}, map[string]*Project{}
	l.experiments, l.samples, l.dataSets = map[string]*Experiment{}, map[string]*Sample{}, map[string]*DataSet{}
	l.types, l.stores, l.tags, l.dms = map[string]*EntityType{}, map[string]*DataStore{}, map[string]*Tag{}, map[string]*ExternalDMS{}
	l.each("as.dto.person.Person", func(id string, v goldenEntity) {
		p := &Person{UserID: id, FirstName: v.text("firstName"), LastName: v.text("lastName"), Email: v.text("email"),
			Password: "secret", Registered: v.date("registrationDate")}
		l.persons[id] = p
		lab.Persons = append(lab.Persons, p)
	})
	l.each("as.dto.space.Space", func(id string, v goldenEntity) {
		s := &Space{Code: id, Description: v.text("description"), Registrator: pick(l.persons, v.ref("registrator")), Registered: v.date("registrationDate")}
		s.ID = int64(v["id"].(map[string]any)["techId"].(float64))
		l.spaces[id] = s
		lab.Spaces = append(lab.Spaces, s)
	})
	slices.SortFunc(lab.Spaces, func(a, b *Space) int { return cmp.Compare(a.ID, b.ID) })
	l.each("as.dto.tag.Tag", func(id string, v goldenEntity) {
		t := &Tag{Code: v.text("code"), Description: v.text("description"), Owner: pick(l.persons, v.ref("owner")), Registered: v.date("registrationDate")}
		l.tags[id] = t
		lab.Tags = append(lab.Tags, t)
	})
	l.buildMaster()
	l.buildEntities()
	l.buildRelations()
}

func (l *goldenLoader) buildMaster() {
	lab := l.lab
	vocabularies, properties := map[string]*Vocabulary{}, map[string]*PropertyType{}
	l.each("as.dto.vocabulary.Vocabulary", func(id string, v goldenEntity) {
		voc := &Vocabulary{Code: id, Description: v.text("description"), Registrator: pick(l.persons, v.ref("registrator")), Registered: v.date("registrationDate")}
		voc.Managed, _ = v["managedInternally"].(bool)
		vocabularies[id] = voc
		lab.Vocabularies = append(lab.Vocabularies, voc)
	})
	l.each("as.dto.vocabulary.VocabularyTerm", func(id string, v goldenEntity) {
		voc, code, _ := strings.Cut(id, "/")
		vocabularies[voc].Terms = append(vocabularies[voc].Terms,
			&VocabularyTerm{Code: code, Label: v.text("label"), Description: v.text("description"), Ordinal: int64(v["ordinal"].(float64))})
	})
	l.each("as.dto.property.PropertyType", func(id string, v goldenEntity) {
		p := &PropertyType{Code: id, Label: v.text("label"), Description: v.text("description"), DataType: DataType(v.text("dataType")),
			Vocabulary: pick(vocabularies, v.ref("vocabulary")), Registrator: pick(l.persons, "admin"), Registered: v.date("registrationDate")}
		p.Managed, _ = v["managedInternally"].(bool)
		properties[id] = p
		lab.PropertyTypes = append(lab.PropertyTypes, p)
	})
	for class, kind := range map[string]EntityKind{
		"as.dto.sample.SampleType": SampleKind, "as.dto.experiment.ExperimentType": ExperimentKind, "as.dto.dataset.DataSetType": DataSetKind,
	} {
		l.each(class, func(id string, v goldenEntity) {
			t := &EntityType{Kind: kind, Code: id, Description: v.text("description"), Prefix: v.text("generatedCodePrefix"), Modified: v.date("modificationDate")}
			list, _ := v["propertyAssignments"].([]any)
			for _, a := range list {
				a := goldenEntity(a.(map[string]any))
				permID := a["permId"].(map[string]any)["propertyTypeId"].(map[string]any)["permId"].(string)
				mandatory, _ := a["mandatory"].(bool)
				t.Assignments = append(t.Assignments, &PropertyAssignment{PropertyType: properties[permID], Section: a.text("section"), Mandatory: mandatory})
			}
			l.types[string(kind)+id] = t
			switch kind {
			case SampleKind:
				lab.SampleTypes = append(lab.SampleTypes, t)
			case ExperimentKind:
				lab.ExperimentTypes = append(lab.ExperimentTypes, t)
			case DataSetKind:
				lab.DataSetTypes = append(lab.DataSetTypes, t)
			}
		})
	}
	l.each("as.dto.datastore.DataStore", func(id string, v goldenEntity) {
		d := &DataStore{Code: id, DownloadURL: v.text("downloadUrl"), Registered: v.date("registrationDate")}
		l.stores[id] = d
		lab.DataStores = append(lab.DataStores, d)
	})
	l.each("as.dto.externaldms.ExternalDms", func(id string, v goldenEntity) {
		d := &ExternalDMS{Code: id, Label: v.text("label"), Address: v.text("address"), AddressType: v.text("addressType"), URLTemplate: v.text("urlTemplate")}
		d.OpenBIS, _ = v["openbis"].(bool)
		l.dms[id] = d
		lab.ExternalDMS = append(lab.ExternalDMS, d)
	})
}

func (l *goldenLoader) buildEntities() {
	lab := l.lab
	l.each("as.dto.project.Project", func(id string, v goldenEntity) {
		space := strings.Split(v["identifier"].(map[string]any)["identifier"].(string), "/")[1]
		p := &Project{PermID: id, Code: v.text("code"), Description: v.text("description"), Space: l.spaces[space],
			Registrator: pick(l.persons, v.ref("registrator")), Modifier: pick(l.persons, v.ref("modifier")), Leader: pick(l.persons, v.ref("leader")),
			Registered: v.date("registrationDate"), Modified: v.date("modificationDate")}
		l.projects[p.Identifier()] = p
		lab.Projects = append(lab.Projects, p)
	})
	l.each("as.dto.experiment.Experiment", func(id string, v goldenEntity) {
		identifier := v["identifier"].(map[string]any)["identifier"].(string)
		e := &Experiment{PermID: id, Code: v.text("code"), Type: l.types["EXPERIMENT"+v.ref("type")],
			Project: l.projects[identifier[:strings.LastIndexByte(identifier, '/')]], Properties: v.properties(), Tags: l.tagsOf(v),
			Registrator: pick(l.persons, v.ref("registrator")), Modifier: pick(l.persons, v.ref("modifier")),
			Registered: v.date("registrationDate"), Modified: v.date("modificationDate")}
		l.experiments[id] = e
		lab.Experiments = append(lab.Experiments, e)
	})
	l.each("as.dto.sample.Sample", func(id string, v goldenEntity) {
		s := &Sample{PermID: id, Code: v.text("code"), Type: l.types["SAMPLE"+v.ref("type")], Space: pick(l.spaces, v.ref("space")),
			Experiment: pick(l.experiments, v.ref("experiment")), Properties: v.properties(), Tags: l.tagsOf(v),
			Registrator: pick(l.persons, v.ref("registrator")), Modifier: pick(l.persons, v.ref("modifier")),
			Registered: v.date("registrationDate"), Modified: v.date("modificationDate")}
		for _, p := range lab.Projects {
			if p.PermID == v.ref("project") {
				s.Project = p
			}
		}
		l.samples[id] = s
		lab.Samples = append(lab.Samples, s)
	})
	l.each("as.dto.dataset.DataSet", func(id string, v goldenEntity) {
		d := &DataSet{PermID: id, Kind: v.text("kind"), Type: l.types["DATA_SET"+v.ref("type")], Store: pick(l.stores, v.ref("dataStore")),
			Experiment: pick(l.experiments, v.ref("experiment")), Sample: pick(l.samples, v.ref("sample")), Properties: v.properties(),
			Registrator: pick(l.persons, v.ref("registrator")), Modifier: pick(l.persons, v.ref("modifier")),
			Registered: v.date("registrationDate"), Modified: v.date("modificationDate")}
		if p, ok := v["physicalData"].(map[string]any); ok {
			d.Physical = goldenPhysical(p)
		}
		if p, ok := v["linkedData"].(map[string]any); ok {
			d.Linked = l.linked(p)
		}
		l.dataSets[id] = d
		lab.DataSets = append(lab.DataSets, d)
		if d.Sample != nil {
			d.Sample.DataSets = append(d.Sample.DataSets, d)
		}
	})
}

func (l *goldenLoader) tagsOf(v goldenEntity) []*Tag {
	var tags []*Tag
	for _, id := range v.refs("tags") {
		tags = append(tags, l.tags[id])
	}
	return tags
}

func goldenPhysical(v goldenEntity) *PhysicalData {
	p := &PhysicalData{Status: v.text("status"), ShareID: v.text("shareId"), Location: v.text("location"), Complete: v.text("complete")}
	if size, ok := v["size"].(float64); ok {
		n := int64(size)
		p.Size = &n
	}
	hint, _ := v["speedHint"].(float64)
	p.SpeedHint = int(hint)
	p.PresentInArchive, _ = v["presentInArchive"].(bool)
	p.StorageConfirmed, _ = v["storageConfirmation"].(bool)
	p.ArchivingRequested, _ = v["archivingRequested"].(bool)
	return p
}

func (l *goldenLoader) linked(v goldenEntity) *LinkedData {
	linked := &LinkedData{ExternalCode: v.text("externalCode"), ExternalDMS: pick(l.dms, v.ref("externalDms"))}
	copies, _ := v["contentCopies"].([]any)
	for _, c := range copies {
		c := goldenEntity(c.(map[string]any))
		linked.Copies = append(linked.Copies, &ContentCopy{ID: c["id"].(map[string]any)["permId"].(string), DMS: pick(l.dms, c.ref("externalDms")),
			ExternalCode: c.text("externalCode"), Path: c.text("path"), GitCommitHash: c.text("gitCommitHash"), GitRepositoryID: c.text("gitRepositoryId")})
	}
	return linked
}

func (l *goldenLoader) buildRelations() {
	for id, v := range l.seen["as.dto.sample.Sample"] {
		s := l.samples[id]
		s.Container = pick(l.samples, goldenEntity(v).ref("container"))
	}
	for _, s := range l.lab.Samples {
		if s.Container != nil {
			s.Container.Components = append(s.Container.Components, s)
		}
		// The relationships name the relatives in all answers, also in the cyclic ones.
		relations, _ := l.seen["as.dto.sample.Sample"][s.PermID]["parentsRelationships"].(map[string]any)
		for id := range relations {
			s.Parents = append(s.Parents, l.samples[id])
			l.samples[id].Children = append(l.samples[id].Children, s)
		}
	}
	for _, d := range l.lab.DataSets {
		v := goldenEntity(l.seen["as.dto.dataset.DataSet"][d.PermID])
		for _, id := range v.refs("parents") {
			d.Parents = append(d.Parents, l.dataSets[id])
			l.dataSets[id].Children = append(l.dataSets[id].Children, d)
		}
		for _, id := range v.refs("components") {
			d.Components = append(d.Components, l.dataSets[id])
			l.dataSets[id].Containers = append(l.dataSets[id].Containers, d)
		}
	}
}
