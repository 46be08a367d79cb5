package openbistest

import (
	"strings"
	"testing"
)

func searchOperation(pkg, plural string, criteria, fetch m) m {
	return m{"@type": "as.dto." + pkg + ".search.Search" + plural + "Operation", "criteria": criteria, "fetchOptions": fetch}
}

func TestSeveralOperationsInOneCall(t *testing.T) {
	c, l := newASClient(t, "alice", Options{})
	options := m{"@type": synchronousOptions}
	result := c.must("executeOperations", []any{
		searchOperation("space", "Spaces", criteria("space.Space", equals("common.Code", "OPEN")),
			fetch("space.Space").with("registrator", fetch("person.Person"))),
		searchOperation("sample", "Samples", criteria("sample.Sample", equals("common.Code", "S2")),
			fetch("sample.Sample").with("registrator", fetch("person.Person")).with("modifier", fetch("person.Person"))),
		m{"@type": "as.dto.dataset.get.GetDataSetsOperation", "objectIds": []any{id("dataset.id.DataSetPermId", l.onSample.PermID)}, "fetchOptions": fetch("dataset.DataSet")},
	}, options).(map[string]any)
	if result["@type"] != "as.dto.operation.SynchronousOperationExecutionResults" || result["@id"] != 1.0 {
		t.Errorf("result: %v", result)
	}
	results := result["results"].([]any)
	spaces, samples, sets := results[0].(map[string]any), results[1].(map[string]any), results[2].(map[string]any)
	if spaces["@type"] != "as.dto.space.search.SearchSpacesOperationResult" || spaces["@id"] != 2.0 {
		t.Errorf("spaces: %v", spaces)
	}
	space := spaces["searchResult"].(map[string]any)["objects"].([]any)[0].(map[string]any)
	sample := samples["searchResult"].(map[string]any)["objects"].([]any)[0].(map[string]any)
	registrator := sample["registrator"].(map[string]any) // each operation has objects of its own
	if space["registrator"].(map[string]any)["userId"] != "alice" || sample["modifier"] != registrator["@id"] {
		t.Errorf("persons: %v, %v", space["registrator"], sample)
	}
	if samples["@id"].(float64) <= space["@id"].(float64) {
		t.Error("the ids start again")
	}
	if sets["objectMap"].(map[string]any)[l.onSample.PermID] == nil {
		t.Errorf("data sets: %v", sets)
	}
	if calls := c.s.Calls(); calls["executeOperations"] != 1 || len(calls) != 1 {
		t.Errorf("calls: %v", calls)
	}
}

func TestOneBadOperationFailsAll(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	a := c.v3("executeOperations", []any{
		searchOperation("space", "Spaces", criteria("space.Space"), fetch("space.Space")),
		m{"@type": "as.dto.sample.search.SearchSamplesOperation", "fetchOptions": fetch("sample.Sample")},
	}, m{"@type": synchronousOptions})
	c.wantError(a, runtimeExceptionClass, "Criteria cannot be null. (Context: [])")
	a = c.v3("executeOperations", []any{m{"@type": "as.dto.sample.search.NoSuchOperation"}}, m{"@type": synchronousOptions})
	if a.Error == nil || !strings.HasPrefix(a.Error.Data.ExceptionTypeName, "com.fasterxml.jackson") {
		t.Errorf("unknown operation: %v", a.keys)
	}
}

func TestFetchOptionsSharedByTwoOperationsStayOneObject(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	request := `{"id":1,"method":"executeOperations","params":["` + c.token + `",[` +
		`{"@type":"as.dto.space.search.SearchSpacesOperation","@id":1,"criteria":{"@type":"as.dto.space.search.SpaceSearchCriteria","@id":2},` +
		`"fetchOptions":{"@type":"as.dto.space.fetchoptions.SpaceFetchOptions","@id":3,"registrator":{"@type":"as.dto.person.fetchoptions.PersonFetchOptions","@id":4}}},` +
		`{"@type":"as.dto.space.search.SearchSpacesOperation","@id":5,"criteria":2,"fetchOptions":3}],` +
		`{"@type":"` + synchronousOptions + `"}]}`
	_, body := post(t, c.s.URL+v3Path, []byte(request))
	if n := strings.Count(string(body), `"searchResult":{`); n != 2 {
		t.Errorf("%d results: %s", n, body)
	}
	if n := strings.Count(string(body), `"totalCount":2`); n != 2 {
		t.Errorf("not the same search twice: %s", body)
	}
}

func TestUnarchivingTakesUntilItIsFinished(t *testing.T) {
	c, l := newASClient(t, "alice", Options{})
	status := func() string {
		got := c.must("getDataSets", []any{id("dataset.id.DataSetPermId", l.archived.PermID)}, fetch("dataset.DataSet").with("physicalData", fetch("dataset.PhysicalData"))).(map[string]any)
		return got[l.archived.PermID].(map[string]any)["physicalData"].(map[string]any)["status"].(string)
	}
	same(t, "before", []string{status()}, "ARCHIVED")
	options := m{"@type": "as.dto.dataset.unarchive.DataSetUnarchiveOptions"}
	if a := c.v3("unarchiveDataSets", []any{id("dataset.id.DataSetPermId", l.archived.PermID)}, options); string(a.keys["result"]) != "null" {
		t.Errorf("answer: %v", a.keys)
	}
	same(t, "asked for", []string{status()}, "UNARCHIVE_PENDING")
	if n := c.s.FinishUnarchiving(); n != 1 {
		t.Errorf("%d finished", n)
	}
	same(t, "finished", []string{status()}, "AVAILABLE")
	c.wantError(c.v3("unarchiveDataSets", []any{id("dataset.id.DataSetPermId", "nope")}, options), userFailureClass,
		"Object with DataSetPermId = [nope] has not been found. (Context: [])")
	c.token = c.s.Login("bob")
	c.wantError(c.v3("unarchiveDataSets", []any{id("dataset.id.DataSetPermId", l.hidden.DataSets[0].PermID)}, options), userFailureClass,
		"Access denied to object with DataSetPermId = ["+l.hidden.DataSets[0].PermID+"]. (Context: [])")
}

func TestPermIDsAreMinted(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	ids := c.must("createPermIdStrings", 3).([]any)
	if len(ids) != 3 || ids[0] == ids[1] {
		t.Errorf("ids: %v", ids)
	}
}
