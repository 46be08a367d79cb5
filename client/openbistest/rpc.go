package openbistest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// dialect says how an endpoint reads requests and writes errors.
type dialect int

const (
	// v3 is the dialect of the v3 APIs of the application server and the data store server: unknown fields are
	// ignored, exceptions are HTTP 200 with code 0.
	v3 dialect = iota
	// v1AS is the dialect of the v1 services of the application server: unknown fields are refused, exceptions as in v3.
	v1AS
	// v1DSS is the dialect of the data store server's v1 service: unknown fields are refused, exceptions are HTTP 500 with code -32001.
	v1DSS
)

// method is a JSON-RPC method.
type method struct {
	// params says what the positional parameters are. A call must have exactly as many.
	params []paramType
	// call gets the decoded parameters, see [paramType], and returns what [jsonWriter.value] can write; nil for void methods.
	call func(args []any) (any, error)
	// writes marks a method that changes the lab: it runs alone.
	writes bool
	// locks marks a method that takes the lab's lock itself, for it takes long. What it returns refers to nothing in the lab.
	locks bool
	// overloads are further methods of the same name, told apart by their number of parameters.
	overloads []method
}

// The error codes of JSON-RPC and of jsonrpc4j.
const (
	codeParseError     = -32700
	codeInvalidRequest = -32600
	codeMethodNotFound = -32601
	codeInvalidParams  = -32602
	codeServerError    = -32001
)

// httpStatus is the status that jsonrpc4j's DefaultHttpStatusCodeProvider.java gives to an error code.
func httpStatus(code int) int {
	switch code {
	case 0:
		return http.StatusOK
	case codeInvalidRequest, codeParseError:
		return http.StatusBadRequest
	case codeMethodNotFound:
		return http.StatusNotFound
	default:
		return http.StatusInternalServerError
	}
}

// serveJSONRPC answers a JSON-RPC request, single or batch, as jsonrpc4j's JsonRpcServer.java does.
func (s *Server) serveJSONRPC(w http.ResponseWriter, r *http.Request, d dialect, methods map[string]method) {
	body, err := requestBody(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	request, err := parseJSON(body)
	c := &rpcCall{s: s, w: w, r: r, dialect: d, methods: methods}
	switch request := request.(type) {
	case *jsonObject:
		c.answerOne(request)
	case []any:
		c.answerBatch(request)
	default:
		switch {
		case errors.Is(err, errEmpty):
			c.status = http.StatusBadRequest
		case err != nil:
			c.protocolError("2.0", `"null"`, codeParseError, "JSON parse error")
		default:
			c.protocolError("2.0", `"null"`, codeInvalidRequest, "invalid request")
		}
		if !errors.Is(err, errEmpty) {
			c.out = append(c.out, '\n')
		}
	}
	if c.answered {
		return
	}
	c.send()
}

// requestBody returns the request, whatever carries it: a POST body, possibly compressed, or the query of a GET.
func requestBody(r *http.Request) ([]byte, error) {
	if r.Method == http.MethodGet {
		return getEnvelope(r), nil
	}
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	return io.ReadAll(body)
}

// getEnvelope builds the request that a GET stands for. The id is taken as it is, so that it is usually a number; the
// params are JSON or Base64 of JSON.
func getEnvelope(r *http.Request) []byte {
	q := r.URL.Query()
	params := q.Get("params")
	if params != "" && !strings.HasPrefix(params, "[") && !strings.HasPrefix(params, "{") {
		// A "+" of standard Base64 arrives as a blank when the client did not escape it.
		if decoded, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(params, " ", "+")); err == nil {
			params = string(decoded)
		}
	}
	id, name := q.Get("id"), "null"
	if id == "" {
		id = "null"
	}
	if m := q.Get("method"); m != "" {
		name = string(appendJSONString(nil, m))
	}
	if params == "" {
		params = "[]"
	}
	return []byte(`{"jsonrpc":"2.0","id":` + id + `,"method":` + name + `,"params":` + params + `}`)
}

// rpcCall is one HTTP request in progress.
type rpcCall struct {
	s        *Server
	w        http.ResponseWriter
	r        *http.Request
	dialect  dialect
	methods  map[string]method
	out      []byte
	status   int  // 0 is 200
	answered bool // by a fault
	refusal  *exception
}

func (c *rpcCall) answerOne(request *jsonObject) {
	c.status = httpStatus(c.answer(request))
	if len(c.out) > 0 {
		c.out = append(c.out, '\n')
	}
}

func (c *rpcCall) answerBatch(requests []any) {
	failed := false
	c.out = append(c.out, '[')
	for i, request := range requests {
		if i > 0 {
			c.out = append(c.out, ',') // also after a notification, which wrote nothing
		}
		o, ok := request.(*jsonObject)
		if !ok {
			c.protocolError("2.0", `"null"`, codeInvalidRequest, "invalid request")
			failed = true
			continue
		}
		if code := c.answer(o); code != 0 {
			failed = true
		}
		if c.answered {
			return
		}
	}
	c.out = append(c.out, ']')
	c.status = http.StatusOK
	if failed {
		c.status = http.StatusInternalServerError
	}
}

// answer appends the answer to one request and returns its error code, 0 for success and for exceptions with code 0.
func (c *rpcCall) answer(request *jsonObject) int {
	version := "2.0"
	if v, ok := asText(request.get("jsonrpc")); ok {
		version = v
	}
	var id string // as JSON; "" for a notification
	switch v := request.get("id").(type) {
	case nil:
	case json.Number:
		id = v.String()
	case string:
		id = string(appendJSONString(nil, v))
	default:
		c.status = http.StatusBadRequest
		return codeInvalidRequest
	}
	name, _ := asText(request.get("method"))
	m, known := c.methods[name]
	if !known {
		c.protocolError(version, orNull(id), codeMethodNotFound, "method not found")
		return codeMethodNotFound
	}
	c.s.count(name)
	if c.s.fault(c.w, c.r, name) {
		c.answered = true
		return 0
	}
	c.refusal = takeRefusal(c.w)
	var params []any
	switch v := request.get("params").(type) {
	case nil:
	case []any:
		params = v
	case *jsonObject:
		if len(v.Names) > 0 {
			params = make([]any, 100) // no method has as many
		}
	default:
		c.status = http.StatusBadRequest
		return codeInvalidRequest
	}
	m, ok := m.overload(len(params))
	if !ok {
		c.protocolError(version, orNull(id), codeInvalidParams, "method parameters invalid")
		return codeInvalidParams
	}
	return c.invoke(m, params, version, id)
}

// overload returns the method for that number of parameters.
func (m method) overload(n int) (method, bool) {
	if len(m.params) == n {
		return m, true
	}
	for _, o := range m.overloads {
		if len(o.params) == n {
			return o, true
		}
	}
	return method{}, false
}

// invoke decodes the parameters, runs the method and appends its result or exception.
func (c *rpcCall) invoke(m method, params []any, version, id string) int {
	if !m.locks {
		unlock := c.s.store.lock(m.writes)
		defer unlock()
	}
	args, err := decodeParams(params, m.params, c.dialect)
	var result any
	switch {
	case err != nil:
	case c.refusal != nil:
		err = c.refusal
	default:
		result, err = m.call(args)
	}
	if err != nil {
		return c.exception(version, orNull(id), asException(err))
	}
	if id == "" {
		return 0
	}
	c.out = append(c.out, `{"jsonrpc":`...)
	c.out = appendJSONString(c.out, version)
	c.out = append(c.out, `,"id":`+id+`,"result":`...)
	w := &jsonWriter{buf: c.out}
	w.value(result)
	w.end('}')
	c.out = w.buf
	return 0
}

func (c *rpcCall) protocolError(version, id string, code int, message string) {
	c.out = append(c.out, `{"jsonrpc":`...)
	c.out = appendJSONString(c.out, version)
	c.out = append(c.out, `,"id":`+id+`,"error":{"code":`...)
	c.out = strconv.AppendInt(c.out, int64(code), 10)
	c.out = append(c.out, `,"message":"`+message+`"}}`...)
	c.status = httpStatus(code)
}

// exception appends what the endpoint's error resolver makes of e, and returns the error code.
func (c *rpcCall) exception(version, id string, e *exception) int {
	code := 0
	if c.dialect == v1DSS {
		code = codeServerError
	}
	var message any
	if !e.noText {
		message = e.message
	}
	data := &bean{Fields: []field{{"exceptionTypeName", e.class}, {"message", message}}}
	if c.dialect != v1DSS {
		data.Fields = append(data.Fields, field{"stackTrace", e.stackTrace()})
	}
	c.out = append(c.out, `{"jsonrpc":`...)
	c.out = appendJSONString(c.out, version)
	c.out = append(c.out, `,"id":`+id+`,"error":`...)
	w := &jsonWriter{buf: c.out}
	w.value(orderedMap{{"code", code}, {"message", message}, {"data", data}})
	w.end('}')
	c.out = w.buf
	return code
}

// send writes the answer. Jetty compresses bodies from 2048 bytes on for those who ask, and then says no length.
func (c *rpcCall) send() {
	h := c.w.Header()
	h.Set("Content-Type", "application/json-rpc")
	status := c.status
	if status == 0 {
		status = http.StatusOK
	}
	if len(c.out) >= 2048 && strings.Contains(c.r.Header.Get("Accept-Encoding"), "gzip") {
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed) // the level is valid
		_, _ = z.Write(c.out)
		_ = z.Close()
		h.Set("Content-Encoding", "gzip")
		h.Set("Vary", "Accept-Encoding, User-Agent")
		c.w.WriteHeader(status)
		c.flush()
		_, _ = c.w.Write(packed.Bytes())
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(c.out)))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(c.out)
}

// flush sends the header before the body, so that net/http cannot add a length.
func (c *rpcCall) flush() {
	if f, ok := c.w.(http.Flusher); ok {
		f.Flush()
	}
}

func orNull(id string) string {
	if id == "" {
		return "null"
	}
	return id
}

// asText returns a JSON scalar's text.
func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
