package openbistest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// checkProperties returns the properties as they are stored, by their codes. An empty value is none. The texts are those of
// EntityPropertiesConverter.java and PropertyValidator.java of openBIS. The caller holds the lab's lock.
func (s *Server) checkProperties(person *Person, t *EntityType, given map[string]string) (map[string]string, error) {
	values := make(map[string]string)
	for code, value := range given {
		code = strings.ToUpper(code)
		p := s.propertyType(code)
		if p == nil {
			return nil, userFailure("Property type with code '%s' does not exist!", code)
		}
		if !slices.ContainsFunc(t.Assignments, func(a *PropertyAssignment) bool { return a.PropertyType == p }) {
			return nil, userFailure("Property type with code '%s' is not assigned to data set type '%s'.", code, t.Code)
		}
		if strings.TrimSpace(value) == "" {
			continue
		}
		checked, err := s.checkValue(person, p, value)
		if err != nil {
			return nil, err
		}
		values[code] = checked
	}
	for _, a := range t.Assignments {
		if _, given := values[a.PropertyType.Code]; a.Mandatory && !given {
			return nil, userFailure("Value of mandatory property '%s' not specified.", a.PropertyType.Code)
		}
	}
	return values, nil
}

func (s *Server) propertyType(code string) *PropertyType {
	for _, p := range s.Lab.PropertyTypes {
		if p.Code == code {
			return p
		}
	}
	return nil
}

// dateFormats are the formats of a timestamp that the server takes, longest first.
var dateFormats = []string{
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "1/2/06 3:04 PM", "1/2/06 15:04", "1/2/06",
}

// checkValue returns a value in its stored form.
func (s *Server) checkValue(person *Person, p *PropertyType, value string) (string, error) {
	switch p.DataType {
	case "INTEGER":
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return "", userFailure("Integer value '%s' has improper format.", value)
		}
	case "REAL":
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return "", userFailure("Double value '%s' has improper format.", value)
		}
	case "BOOLEAN":
		switch lower := strings.ToLower(value); lower {
		case "true", "false":
			return lower, nil
		case "1", "yes":
			return "true", nil
		case "0", "no":
			return "false", nil
		}
		return "", userFailure("Boolean value '%s' has improper format. It should be either 'true' or 'false'.", value)
	case "TIMESTAMP", "DATE":
		for _, format := range dateFormats {
			if _, err := time.Parse(format, value); err == nil {
				return value, nil
			}
		}
		return "", userFailure("Date value '%s' has improper format. It must be one of '[%s]'.", value, "yyyy-MM-dd HH:mm:ss Z, yyyy-MM-dd HH:mm:ss, yyyy-MM-dd HH:mm, yyyy-MM-dd")
	case "HYPERLINK":
		if !strings.Contains(value, "://") {
			return "", userFailure("Hyperlink '%s' should start with one of the following protocols: '[http://, https://, ftp://, file://]'", value)
		}
	case "CONTROLLEDVOCABULARY":
		for _, t := range p.Vocabulary.Terms {
			if strings.EqualFold(t.Code, value) {
				return t.Code, nil
			}
		}
		return "", userFailure("Vocabulary value '%s' is not valid. It must exist in '%s' controlled vocabulary.", value, p.Vocabulary.Code)
	case "SAMPLE":
		sample := s.store.sample(strings.ToUpper(value))
		if sample == nil || !person.MaySee(sample.SpaceCode()) {
			return "", userFailure("Unknown sample: %s", value)
		}
		return sample.PermID, nil
	}
	return value, nil
}
