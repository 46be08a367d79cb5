package openbistest

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The ingestion services, by their keys.
const (
	uploaderService = "dataset-uploader-api"
	jupyterService  = "jupyter-uploader-api"
)

// offers tells whether the store takes data sets in that way.
func (ds *dataStoreServer) offers(route string) bool {
	if ds.store.Routes != nil {
		return slices.Contains(ds.store.Routes, route)
	}
	return slices.Contains(ds.s.opts.Routes, route)
}

// table is the report of a service. All cells are texts.
type table struct {
	columns []string
	rows    [][]string
}

// ingestion is a run of an ingestion service, a Jython script in the real server: what the script sees.
type ingestion struct {
	*transaction
	token      string // of the session
	parameters *jsonObject
}

// ingest runs the service of that key. What it throws, and what goes wrong when the transaction is committed, is not an
// exception for the caller but a table of another kind (openBIS source, IngestionService.java).
func (ds *dataStoreServer) ingest(session *session, key string, parameters *jsonObject) (*table, error) {
	if !ds.offers(key) {
		return nil, userFailure("No plugin registered for key '%s'.", key)
	}
	if parameters == nil {
		parameters = new(jsonObject)
	}
	run := &ingestion{transaction: ds.begin(session.Person, key), token: session.Token, parameters: parameters}
	script := (*ingestion).uploader
	if key == jupyterService {
		script = (*ingestion).jupyter
	}
	report, err := script(run)
	if err != nil {
		run.rollback()
		e := asException(err)
		return errorTable(parameters, "Chosen plugin failed to create a report: "+e.class+": "+e.message), nil
	}
	if err := run.commit(); err != nil {
		return errorTable(parameters, asException(err).message), nil
	}
	return report, nil
}

func errorTable(parameters *jsonObject, message string) *table {
	return &table{columns: []string{"Parameters", "Error"}, rows: [][]string{{javaText(parameters), message}}}
}

// succeeded is the table of a script that says so. The result may be empty.
func succeeded(message, result string) *table {
	return &table{columns: []string{"STATUS", "MESSAGE", "RESULT"}, rows: [][]string{{"OK", message, result}}}
}

// javaText is the toString of what Jackson makes of JSON.
func javaText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case []any:
		texts := make([]string, len(v))
		for i, e := range v {
			texts[i] = javaText(e)
		}
		return "[" + strings.Join(texts, ", ") + "]"
	case *jsonObject:
		texts := make([]string, len(v.Names))
		for i, name := range v.Names {
			texts[i] = name + "=" + javaText(v.get(name))
		}
		return "{" + strings.Join(texts, ", ") + "}"
	}
	text, _ := asText(v)
	return text
}

// isTrue is Python's truth of a JSON value.
func isTrue(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		f, err := v.Float64()
		return err != nil || f != 0
	case []any:
		return len(v) > 0
	case *jsonObject:
		return len(v.Names) > 0
	}
	return true
}

func pythonError(class, format string, args ...any) error {
	return newException("org.python.core.PyException", class+": "+format, args...)
}

// texts returns a list of texts; null is an empty one.
func (run *ingestion) texts(v any) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, pythonError("TypeError", "'%s' object is not iterable", javaText(v))
	}
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = javaText(e)
	}
	return texts, nil
}

// setProperties sets the properties of a map, which must be there.
func (d *newDataSet) setProperties(v any) error {
	m, ok := v.(*jsonObject)
	if !ok {
		return pythonError("AttributeError", "'NoneType' object has no attribute 'keySet'")
	}
	for _, name := range m.Names {
		d.properties[name] = javaText(m.get(name)) // null becomes a text too
	}
	return nil
}

// setOwner finds the sample and the experiment of the identifiers; null is none.
func (run *ingestion) setOwner(d *newDataSet, sample, experiment any) error {
	unlock := run.s.store.lock(false)
	defer unlock()
	st := run.s.store
	for _, id := range []any{sample, experiment} {
		if _, isText := id.(string); id != nil && !isText {
			return pythonError("TypeError", "1st arg can't be coerced to String")
		}
	}
	if id, ok := sample.(string); ok && id != "" {
		d.sample = st.sample(strings.ToUpper(id))
		if d.sample == nil || !strings.EqualFold(d.sample.Identifier(), id) || !run.person.MaySee(d.sample.SpaceCode()) {
			return userFailure("no sample found with this identifier: %s", id)
		}
	}
	if id, ok := experiment.(string); ok && id != "" && d.sample == nil {
		d.experiment = st.experiments[strings.ToUpper(id)]
		if d.experiment == nil || !strings.EqualFold(d.experiment.Identifier(), id) || !run.person.MaySee(d.experiment.Project.Space.Code) {
			return userFailure("no experiment found with this identifier: %s", id)
		}
	}
	return nil
}

// fetch copies a file of the session workspace to a folder that exists.
func (run *ingestion) fetch(name, to string, copyTo func(to, from string) error) error {
	from, err := run.ds.inWorkspace(run.token, name)
	if err != nil {
		return err
	}
	if info, err := os.Stat(from); err != nil || info.IsDir() {
		return fileNotFound(name, "No such file or directory")
	}
	if err := copyTo(to, from); err != nil {
		return javaIO(to, err)
	}
	return nil
}

// linkFile is copyFile for a file that is about to be deleted.
func linkFile(to, from string) error {
	if err := os.Link(from, to); err != nil {
		return copyFile(to, from)
	}
	return nil
}

// incoming returns a folder of the dropbox's incoming directory.
func (run *ingestion) incoming(name string) (string, error) {
	path, err := run.s.disk.path(run.ds.store.Code, "incoming")
	if err != nil {
		return "", err
	}
	full := filepath.Join(path, name)
	if !strings.HasPrefix(full, path+"/") { // the real server would use it
		return "", errors.New("not in the incoming directory: " + name)
	}
	return full, os.MkdirAll(path, 0o700)
}
