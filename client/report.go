package client

import "strings"

// report is the table that a service answers with. Its shape depends on what has happened: STATUS, MESSAGE and
// RESULT after success, the first two when the service itself has given up, "Parameters" and "Error" after an exception
// (openBIS source, AggregationService.java). The cell "Parameters" is the text of the whole request and not for anybody's
// eyes.
type report struct {
	columns []string
	row     []string // the first
}

func decodeReport(d *document) *report {
	r := &report{}
	n := d.result()
	if !n.ok() {
		d.fail("there is no table")
		return r
	}
	for _, c := range n.objects("columns") {
		r.columns = append(r.columns, c.text("title"))
	}
	rows := n.member("rows")
	if rows == nil || rows.kind != list || len(rows.items) == 0 || rows.items[0].kind != list {
		d.fail("the table has no rows")
		return r
	}
	cells := rows.items[0].items
	for i := range cells {
		r.row = append(r.row, node{d, d.object(&cells[i])}.text("value"))
	}
	return r
}

// find returns the cell of the first row in a column.
func (r *report) find(title string) (string, bool) {
	for i, c := range r.columns {
		if c == title && i < len(r.row) {
			return strings.TrimSpace(r.row[i]), true
		}
	}
	return "", false
}

func (r *report) cell(title string) string {
	s, _ := r.find(title)
	return s
}

func (r *report) is(title, value string) bool {
	s, ok := r.find(title)
	return ok && s == value
}

// failure returns the service's reason for a failure.
func (r *report) failure() (string, bool) {
	if message, ok := r.find("Error"); ok {
		message = strings.TrimPrefix(message, "Chosen plugin failed to create a report:")
		return strings.TrimSpace(message), true
	}
	status, ok := r.find("STATUS")
	if !ok {
		return "", false
	}
	if message := r.cell("MESSAGE"); message != "" {
		return message, true
	}
	return status, true
}
