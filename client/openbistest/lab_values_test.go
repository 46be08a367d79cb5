package openbistest

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// checkValue checks that the server would take a value of a property.
func checkValue(p *PropertyType, value string) error {
	var err error
	switch p.DataType {
	case "INTEGER":
		_, err = strconv.ParseInt(value, 10, 64)
	case "REAL":
		_, err = strconv.ParseFloat(value, 64)
	case "BOOLEAN":
		if value != "true" && value != "false" {
			err = fmt.Errorf("%q is no boolean", value)
		}
	case "TIMESTAMP":
		_, err = time.Parse("2006-01-02 15:04:05 -0700", value)
	case "DATE":
		_, err = time.Parse(time.DateOnly, value)
	case "CONTROLLEDVOCABULARY":
		err = errors.New("no term " + value)
		for _, t := range p.Vocabulary.Terms {
			if t.Code == value {
				err = nil
			}
		}
	case "SAMPLE":
		if !permIDForm.MatchString(value) {
			err = fmt.Errorf("%q is no permId", value)
		}
	case "HYPERLINK":
		_, err = url.ParseRequestURI(value)
	case "XML":
		d := xml.NewDecoder(strings.NewReader(value))
		for err == nil {
			_, err = d.Token()
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
	case "JSON":
		err = json.Unmarshal([]byte(value), new(any))
	case "VARCHAR":
		if strings.ContainsAny(value, "\n\r") {
			err = errors.New("more than one line")
		}
	case "MULTILINE_VARCHAR":
	default:
		err = fmt.Errorf("unknown data type %s", p.DataType)
	}
	return err
}
