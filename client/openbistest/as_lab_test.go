package openbistest

import (
	"encoding/json"
	"slices"
	"testing"
)

// asLab is a tiny lab with one of everything that the application server's tests need: Spaces OPEN and CLOSED; alice sees both, bob
// only OPEN.
type asLab struct {
	*Lab
	project, closedProject *Project
	e1, e2                 *Experiment
	plate, well            *Sample
	space, shared, direct  *Sample
	s1, s2, s10, hidden    *Sample
	onSample, onExperiment *DataSet
	noExperiment, archived *DataSet
}

func newASLab() *asLab {
	l := &asLab{Lab: NewLab()}
	alice := l.AddPerson(&Person{UserID: "alice", Password: "a", FirstName: "Alice"})
	l.AddPerson(&Person{UserID: "bob", Password: "b", Spaces: []string{"OPEN"}})
	l.AddPerson(&Person{UserID: "nobody", Password: "n", NoRoles: true})
	l.AddPerson(&Person{UserID: "dash-ed", Password: "d"})
	l.Author = alice
	l.AddDataStore(&DataStore{Code: "DSS1"})
	name := l.AddPropertyType(&PropertyType{Code: "$NAME", DataType: "VARCHAR"})
	size := l.AddPropertyType(&PropertyType{Code: "SIZE", DataType: "INTEGER"})
	color := l.AddPropertyType(&PropertyType{Code: "COLOR", DataType: "CONTROLLEDVOCABULARY", Vocabulary: l.AddVocabulary(&Vocabulary{
		Code: "COLORS", Terms: []*VocabularyTerm{{Code: "RED", Label: "red", Ordinal: 1}, {Code: "BLUE", Label: "blue", Ordinal: 2}},
	})})
	collection := l.AddType(&EntityType{Kind: ExperimentKind, Code: "COLLECTION", Assignments: []*PropertyAssignment{{PropertyType: name}}})
	thing := l.AddType(&EntityType{Kind: SampleKind, Code: "THING", Assignments: []*PropertyAssignment{
		{PropertyType: name}, {PropertyType: size}, {PropertyType: color},
	}})
	other := l.AddType(&EntityType{Kind: SampleKind, Code: "OTHER"})
	raw := l.AddType(&EntityType{Kind: DataSetKind, Code: "RAW"})

	open, closed := l.AddSpace(&Space{Code: "OPEN"}), l.AddSpace(&Space{Code: "CLOSED"})
	l.project = l.AddProject(&Project{Code: "P", Space: open})
	l.closedProject = l.AddProject(&Project{Code: "P", Space: closed})
	l.e1 = l.AddExperiment(&Experiment{Code: "E1", Type: collection, Project: l.project, Properties: map[string]string{"$NAME": "First"}})
	l.e2 = l.AddExperiment(&Experiment{Code: "E2", Type: collection, Project: l.project})
	secret := l.AddExperiment(&Experiment{Code: "E1", Type: collection, Project: l.closedProject})

	l.s1 = l.AddSample(&Sample{Code: "S1", Type: thing, Experiment: l.e1, Properties: map[string]string{"$NAME": "One", "SIZE": "5", "COLOR": "RED"}})
	l.s2 = l.AddSample(&Sample{Code: "S2", Type: thing, Experiment: l.e1, Properties: map[string]string{"$NAME": "Two", "SIZE": "70"}})
	l.s10 = l.AddSample(&Sample{Code: "S10", Type: other, Experiment: l.e2})
	l.plate = l.AddSample(&Sample{Code: "PLATE", Type: other, Experiment: l.e2})
	l.well = l.AddSample(&Sample{Code: "A1", Type: other, Experiment: l.e2})
	l.AddComponent(l.plate, l.well)
	l.direct = l.AddSample(&Sample{Code: "D", Type: other, Project: l.project})
	l.space = l.AddSample(&Sample{Code: "SP", Type: other, Space: open})
	l.shared = l.AddSample(&Sample{Code: "SHARED", Type: other})
	l.hidden = l.AddSample(&Sample{Code: "S1", Type: thing, Experiment: secret})
	l.LinkSamples(l.s1, l.s2)
	l.LinkSamples(l.hidden, l.s1)

	l.onSample = l.AddDataSet(&DataSet{Kind: "PHYSICAL", Type: raw, Sample: l.s1, Root: Root()})
	l.onExperiment = l.AddDataSet(&DataSet{Kind: "PHYSICAL", Type: raw, Experiment: l.e1, Root: Root()})
	l.noExperiment = l.AddDataSet(&DataSet{Kind: "PHYSICAL", Type: raw, Sample: l.space, Root: Root()})
	l.archived = l.AddDataSet(&DataSet{Kind: "PHYSICAL", Type: raw, Experiment: l.e2, Root: Root(), Physical: &PhysicalData{Status: "ARCHIVED", PresentInArchive: true}})
	l.AddDataSet(&DataSet{Kind: "PHYSICAL", Type: raw, Sample: l.hidden, Root: Root()})
	return l
}

// asClient calls an application server.
type asClient struct {
	t     *testing.T
	s     *Server
	token string
}

func newASClient(t *testing.T, user string, opts Options) (*asClient, *asLab) {
	t.Helper()
	l := newASLab()
	opts.Lab = l.Lab
	s := NewServer(t, opts)
	c := &asClient{t: t, s: s}
	if user != "" {
		c.token = s.Login(user)
	}
	return c, l
}

// rpcAnswer is a decoded answer.
type rpcAnswer struct {
	Result any
	Error  *struct {
		Code    int
		Message string
		Data    struct{ ExceptionTypeName, Message string }
	}
	keys map[string]json.RawMessage
}

// send calls a method of a service with exactly these parameters.
func (c *asClient) send(service, method string, params ...any) rpcAnswer {
	c.t.Helper()
	if params == nil {
		params = []any{}
	}
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		c.t.Fatal(err)
	}
	_, body := post(c.t, c.s.URL+"/openbis/openbis/"+service, request)
	var a rpcAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		c.t.Fatalf("%s: %v: %s", method, err, body)
	}
	if err := json.Unmarshal(body, &a.keys); err != nil {
		c.t.Fatal(err)
	}
	return a
}

// v3 calls a method of the v3 API with the token before the parameters.
func (c *asClient) v3(method string, params ...any) rpcAnswer {
	c.t.Helper()
	return c.send("rmi-application-server-v3.json", method, append([]any{c.token}, params...)...)
}

// must is v3 for calls that succeed; it returns the result.
func (c *asClient) must(method string, params ...any) any {
	c.t.Helper()
	a := c.v3(method, params...)
	if a.Error != nil {
		c.t.Fatalf("%s: %+v", method, *a.Error)
	}
	return a.Result
}

type m map[string]any

// criteria is JSON of criteria of "package.Entity" with children.
func criteria(key string, children ...any) m {
	return m{"@type": searchType(key), "criteria": children}
}

// with adds a field.
func (c m) with(name string, value any) m { c[name] = value; return c }

func value(class, text string) m { return m{"@type": "as.dto.common.search." + class, "value": text} }

// equals is a criterion like "common.Code" that wants equality.
func equals(key, text string) m {
	return m{"@type": searchType(key), "fieldValue": value("StringEqualToValue", text)}
}

func fetch(key string) m { return m{"@type": fetchTypeOf(key, "FetchOptions")} }

// sortBy is fetch options with an order.
func (c m) sortBy(key string, fields ...string) m {
	var list []any
	for _, f := range fields {
		list = append(list, m{"@type": "as.dto.common.fetchoptions.Sorting", "field": f, "order": m{"asc": true, "@type": "as.dto.common.fetchoptions.SortOrder"}})
	}
	return c.with("sort", m{"@type": fetchTypeOf(key, "SortOptions"), "sortings": list})
}

func id(typ, text string) m { return m{"@type": "as.dto." + typ, "permId": text} }

func identifier(typ, text string) m { return m{"@type": "as.dto." + typ, "identifier": text} }

// search returns the codes of what a search finds, sorted, and its total count.
func (c *asClient) search(plural, key string, criteria, fetch m) ([]string, int) {
	c.t.Helper()
	codes, total := c.searchInOrder(plural, key, criteria, fetch)
	slices.Sort(codes)
	return codes, total
}

func (c *asClient) searchInOrder(plural, _ string, criteria, fetch m) ([]string, int) {
	c.t.Helper()
	result := c.must("search"+plural, criteria, fetch).(map[string]any)
	codes := []string{}
	for _, o := range result["objects"].([]any) {
		codes = append(codes, o.(map[string]any)["code"].(string))
	}
	return codes, int(result["totalCount"].(float64))
}

// samples returns the sorted codes of samples.
func (c *asClient) samples(children ...any) []string {
	c.t.Helper()
	codes, _ := c.search("Samples", "sample.Sample", criteria("sample.Sample", children...), fetch("sample.Sample"))
	return codes
}

func (c *asClient) wantError(a rpcAnswer, class, message string) {
	c.t.Helper()
	if a.Error == nil {
		c.t.Errorf("no error, want %q", message)
		return
	}
	if a.Error.Code != 0 || a.Error.Data.ExceptionTypeName != class || a.Error.Message != message || a.Error.Data.Message != message {
		c.t.Errorf("error %+v, want %s %q", *a.Error, class, message)
	}
	if _, both := a.keys["result"]; both {
		c.t.Error("the answer has result and error")
	}
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
