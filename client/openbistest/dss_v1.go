package openbistest

import (
	"strconv"
	"strings"
	"time"
)

// v1Methods are the methods of rmi-dss-api-v1.json that read (openBIS source, IDssServiceRpcGeneric.java).
func (ds *dataStoreServer) v1Methods() map[string]method {
	return map[string]method{
		"getMajorVersion": {call: func([]any) (any, error) { return 1, nil }},
		"getMinorVersion": {call: func([]any) (any, error) { return 8, nil }},
		"listFilesForDataSet": {
			params: []paramType{textParam, textParam, textParam, boolParam},
			call: func(args []any) (any, error) {
				recursive, _ := args[3].(bool)
				return ds.listFiles(textOf(args[0]), textOf(args[1]), textOf(args[2]), recursive)
			},
			overloads: []method{{
				params: []paramType{textParam, objectParam("DataSetFileDTO")},
				call: func(args []any) (any, error) {
					file, _ := args[1].(*object)
					if file == nil {
						return nil, &exception{class: "java.lang.NullPointerException", noText: true}
					}
					return ds.listFiles(textOf(args[0]), file.text("dataSetCode"), file.text("path"), file.bool("isRecursive", false))
				},
			}},
		},
		"getDownloadUrlForFileForDataSet": {
			params: []paramType{textParam, textParam, textParam},
			call: func(args []any) (any, error) {
				return ds.streamURL(textOf(args[0]), textOf(args[1]), textOf(args[2]), 0)
			},
		},
		"getDownloadUrlForFileForDataSetWithTimeout": {
			params: []paramType{textParam, textParam, textParam, longParam},
			call: func(args []any) (any, error) {
				seconds, _ := args[3].(int64)
				return ds.streamURL(textOf(args[0]), textOf(args[1]), textOf(args[2]), time.Duration(seconds)*time.Second)
			},
		},
		"getPathToDataSet": {
			params: []paramType{textParam, textParam, textParam},
			call:   func(args []any) (any, error) { return ds.pathToDataSet(args) },
		},
		"tryGetPathToDataSet": {
			params: []paramType{textParam, textParam, textParam},
			call: func(args []any) (any, error) {
				path, err := ds.pathToDataSet(args)
				if err != nil && asException(err).class == userFailureClass {
					return nil, nil
				}
				return path, err
			},
		},
		"getValidationScript": {
			params: []paramType{textParam, textParam},
			call: func(args []any) (any, error) {
				_, err := ds.s.session(textOf(args[0]))
				return nil, err
			},
		},
	}
}

func init() {
	define("DataSetFileDTO", map[string]paramType{"dataSetCode": textParam, "path": textParam, "isRecursive": boolParam})
}

func textOf(v any) string { s, _ := v.(string); return s }

// listFiles is listFilesForDataSet: what is below a path, or the file that the path is.
func (ds *dataStoreServer) listFiles(token, code, path string, recursive bool) (any, error) {
	n, err := ds.guardedNode(token, code, path)
	if err != nil {
		return nil, err
	}
	list := []any{}
	if !n.isFolder() {
		return append(list, fileInfo(n, n.name())), nil
	}
	prefix := n.path
	if prefix != "" {
		prefix += "/"
	}
	add := func(c *contentNode) { list = append(list, fileInfo(c, strings.TrimPrefix(c.path, prefix))) }
	if recursive {
		n.walk(add)
	} else {
		for _, c := range n.children() {
			add(c)
		}
	}
	return list, nil
}

// guardedNode returns the node of a path after the access guard has passed the session.
func (ds *dataStoreServer) guardedNode(token, code, path string) (*contentNode, error) {
	if err := ds.guard(token, code); err != nil {
		return nil, err
	}
	c, err := ds.open(code)
	if err != nil {
		return nil, err
	}
	return c.node(strings.TrimPrefix(path, "/"))
}

// fileInfo is a FileInfoDssDTO: the size is a text, "-1" for folders, and the checksum signed.
func fileInfo(n *contentNode, relative string) *bean {
	size, crc := "-1", any(nil)
	if !n.isFolder() {
		size = strconv.FormatInt(n.size(), 10)
		if sum, known := n.crc(); known {
			crc = int32(sum)
		}
	}
	return &bean{Type: "FileInfoDssDTO", Fields: []field{
		{"pathInDataSet", n.path}, {"pathInListing", relative}, {"crc32Checksum", crc}, {"isDirectory", n.isFolder()}, {"fileSize", size},
	}}
}

// pathToDataSet is getPathToDataSet: where the data set is in the server's file system.
func (ds *dataStoreServer) pathToDataSet(args []any) (any, error) {
	token, code := textOf(args[0]), textOf(args[1])
	if err := ds.guard(token, code); err != nil {
		return nil, err
	}
	set := ds.s.store.dataSet(code)
	switch {
	case set == nil || ds.s.dss.of(set) != ds:
		return nil, illegalArgument("Unknown data set: %s", code)
	case set.Kind == "CONTAINER":
		return nil, userFailure("Path to dataset '%s' not available: this is a container dataset.", code)
	}
	path := storePath(set)
	if root := textOf(args[2]); root != "" {
		path = root + strings.TrimPrefix(path, "/srv/openbis/dss/store")
	}
	return path, nil
}
