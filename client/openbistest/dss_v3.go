package openbistest

import (
	"maps"
	"slices"
)

// v3Methods are the methods of rmi-data-store-server-v3.json that read (openBIS source, DataStoreServerApi.java).
func (ds *dataStoreServer) v3Methods() map[string]method {
	minor := 6
	if ds.s.newerThan(3, 6) {
		minor = 7
	}
	return map[string]method{
		"getMajorVersion": {call: func([]any) (any, error) { return 3, nil }},
		"getMinorVersion": {call: func([]any) (any, error) { return minor, nil }},
		"searchFiles": {
			params: []paramType{textParam, objectParam(fileCriteriaType), objectParam(fileFetchOptionsType)},
			call: func(args []any) (any, error) {
				criteria, _ := args[1].(*object)
				fetch, _ := args[2].(*object)
				return ds.searchFiles(textOf(args[0]), criteria, fetch)
			},
		},
		"createFastDownloadSession": {
			params: []paramType{textParam, listParam(objectParam(filePermIDType)), objectParam(fastDownloadOptionsType)},
			call: func(args []any) (any, error) {
				ids, _ := args[1].([]any)
				options, _ := args[2].(*object)
				return ds.createFastDownloadSession(textOf(args[0]), objectsOf(ids), options)
			},
		},
		"downloadFiles": {
			params: []paramType{textParam, anyParam, anyParam},
			call: func([]any) (any, error) {
				return nil, newException("java.lang.UnsupportedOperationException", "This method is not supported in JSON API")
			},
		},
	}
}

// The types of the data store server's v3 API.
const (
	fileCriteriaType        = "dss.dto.datasetfile.search.DataSetFileSearchCriteria"
	fileFetchOptionsType    = "dss.dto.datasetfile.fetchoptions.DataSetFileFetchOptions"
	filePermIDType          = "dss.dto.datasetfile.id.DataSetFilePermId"
	fastDownloadOptionsType = "dss.dto.datasetfile.fastdownload.FastDownloadSessionOptions"
)

func init() {
	define(filePermIDType, map[string]paramType{"dataSetId": objectParam("as.dto.dataset.id.IDataSetId"), "filePath": textParam})
	define(fastDownloadOptionsType, map[string]paramType{"wishedNumberOfStreams": intParam})
	define(fileFetchOptionsType, map[string]paramType{"from": intParam, "count": intParam})
}

// createFastDownloadSession tells where to ask for the files. It keeps nothing and does not look whether they exist.
func (ds *dataStoreServer) createFastDownloadSession(token string, ids []*object, options *object) (any, error) {
	session, err := ds.s.resolveToken(token)
	if err != nil {
		return nil, err
	}
	paths := make(map[string]map[string]bool)
	for _, id := range ids {
		code := ""
		if set := id.object("dataSetId"); set != nil {
			code = set.text("permId")
		}
		if paths[code] == nil {
			paths[code] = make(map[string]bool)
		}
		paths[code][id.text("filePath")] = true
	}
	files := []any{}
	for _, code := range slices.Sorted(maps.Keys(paths)) {
		if !ds.mayAccess(session.Token, code) {
			continue
		}
		for _, path := range slices.Sorted(maps.Keys(paths[code])) {
			files = append(files, filePermID(dataSetPermID(code), path))
		}
	}
	var echo *bean
	if options != nil {
		echo = &bean{Type: fastDownloadOptionsType, Fields: []field{{"wishedNumberOfStreams", options.fields["wishedNumberOfStreams"]}}}
	}
	return &bean{Type: "dss.dto.datasetfile.fastdownload.FastDownloadSession", Fields: []field{
		{"downloadUrl", ds.s.downloadURL(ds.store) + contextPath + "/file-transfer"},
		{"fileTransferUserSessionId", session.Token},
		{"files", files},
		{"options", echo},
	}}, nil
}

func dataSetPermID(code string) *bean {
	return &bean{Type: "as.dto.dataset.id.DataSetPermId", Fields: []field{{"permId", code}}}
}

func filePermID(set *bean, path string) *bean {
	return &bean{Type: filePermIDType, Fields: []field{{"dataSetId", set}, {"filePath", path}}}
}
