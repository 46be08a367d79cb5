package openbistest

func init() {
	define("as.dto.dataset.unarchive.DataSetUnarchiveOptions", nil)
}

// addDataSetMethods adds what is done to data sets, and what mints ids.
func (as *applicationServer) addDataSetMethods(methods map[string]method) {
	methods["unarchiveDataSets"] = method{
		params: []paramType{textParam, idParam("dataset", "DataSet"), objectParam("as.dto.dataset.unarchive.DataSetUnarchiveOptions")},
		writes: true,
		call:   as.withSession(as.unarchive),
	}
	methods["createPermIdStrings"] = method{
		params: []paramType{textParam, intParam},
		writes: true,
		call: as.withSession(func(_ *session, args []any) (any, error) {
			n, _ := args[0].(int64)
			if n <= 0 {
				return nil, userFailure("Count cannot be <= 0")
			}
			ids := make([]string, n)
			for i := range ids {
				ids[i] = as.s.Lab.NextPermID()
			}
			return ids, nil
		}),
	}
}

// unarchive asks for archived data sets to be brought back. That takes until [Server.FinishUnarchiving].
func (as *applicationServer) unarchive(session *session, args []any) (any, error) {
	list, _ := args[0].([]any)
	switch {
	case list == nil:
		return nil, illegalArgument("Data set ids cannot be null.")
	case argObject(args[1]) == nil:
		return nil, illegalArgument("Options cannot be null.")
	}
	ids := objectsOf(list)
	for _, id := range ids {
		d := as.s.store.dataSet(id.text("permId"))
		switch {
		case d == nil:
			return nil, userFailure("Object with DataSetPermId = [%s] has not been found.", id.text("permId"))
		case !as.s.visible(session.Person, d):
			return nil, userFailure("Access denied to object with DataSetPermId = [%s].", id.text("permId"))
		}
	}
	for _, id := range ids {
		if p := as.s.store.dataSet(id.text("permId")).Physical; p != nil && p.Status == "ARCHIVED" {
			p.Status = "UNARCHIVE_PENDING"
		}
	}
	return nil, nil
}

// FinishUnarchiving makes the data sets available that are being unarchived, and returns how many these were.
func (s *Server) FinishUnarchiving() int {
	unlock := s.store.lock(true)
	defer unlock()
	n := 0
	for _, d := range s.Lab.DataSets {
		if d.Physical != nil && d.Physical.Status == "UNARCHIVE_PENDING" {
			d.Physical.Status = "AVAILABLE"
			n++
		}
	}
	return n
}
