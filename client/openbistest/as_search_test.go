package openbistest

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestSampleSearchesFindWhatTheRecipesPromise(t *testing.T) {
	c, l := newASClient(t, "alice", Options{})
	everything := []string{"A1", "D", "PLATE", "S1", "S1", "S10", "S2", "SHARED", "SP"}
	inE1 := criteria("experiment.Experiment", m{"@type": searchType("common.Id"), "id": id("experiment.id.ExperimentPermId", l.e1.PermID)})
	inProject := criteria("project.Project", equals("common.PermId", l.project.PermID))
	no := func(key string) m { return m{"@type": searchType(key)} }
	for _, test := range []struct {
		name     string
		children []any
		want     []string
	}{
		{"nothing asked", nil, everything},
		{"of an experiment", []any{inE1}, []string{"S1", "S2"}},
		{"of an experiment by identifier", []any{criteria("experiment.Experiment", equals("common.Identifier", "/OPEN/P/E1"))}, []string{"S1", "S2"}},
		{"of an experiment by lower-case id object", []any{criteria("experiment.Experiment",
			m{"@type": searchType("common.Id"), "id": identifier("experiment.id.ExperimentIdentifier", "/open/p/e1")})}, []string{"S1", "S2"}},
		{"of a project includes its experiments", []any{inProject}, []string{"A1", "D", "PLATE", "S1", "S10", "S2"}},
		{"directly in a project", []any{inProject, no("experiment.NoExperiment")}, []string{"D"}},
		{"directly in a space", []any{criteria("space.Space", equals("common.Code", "OPEN")), no("project.NoProject"), no("experiment.NoExperiment")}, []string{"SP"}},
		{"shared", []any{no("space.NoSpace")}, []string{"SHARED"}},
		{"not shared", []any{no("space.NoSpace").with("negated", true), no("experiment.NoExperiment")}, []string{"D", "SP"}},
		{"not contained", []any{no("sample.NoSampleContainer"), inProject}, []string{"D", "PLATE", "S1", "S10", "S2"}},
		{"of a type", []any{criteria("sample.SampleType", equals("common.Code", "THING")), inProject}, []string{"S1", "S2"}},
		{"children of", []any{criteria("sample.SampleParents", equals("common.PermId", l.s1.PermID))}, []string{"S2"}},
		{"parents of", []any{criteria("sample.SampleChildren", equals("common.Code", "S2"))}, []string{"S1"}},
		{"components of", []any{criteria("sample.SampleContainer", equals("common.Identifier", "/OPEN/P/PLATE"))}, []string{"A1"}},
		{"negated group", []any{inProject, criteria("sample.Sample", inE1).with("negated", true)}, []string{"A1", "D", "PLATE", "S10"}},
		{"or group", []any{inProject, criteria("sample.Sample", equals("common.Code", "D"), equals("common.Code", "S10")).with("operator", "OR")}, []string{"D", "S10"}},
		{"codes", []any{m{"@type": searchType("common.Codes"), "fieldValue": []string{"S1", "d", "SP"}}, inProject}, []string{"S1"}},
		{"registrator", []any{criteria("person.Registrator", equals("person.UserId", "ALICE")), inProject, inE1}, []string{"S1", "S2"}},
		{"property", []any{m{"@type": searchType("common.StringProperty"), "fieldName": "$name", "fieldType": "PROPERTY", "fieldValue": value("StringEqualToValue", "Two")}}, []string{"S2"}},
		{"any property", []any{m{"@type": searchType("common.AnyProperty"), "fieldValue": value("StringEqualToValue", "RED")}}, []string{"S1"}},
		{"number property", []any{m{"@type": searchType("common.NumberProperty"), "fieldName": "SIZE", "fieldValue": m{"@type": "as.dto.common.search.NumberGreaterThanValue", "value": 9}}}, []string{"S2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.t = t
			same(t, "samples", c.samples(test.children...), test.want...)
		})
	}
}

func TestEqualityIsCaseSensitiveUnlessThereAreWildcards(t *testing.T) {
	c, _ := newASClient(t, "bob", Options{})
	code := func(class, text string) m {
		return m{"@type": searchType("common.Code"), "fieldValue": value(class, text)}
	}
	for _, test := range []struct {
		name string
		c    m
		want []string
	}{
		{"exact", code("StringEqualToValue", "S1"), []string{"S1"}},
		{"lower case", code("StringEqualToValue", "s1"), nil},
		{"lower case with a wildcard", code("StringEqualToValue", "s1*"), []string{"S1", "S10"}},
		{"question mark", code("StringEqualToValue", "s?"), []string{"S1", "S2", "SP"}},
		{"wildcard without wildcards", code("StringEqualToValue", "S1*").with("useWildcards", false), nil},
		{"escaped wildcard", code("StringEqualToValue", `S1\*`), nil},
		{"starts", code("StringStartsWithValue", "s1"), []string{"S1", "S10"}},
		{"ends", code("StringEndsWithValue", "1"), []string{"A1", "S1"}},
		{"contains", code("StringContainsValue", "har"), []string{"SHARED"}},
		{"percent is literal", code("StringEqualToValue", "S%"), nil},
		{"no value", m{"@type": searchType("common.Code")}, []string{"A1", "D", "PLATE", "S1", "S10", "S2", "SHARED", "SP"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.t = t
			same(t, "samples", c.samples(test.c), test.want...)
		})
	}
}

func TestContainedSamplesAreFoundByTheirFullCode(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	same(t, "bare code", c.samples(equals("common.Code", "A1")))
	same(t, "with container", c.samples(equals("common.Code", "PLATE:A1")), "A1")
	same(t, "identifier", c.samples(equals("common.Identifier", "/OPEN/P/PLATE:A1")), "A1")
}

func TestFieldNamesSelectTheColumn(t *testing.T) {
	c, l := newASClient(t, "alice", Options{})
	for _, name := range []string{"perm id", "perm_id", "permId"} {
		same(t, name, c.samples(equals("common.PermId", l.s2.PermID).with("fieldName", name)), "S2")
	}
	same(t, "code column with a permId criterion", c.samples(equals("common.PermId", "S2").with("fieldName", "code")), "S2")
	a := c.v3("searchSamples", criteria("sample.Sample", equals("common.Code", "S2").with("fieldName", "nonsense")), fetch("sample.Sample"))
	if a.Error == nil || !strings.Contains(a.Error.Message, "does not exist") {
		t.Errorf("nonsense: %v", a.keys)
	}
	codes, _ := c.search("Spaces", "space.Space", criteria("space.Space", equals("common.PermId", "OPEN")), fetch("space.Space"))
	same(t, "space by permId", codes, "OPEN")
	if a := c.v3("searchSpaces", criteria("space.Space", equals("common.PermId", "OPEN").with("fieldName", "perm_id")), fetch("space.Space")); a.Error == nil {
		t.Error("spaces have no column perm_id")
	}
	codes, _ = c.search("DataSets", "dataset.DataSet",
		criteria("dataset.DataSet", equals("common.PermId", l.onSample.PermID).with("fieldName", "perm_id")), fetch("dataset.DataSet"))
	same(t, "data set by perm_id", codes, l.onSample.PermID)
}

func TestDataSetSearchesKnowTheInheritedExperiment(t *testing.T) {
	c, l := newASClient(t, "bob", Options{})
	find := func(children ...any) []string {
		codes, _ := c.search("DataSets", "dataset.DataSet", criteria("dataset.DataSet", children...), fetch("dataset.DataSet"))
		return codes
	}
	inE1 := criteria("experiment.Experiment", equals("common.PermId", l.e1.PermID))
	same(t, "of the experiment", find(inE1), l.onSample.PermID, l.onExperiment.PermID)
	same(t, "directly on it", find(inE1, m{"@type": searchType("sample.NoSample")}), l.onExperiment.PermID)
	same(t, "of the sample", find(criteria("sample.Sample", equals("common.PermId", l.s1.PermID))), l.onSample.PermID)
	same(t, "without experiment", find(m{"@type": searchType("experiment.NoExperiment")}), l.noExperiment.PermID)
	same(t, "archived", find(criteria("dataset.PhysicalData", m{"@type": searchType("dataset.Status"), "fieldValue": "ARCHIVED"})), l.archived.PermID)
	same(t, "all of the project", find(criteria("experiment.Experiment", criteria("project.Project", equals("common.Identifier", "/OPEN/P")))),
		l.onSample.PermID, l.onExperiment.PermID, l.archived.PermID)
	same(t, "codes", find(m{"@type": searchType("common.Codes"), "fieldValue": []string{l.onSample.PermID, "nope"}}), l.onSample.PermID)
}

func TestDatesAreComparedInBothForms(t *testing.T) {
	c, l := newASClient(t, "bob", Options{})
	date := func(class string, v any) m {
		return m{"@type": searchType("common.RegistrationDate"), "fieldValue": m{"@type": "as.dto.common.search." + class, "value": v},
			"timeZone": m{"@type": "as.dto.common.search.TimeZone", "hourOffset": 0}}
	}
	ms := l.s1.Registered.UnixMilli()
	code := equals("common.Code", "S1")
	same(t, "equal ms", c.samples(code, date("DateObjectEqualToValue", ms)), "S1")
	same(t, "later", c.samples(code, date("DateObjectLaterThanValue", ms)))
	same(t, "whole day", c.samples(code, date("DateEqualToValue", l.s1.Registered.UTC().Format("2006-01-02"))), "S1")
	same(t, "earlier text", c.samples(code, date("DateEarlierThanValue", "2000-1-1 10:00")))
	if a := c.v3("searchSamples", criteria("sample.Sample", date("DateEqualToValue", "2023-09-14T10:00:00Z")), fetch("sample.Sample")); a.Error == nil {
		t.Error("ISO text was understood")
	}
}

func TestTotalCountIsOfVisibleHitsBeforePaging(t *testing.T) {
	c, _ := newASClient(t, "bob", Options{})
	page := func(from, count any) ([]string, int) {
		return c.searchInOrder("Samples", "sample.Sample", criteria("sample.Sample"), fetch("sample.Sample").sortBy("sample.Sample", "CODE").with("from", from).with("count", count))
	}
	for _, test := range []struct {
		from, count any
		want        []string
	}{
		{nil, nil, []string{"A1", "D", "PLATE", "S1", "S2", "S10", "SHARED", "SP"}},
		{1, 2, []string{"D", "PLATE"}},
		{nil, 0, nil},
		{7, 100, []string{"SP"}},
		{8, 1, nil},
		{100, nil, nil},
	} {
		codes, total := page(test.from, test.count)
		same(t, "page", codes, test.want...)
		if total != 8 {
			t.Errorf("from %v count %v: total %d, want 8", test.from, test.count, total)
		}
	}
}

func TestUnsortedHitsComeInADifferentOrderEveryTime(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{UnsortedSeed: 7})
	orders := make(map[string]bool)
	for range 10 {
		codes, _ := c.searchInOrder("Samples", "sample.Sample", criteria("sample.Sample"), fetch("sample.Sample"))
		orders[strings.Join(codes, " ")] = true
	}
	if len(orders) < 5 {
		t.Errorf("only %d orders: %v", len(orders), orders)
	}
	c, _ = newASClient(t, "alice", Options{UnsortedSeed: 7})
	codes, _ := c.searchInOrder("Samples", "sample.Sample", criteria("sample.Sample"), fetch("sample.Sample"))
	if !orders[strings.Join(codes, " ")] {
		t.Error("the seed does not decide the order")
	}
}

func TestHitsAreSortedByAllFields(t *testing.T) {
	c, l := newASClient(t, "bob", Options{})
	order := func(fields ...string) []string {
		codes, _ := c.searchInOrder("Samples", "sample.Sample", criteria("sample.Sample",
			criteria("experiment.Experiment", equals("common.PermId", l.e1.PermID))), fetch("sample.Sample").sortBy("sample.Sample", fields...))
		return codes
	}
	for _, field := range []string{"CODE", "PERM_ID", "REGISTRATION_DATE", "IDENTIFIER", "PROPERTY$NAME", "PROPERTYCOLOR"} {
		same(t, field, order(field), "S1", "S2")
	}
	same(t, "two fields", order("TYPE", "PROPERTYSIZE"), "S1", "S2")
	a := c.v3("searchSamples", criteria("sample.Sample"), fetch("sample.Sample").sortBy("sample.Sample", "NOPE"))
	c.wantError(a, runtimeExceptionClass, "Comparator for field NOPE not found (Context: [])")
	a = c.v3("searchSamples", criteria("sample.Sample"), fetch("sample.Sample").with("space", fetch("space.Space").sortBy("space.Space", "CODE")))
	c.wantError(a, runtimeExceptionClass, "Nested sort options can be used only for sorting nested collection or map types. (Context: [])")
}

func TestObserverSeesNothingOfOtherSpaces(t *testing.T) {
	c, l := newASClient(t, "bob", Options{})
	codes, total := c.search("Spaces", "space.Space", criteria("space.Space"), fetch("space.Space"))
	same(t, "spaces", codes, "OPEN")
	if total != 1 {
		t.Errorf("total %d", total)
	}
	codes, _ = c.search("Projects", "project.Project", criteria("project.Project"), fetch("project.Project"))
	same(t, "projects", codes, "P")
	codes, _ = c.search("Experiments", "experiment.Experiment", criteria("experiment.Experiment"), fetch("experiment.Experiment"))
	same(t, "experiments", codes, "E1", "E2")
	if slices.Contains(c.samples(criteria("space.Space", equals("common.Code", "CLOSED"))), "S1") {
		t.Error("a hidden sample was found")
	}
	same(t, "by the hidden parent", c.samples(criteria("space.Space", equals("common.Code", "CLOSED"))))
	for method, ids := range map[string][]any{
		"Spaces":      {"space.Space", id("space.id.SpacePermId", "CLOSED")},
		"Projects":    {"project.Project", id("project.id.ProjectPermId", l.closedProject.PermID)},
		"Experiments": {"experiment.Experiment", identifier("experiment.id.ExperimentIdentifier", "/CLOSED/P/E1")},
		"Samples":     {"sample.Sample", id("sample.id.SamplePermId", l.hidden.PermID)},
		"DataSets":    {"dataset.DataSet", id("dataset.id.DataSetPermId", l.hidden.DataSets[0].PermID)},
	} {
		if got := c.must("get"+method, ids[1:], fetch(ids[0].(string))).(map[string]any); len(got) != 0 {
			t.Errorf("get%s: %v", method, got)
		}
	}
	// Hidden relatives are left out of visible entities.
	got := c.must("getSamples", []any{id("sample.id.SamplePermId", l.s1.PermID)}, fetch("sample.Sample").with("parents", fetch("sample.Sample"))).(map[string]any)
	s1 := got[l.s1.PermID].(map[string]any)
	if len(s1["parents"].([]any)) != 0 || len(s1["parentsRelationships"].(map[string]any)) != 0 {
		t.Errorf("parents: %v", s1["parents"])
	}
}

func TestMasterDataIsSearchedWithoutRegardToCase(t *testing.T) {
	c, _ := newASClient(t, "bob", Options{})
	for _, test := range []struct {
		plural, key string
		child       m
		want        []string
	}{
		{"PropertyTypes", "property.PropertyType", equals("common.Code", "size"), []string{"SIZE"}},
		{"PropertyTypes", "property.PropertyType", m{"@type": searchType("common.Code"), "fieldValue": m{"@type": "as.dto.common.search.StringEqualToValue"}}, []string{"$NAME", "COLOR", "SIZE"}},
		{"Vocabularies", "vocabulary.Vocabulary", equals("common.Code", "colors"), []string{"COLORS"}},
		{"VocabularyTerms", "vocabulary.VocabularyTerm", criteria("vocabulary.Vocabulary", equals("common.Code", "COLORS")), []string{"BLUE", "RED"}},
		{"DataStores", "datastore.DataStore", equals("common.Code", "dss1"), []string{"DSS1"}},
		{"SampleTypes", "sample.SampleType", equals("common.Code", "thing"), nil},
		{"SampleTypes", "sample.SampleType", equals("common.Code", "THING"), []string{"THING"}},
		{"ExperimentTypes", "experiment.ExperimentType", equals("common.Code", "*"), []string{"COLLECTION"}},
		{"DataSetTypes", "dataset.DataSetType", m{"@type": searchType("common.Codes"), "fieldValue": []string{"RAW"}}, []string{"RAW"}},
	} {
		codes, _ := c.search(test.plural, test.key, criteria(test.key, test.child), fetch(test.key))
		same(t, test.plural, codes, test.want...)
	}
	persons := c.must("searchPersons", criteria("person.Person", equals("person.UserId", "ALICE")), fetch("person.Person")).(map[string]any)
	if persons["totalCount"] != 1.0 {
		t.Errorf("persons: %v", persons)
	}
}

func TestPropertyAssignmentsAreInTheirOrder(t *testing.T) {
	c, _ := newASClient(t, "bob", Options{})
	found := c.must("searchPropertyAssignments", criteria("property.PropertyAssignment", criteria("entitytype.EntityType", equals("common.Code", "THING"))),
		fetch("property.PropertyAssignment").with("propertyType", fetch("property.PropertyType"))).(map[string]any)
	var got []string
	for _, o := range found["objects"].([]any) {
		a := o.(map[string]any)
		got = append(got, strconv.Itoa(int(a["ordinal"].(float64)))+a["propertyType"].(map[string]any)["code"].(string))
	}
	same(t, "assignments", got, "1$NAME", "2SIZE", "3COLOR")
}

func TestSearchesRefuseNulls(t *testing.T) {
	c, _ := newASClient(t, "bob", Options{})
	c.wantError(c.v3("searchSamples", nil, fetch("sample.Sample")), runtimeExceptionClass, "Criteria cannot be null. (Context: [])")
	c.wantError(c.v3("searchSamples", criteria("sample.Sample"), nil), runtimeExceptionClass, "Fetch options cannot be null. (Context: [])")
	c.wantError(c.v3("getSamples", nil, fetch("sample.Sample")), runtimeExceptionClass, "Ids were null (Context: [])")
}
