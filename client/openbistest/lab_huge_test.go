package openbistest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// hugeLabs returns a lab with a huge part and the same lab with all of it held.
func hugeLabs() (made, held *Lab) {
	build := func() *Lab {
		l := newASLab().Lab
		l.AddHuge(3, 40)
		extra := l.AddSample(&Sample{Code: "OBJ-0000010A", Type: l.SampleTypes[0], Experiment: l.Experiments[len(l.Experiments)-2]})
		l.AddDataSet(&DataSet{Type: l.DataSetTypes[0], Sample: extra, Root: Root()})
		l.AddDataSet(&DataSet{Type: l.DataSetTypes[0], Experiment: extra.Experiment, Root: Root()})
		return l
	}
	made, held = build(), build()
	for i := range held.huge.len() {
		p := held.huge.pair(i)
		held.Samples = append(held.Samples, &p.sample)
		held.DataSets = append(held.DataSets, &p.dataSet)
	}
	held.huge = nil
	return made, held
}

func TestAHugeLabAnswersLikeOneThatIsHeld(t *testing.T) {
	made, held := hugeLabs()
	var clients [2]*asClient
	for i, l := range []*Lab{made, held} {
		s := NewServer(t, Options{Lab: l, UnsortedSeed: -1})
		clients[i] = &asClient{t: t, s: s, token: s.Login("alice")}
	}
	second := made.huge.collections[1]
	object := made.huge.pair(55)
	inSecond := criteria("experiment.Experiment", equals("common.PermId", second.PermID))
	since := m{"@type": searchType("common.ModificationDate"),
		"fieldValue": m{"@type": "as.dto.common.search.DateObjectLaterThanOrEqualToValue", "value": made.huge.registered(70).UnixMilli()}}
	wild := m{"@type": searchType("common.Code"), "fieldValue": value("StringEqualToValue", "obj-*5")}
	name := m{"@type": searchType("common.StringProperty"), "fieldName": "$NAME", "fieldType": "PROPERTY", "fieldValue": value("StringContainsValue", "1")}
	no := func(key string) m { return m{"@type": searchType(key)} }
	both := map[string][]any{
		"all":           {},
		"a Collection":  {inSecond},
		"since":         {since, inSecond},
		"permId":        {equals("common.PermId", object.sample.PermID)},
		"Dataset's":     {equals("common.PermId", object.dataSet.PermID)},
		"code":          {equals("common.Code", "OBJ-0000056")},
		"lower case":    {equals("common.Code", "obj-0000056")},
		"wildcard":      {wild},
		"name":          {name, since},
		"codes":         {m{"@type": searchType("common.Codes"), "fieldValue": []string{"OBJ-0000056", "OBJ-0000002", object.dataSet.PermID, "NONE"}}},
		"no Collection": {no("experiment.NoExperiment")},
		"registrator":   {criteria("person.Registrator", equals("person.UserId", "alice"))},
	}
	type search struct {
		what, plural, key string
		children          []any
		operator          string
	}
	var searches []search
	for what, children := range both {
		for _, operator := range []string{"AND", "OR"} {
			searches = append(searches, search{what, "Samples", "sample.Sample", children, operator}, search{what, "DataSets", "dataset.DataSet", children, operator})
		}
	}
	ofObject := criteria("sample.Sample", equals("common.Identifier", object.sample.Identifier()))
	searches = append(searches,
		search{"of an Object", "DataSets", "dataset.DataSet", []any{ofObject}, "AND"},
		search{"of Objects", "DataSets", "dataset.DataSet", []any{criteria("sample.Sample", wild)}, "AND"},
		search{"not of the Object", "DataSets", "dataset.DataSet", []any{inSecond, criteria("sample.Sample", equals("common.Code", "OBJ-0000056")).with("negated", true)}, "AND"},
		search{"no Object", "DataSets", "dataset.DataSet", []any{inSecond, no("sample.NoSample")}, "AND"},
		search{"a Space", "Samples", "sample.Sample", []any{criteria("space.Space", equals("common.Code", "HUGE"))}, "AND"},
		search{"another Project", "Samples", "sample.Sample", []any{criteria("project.Project", equals("common.Code", "P"))}, "AND"},
		search{"a type", "Samples", "sample.Sample", []any{criteria("sample.SampleType", equals("common.Code", "COMPOUND")), since}, "AND"},
		search{"children", "Samples", "sample.Sample", []any{criteria("sample.SampleParents", equals("common.Code", "S1"))}, "AND"})
	for _, s := range searches {
		for _, page := range [][2]any{{0, 7}, {38, 9}, {500, 3}, {0, 0}, {nil, nil}} {
			for _, order := range []string{"CODE", "PERM_ID", "PROPERTY$NAME"} {
				if page[1] == nil && (s.operator == "OR" || order != "CODE") || page[0] != 0 && order == "PERM_ID" || page[1] == 0 && order != "CODE" {
					continue // large answers, and nothing new
				}
				options := fetch(s.key).with("from", page[0]).with("count", page[1]).sortBy(s.key, order, "PERM_ID")
				for _, relation := range []string{"experiment.Experiment", "sample.Sample", "dataset.DataSet"} {
					field := map[string]string{"experiment.Experiment": "experiment", "sample.Sample": "sample", "dataset.DataSet": "dataSets"}[relation]
					if relation != s.key {
						options.with(field, fetch(relation))
					}
				}
				got, want := clients[0].must("search"+s.plural, criteria(s.key, s.children...).with("operator", s.operator), options),
					clients[1].must("search"+s.plural, criteria(s.key, s.children...).with("operator", s.operator), options)
				if !reflect.DeepEqual(got, want) {
					a, _ := json.Marshal(got)
					b, _ := json.Marshal(want)
					t.Fatalf("%s of %s %s %v by %s: got\n%.1500s\nwant\n%.1500s", s.plural, s.operator, s.what, page, order, a, b)
				}
			}
		}
	}
}

func TestAHugeLabGivesFilesAndEntitiesById(t *testing.T) {
	made, held := hugeLabs()
	type result struct {
		samples, dataSets, collection any
		files                         []string
	}
	var results []result
	object := made.huge.pair(55)
	for _, l := range []*Lab{made, held} {
		s := NewServer(t, Options{Lab: l, UnsortedSeed: -1})
		c := &asClient{t: t, s: s, token: s.Login("alice")}
		store := newStoreClient(t, s, "alice")
		files, _ := store.searchFiles("AND", nil, dataSetCriteria(object.dataSet.PermID, made.huge.pair(3).dataSet.PermID))
		if status, body := do(t, http.MethodGet, s.URL+"/datastore_server/"+object.dataSet.PermID+"/original/spectrum.csv?sessionID="+c.token, nil, nil); status.status != 200 ||
			!strings.HasPrefix(string(body), spectrumHeader) || len(body) != spectrumSize {
			t.Errorf("content: %d, %d bytes", status.status, len(body))
		}
		results = append(results, result{
			c.must("getSamples", []any{id("sample.id.SamplePermId", object.sample.PermID), identifier("sample.id.SampleIdentifier", "/HUGE/LAB/OBJ-0000007"),
				identifier("sample.id.SampleIdentifier", "/HUGE/LAB/OBJ-0000121"), id("sample.id.SamplePermId", "OBJ-0000007")}, fetch("sample.Sample")),
			c.must("getDataSets", []any{id("dataset.id.DataSetPermId", object.dataSet.PermID), id("dataset.id.DataSetPermId", object.sample.PermID)}, fetch("dataset.DataSet")),
			c.must("getExperiments", []any{id("experiment.id.ExperimentPermId", object.sample.Experiment.PermID)},
				fetch("experiment.Experiment").with("samples", fetch("sample.Sample")).with("dataSets", fetch("dataset.DataSet"))),
			files,
		})
	}
	if !reflect.DeepEqual(results[0], results[1]) {
		t.Errorf("got %v\nwant %v", results[0], results[1])
	}
	if n := len(results[0].samples.(map[string]any)); n != 2 {
		t.Errorf("%d Objects by their ids, want 2", n)
	}
	if n := len(results[0].files); n != 6 {
		t.Errorf("%d files and folders, want 6", n)
	}
}

func TestAMillionEntitiesTakeNoMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l, err := ParseLab("huge:5,100000")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(t, Options{Lab: l})
	c := &asClient{t: t, s: s, token: s.Login(l.Persons[0].UserID)}
	codes, total := c.searchInOrder("Samples", "sample.Sample", criteria("sample.Sample",
		criteria("experiment.Experiment", equals("common.PermId", l.huge.collections[4].PermID))),
		fetch("sample.Sample").with("from", 99_998).with("count", 10).sortBy("sample.Sample", "PERM_ID"))
	same(t, "the last page", codes, "OBJ-0499999", "OBJ-0500000")
	if total != 100_000 {
		t.Errorf("%d Objects, want 100000", total)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("%d MiB", grown>>20)
	}
	runtime.KeepAlive(s)
}
