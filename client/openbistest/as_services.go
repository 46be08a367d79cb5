package openbistest

import "strings"

func init() {
	define("as.dto.service.execute.AggregationServiceExecutionOptions", map[string]paramType{"parameters": anyParam})
}

// aggregationService is a service of a data store, which for the application server makes a report.
type aggregationService struct {
	store *DataStore
	key   string
}

// aggregationServices returns all services of all data stores.
func (s *Server) aggregationServices() []aggregationService {
	var list []aggregationService
	for _, ds := range s.dss.all {
		for _, key := range []string{uploaderService, jupyterService} {
			if ds.offers(key) {
				list = append(list, aggregationService{ds.store, key})
			}
		}
	}
	return list
}

// addServiceMethods adds what the v3 API knows of services.
func (as *applicationServer) addServiceMethods(methods map[string]method) {
	methods["executeAggregationService"] = method{
		params: []paramType{
			textParam, objectParam("as.dto.service.id.IDssServiceId"), objectParam("as.dto.service.execute.AggregationServiceExecutionOptions"),
		},
		locks: true,
		call: as.withSession(func(session *session, args []any) (any, error) {
			id, options := argObject(args[0]), argObject(args[1])
			switch {
			case id == nil:
				return nil, illegalArgument("Service id cannot be null.")
			case options == nil:
				return nil, illegalArgument("Options cannot be null.")
			case id.object("dataStoreId") == nil:
				return nil, userFailure("Data store id cannot be null.")
			}
			parameters, _ := options.fields["parameters"].(*jsonObject)
			report, err := as.s.report(session, id.object("dataStoreId").text("permId"), id.text("permId"), parameters)
			if err != nil {
				return nil, err
			}
			return report.v3(), nil
		}),
	}
}

// addReportMethods adds what the query service knows of services. It takes no personal access tokens.
func (as *applicationServer) addReportMethods(methods map[string]method) {
	methods["listAggregationServices"] = method{params: []paramType{textParam}, call: func(args []any) (any, error) {
		if _, err := as.s.session(argText(args[0])); err != nil {
			return nil, err
		}
		list := []any{}
		for _, service := range as.s.aggregationServices() {
			list = append(list, &bean{Type: "AggregationServiceDescription", Fields: []field{
				{"dataStoreCode", service.store.Code}, {"dataStoreBaseUrl", as.s.downloadURL(service.store)},
				{"serviceKey", service.key}, {"type", "AGGREGATION_TABLE_REPORT"},
			}})
		}
		return list, nil
	}}
	methods["createReportFromAggregationService"] = method{
		params: []paramType{textParam, textParam, textParam, anyParam},
		locks:  true,
		call: func(args []any) (any, error) {
			session, err := as.s.session(argText(args[0]))
			if err != nil {
				return nil, err
			}
			parameters, _ := args[3].(*jsonObject)
			report, err := as.s.report(session, argText(args[1]), argText(args[2]), parameters)
			if err != nil {
				return nil, err
			}
			return report.v1(), nil
		},
	}
}

// report lets a data store run a service.
func (s *Server) report(session *session, storeCode, key string, parameters *jsonObject) (*table, error) {
	for _, ds := range s.dss.all {
		if ds.store.Code == storeCode {
			return ds.ingest(session, key, parameters)
		}
	}
	return nil, userFailure("Unknown data store: %s", storeCode)
}

// v1 is the table as the query service writes it: a QueryTableModel.
func (t *table) v1() *bean {
	columns, rows := []any{}, []any{}
	for _, title := range t.columns {
		columns = append(columns, &bean{Type: "QueryTableColumn", Fields: []field{{"title", title}, {"dataType", "STRING"}}})
	}
	for _, row := range t.rows {
		cells := []any{}
		for _, value := range row {
			cells = append(cells, &bean{Fields: []field{{"type", "STRING"}, {"value", value}}})
		}
		rows = append(rows, cells)
	}
	return &bean{Type: "QueryTableModel", Fields: []field{{"columns", columns}, {"rows", rows}}}
}

// v3 is the table as the v3 API writes it.
func (t *table) v3() *bean {
	columns, rows := []any{}, []any{}
	for _, title := range t.columns {
		columns = append(columns, &bean{Type: "as.dto.common.TableColumn", Fields: []field{{"title", title}}})
	}
	for _, row := range t.rows {
		cells := []any{}
		for _, value := range row {
			cells = append(cells, &bean{Type: "as.dto.common.TableStringCell", Fields: []field{{"value", value}}})
		}
		rows = append(rows, cells)
	}
	return &bean{Type: "as.dto.common.TableModel", Fields: []field{{"columns", columns}, {"rows", rows}}}
}

func (q *searcher) aggregationService(c *object, service aggregationService) bool {
	return q.group(c, func(child *object) bool {
		if id := child.object("id"); criteriaName(child) == "Id" && id != nil {
			store := id.object("dataStoreId")
			matched := id.text("permId") == service.key && (store == nil || store.text("permId") == service.store.Code)
			return matched != child.bool("negated", false)
		}
		return q.attribute(child, &attributes{
			engine: memoryEngine, code: service.key, permID: service.key, more: map[string]string{"name": service.key},
		})
	})
}

func serviceKey(service aggregationService, field string) (any, bool) {
	return entityKey(strings.Replace(field, "NAME", "CODE", 1), service.key, service.key, service.store.Registered, service.store.Registered)
}

func (t *translation) writeAggregationService(service aggregationService, fo *fetchOptions) {
	if !t.startShared(service, fo, "as.dto.service.AggregationService") {
		return
	}
	t.name("permId")
	t.openNew("as.dto.service.id.DssServicePermId")
	t.str("permId", service.key)
	t.id("dataStoreId", "as.dto.datastore.id.DataStorePermId", service.store.Code)
	t.end('}')
	t.str("name", service.key)
	t.str("label", service.key)
	t.end('}')
}
