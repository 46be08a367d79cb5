package openbistest

import "slices"

// searchFiles lists everything in all data sets of this store that the criteria find, folders and the roots included. It fails as a
// whole when one of them cannot be opened.
func (ds *dataStoreServer) searchFiles(token string, criteria, fetch *object) (any, error) {
	session, err := ds.s.resolveToken(token)
	if err != nil {
		return nil, err
	}
	if fetch != nil && ds.s.newerThan(3, 6) && (fetch.fields["from"] != nil || fetch.fields["count"] != nil) {
		return nil, illegalArgument("Pagination parameters are not supported. " +
			"Try to make the search more specific, if you want to make the result set smaller.")
	}
	store := ds.storeBean()
	files := []any{}
	for _, set := range ds.findDataSets(session.Person, criteria) {
		c, err := ds.open(set.PermID)
		if err != nil {
			return nil, err
		}
		add := func(n *contentNode) { files = append(files, dataSetFile(set.PermID, n, store)) }
		add(c.root)
		c.root.walk(add)
	}
	return &bean{Type: "as.dto.common.search.SearchResult", Fields: []field{
		{"objects", files}, {"totalCount", len(files)},
	}}, nil
}

// findDataSets runs the data set criteria among the criteria as searches of the application server and combines what they find. Other
// criteria do not count.
func (ds *dataStoreServer) findDataSets(person *Person, criteria *object) []*DataSet {
	if criteria == nil {
		return nil
	}
	var found []*DataSet
	first := true
	for _, c := range criteria.objects("criteria") {
		if c.class.Type != "as.dto.dataset.search.DataSetSearchCriteria" {
			continue
		}
		hits := ds.s.searchDataSets(person, c)
		hits = slices.DeleteFunc(hits, func(d *DataSet) bool { return ds.s.dss.of(d) != ds })
		switch {
		case first:
			found, first = hits, false
		case criteria.text("operator") == "OR":
			for _, d := range hits {
				if !slices.Contains(found, d) {
					found = append(found, d)
				}
			}
		default:
			found = slices.DeleteFunc(found, func(d *DataSet) bool { return !slices.Contains(hits, d) })
		}
	}
	return found
}

// dataSetFile is a DataSetFile. An unknown checksum is 0.
func dataSetFile(code string, n *contentNode, store *bean) *bean {
	var size int64
	var crc int32
	if !n.isFolder() {
		size = n.size()
		if sum, known := n.crc(); known {
			crc = int32(sum)
		}
	}
	set := dataSetPermID(code)
	return &bean{Type: "dss.dto.datasetfile.DataSetFile", Fields: []field{
		{"permId", filePermID(set, n.path)},
		{"dataSetPermId", set},
		{"dataStore", store},
		{"path", n.path},
		{"directory", n.isFolder()},
		{"fileLength", size},
		{"checksumCRC32", crc},
		{"checksum", nil},
		{"checksumType", nil},
	}}
}

// storeBean is the DataStore that all files of an answer share.
func (ds *dataStoreServer) storeBean() *bean {
	options := &bean{Type: "as.dto.datastore.fetchoptions.DataStoreFetchOptions", Fields: []field{
		{"count", nil}, {"from", nil}, {"cacheMode", "NO_CACHE"}, {"sort", nil}, {"sortBy", nil},
	}}
	registered := ds.store.Registered.UnixMilli()
	return &bean{Type: "as.dto.datastore.DataStore", Fields: []field{
		{"fetchOptions", options},
		{"code", ds.store.Code},
		{"downloadUrl", ds.s.downloadURL(ds.store)},
		{"remoteUrl", remoteURL},
		{"registrationDate", registered},
		{"modificationDate", registered},
	}}
}
