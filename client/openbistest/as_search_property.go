package openbistest

import (
	"strconv"
	"time"
)

// propertyLayouts are the texts in which property values hold points in time.
var propertyLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02",
}

// propertyMatches evaluates criteria for one property, whose code is the field name.
func (q *searcher) propertyMatches(c *object, name string, properties map[string]string) bool {
	value, has := property(properties, c.text("fieldName"))
	if !has {
		return false
	}
	switch name {
	case "NumberProperty":
		n, err := strconv.ParseFloat(value, 64)
		return err == nil && numberMatches(c.object("fieldValue"), n)
	case "BooleanProperty":
		want, given := c.fields["fieldValue"].(bool)
		return !given || value == strconv.FormatBool(want)
	case "DateProperty":
		for _, layout := range propertyLayouts {
			if t, err := time.Parse(layout, value); err == nil {
				return q.date(c)(t)
			}
		}
		return false
	default:
		return q.text(c, sqlEngine)(value)
	}
}
