package openbistest

const (
	anyOperation        = "as.dto.operation.IOperation"
	anyExecutionOptions = "as.dto.operation.IOperationExecutionOptions"
	synchronousOptions  = "as.dto.operation.SynchronousOperationExecutionOptions"
)

func init() {
	define(synchronousOptions, map[string]paramType{"executeInOrder": boolParam, "executionId": anyParam, "description": textParam},
		anyExecutionOptions)
	for _, op := range (&applicationServer{s: &Server{Lab: new(Lab)}}).operations() {
		names := [2]string{"criteria", "fetchOptions"}
		if op.isGet() {
			names[0] = "objectIds"
		}
		define(op.class(), map[string]paramType{names[0]: op.params[0], names[1]: op.params[1]}, anyOperation)
	}
}

func (op operation) isGet() bool { return op.method[0] == 'g' }

// class is the operation's "@type" in executeOperations.
func (op operation) class() string {
	if op.isGet() {
		return "as.dto." + op.pkg + ".get.Get" + op.method[len("get"):] + "Operation"
	}
	return "as.dto." + op.pkg + ".search.Search" + op.method[len("search"):] + "Operation"
}

// addOperationMethods adds executeOperations, synchronous and for searches and gets.
func (as *applicationServer) addOperationMethods(methods map[string]method) {
	byClass := make(map[string]operation)
	for _, op := range as.operations() {
		byClass[op.class()] = op
	}
	methods["executeOperations"] = method{
		params: []paramType{textParam, listParam(objectParam(anyOperation)), objectParam(anyExecutionOptions)},
		call: as.withSession(func(session *session, args []any) (any, error) {
			list, _ := args[0].([]any)
			if list == nil {
				return nil, illegalArgument("Operations cannot be null.")
			}
			if argObject(args[1]) == nil {
				return nil, illegalArgument("Options cannot be null.")
			}
			results := operationResults{}
			for _, o := range objectsOf(list) {
				op := byClass[o.class.Type]
				first := any(o.object("criteria"))
				if op.isGet() {
					first = o.fields["objectIds"]
				}
				result, err := op.run(session.Person, []any{first, o.object("fetchOptions")})
				if err != nil {
					return nil, err
				}
				results = append(results, operationResult{op, result})
			}
			return results, nil
		}),
	}
}

// operationResults are the SynchronousOperationExecutionResults.
type operationResults []operationResult

type operationResult struct {
	op     operation
	result jsonValue
}

// writeJSON writes all results with one sequence of ids. Every operation has a translation context of its own, so that
// results share no entities.
func (r operationResults) writeJSON(w *jsonWriter) {
	w.openNew("as.dto.operation.SynchronousOperationExecutionResults")
	w.name("results")
	w.begin('[')
	for _, result := range r {
		w.openNew(result.op.class() + "Result")
		if result.op.isGet() {
			w.name("objectMap")
		} else {
			w.name("searchResult")
		}
		result.result.writeJSON(w)
		w.end('}')
	}
	w.end(']')
	w.end('}')
}
