package openbistest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// sorting is one criterion of an order.
type sorting struct {
	field      string
	descending bool
}

func sortings(fo *fetchOptions) []sorting {
	if fo == nil || fo.sort == nil {
		return nil
	}
	var list []sorting
	for _, s := range fo.sort.objects("sortings") {
		if field := s.text("field"); field != "" {
			descending := false
			if order := s.object("order"); order != nil {
				descending = !order.bool("asc", true)
			}
			list = append(list, sorting{field, descending})
		}
	}
	return list
}

// sortKeys gives the value of a sort field of an entity: a text, number or [time.Time]; nil sorts last.
type sortKeys[T any] func(e T, field string) (value any, known bool)

// sortAndPage orders and cuts a list as SortAndPage.java of openBIS does: without a sort by code. byDefault false keeps the order
// that the list has when nothing was asked for.
func sortAndPage[T any](list []T, fo *fetchOptions, keys sortKeys[T], byDefault bool) ([]T, error) {
	by := sortings(fo)
	if len(by) == 0 && byDefault {
		by = []sorting{{field: "CODE"}}
	}
	if len(by) > 0 && len(list) > 0 {
		for _, s := range by {
			if _, known := keys(list[0], s.field); !known {
				return nil, illegalArgument("Comparator for field %s not found", s.field)
			}
		}
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b T) int {
			for _, s := range by {
				x, _ := keys(a, s.field)
				y, _ := keys(b, s.field)
				if c := compareKeys(x, y, s.descending); c != 0 {
					return c
				}
			}
			return 0
		})
	}
	return page(list, fo), nil
}

// naturalText is ordered with its numbers by value: S9 before S10.
type naturalText string

func (a naturalText) compare(b naturalText) int {
	for a != "" && b != "" {
		x, y := a.chunk(), b.chunk()
		c := strings.Compare(string(x), string(y))
		if x.isNumber() && y.isNumber() {
			c = cmp.Or(cmp.Compare(len(strings.TrimLeft(string(x), "0")), len(strings.TrimLeft(string(y), "0"))), c)
		}
		if c != 0 {
			return c
		}
		a, b = a[len(x):], b[len(y):]
	}
	return cmp.Compare(len(a), len(b))
}

// chunk is the longest beginning of only digits or only others.
func (a naturalText) chunk() naturalText {
	i := 1
	for i < len(a) && a[i:].isNumber() == a.isNumber() {
		i++
	}
	return a[:i]
}

func (a naturalText) isNumber() bool { return a[0] >= '0' && a[0] <= '9' }

func compareKeys(x, y any, descending bool) int {
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	c := 0
	switch x := x.(type) {
	case string:
		c = cmp.Compare(x, y.(string))
	case naturalText:
		c = x.compare(y.(naturalText))
	case time.Time:
		c = x.Compare(y.(time.Time))
	case int64:
		c = cmp.Compare(x, y.(int64))
	}
	if descending {
		return -c
	}
	return c
}

// page cuts out what from and count want. Negative values count as zero.
func page[T any](list []T, fo *fetchOptions) []T {
	if fo == nil {
		return list
	}
	if fo.from != nil {
		list = list[min(max(*fo.from, 0), int64(len(list))):]
	}
	if fo.count != nil {
		list = list[:min(max(*fo.count, 0), int64(len(list)))]
	}
	return list
}

// entityKey is the part of sort keys that all entities share.
func entityKey(field, code, permID string, registered, modified time.Time) (any, bool) {
	switch field {
	case "CODE":
		return naturalText(code), true
	case "PERM_ID":
		return permID, true
	case "REGISTRATION_DATE":
		return registered, true
	case "MODIFICATION_DATE":
		return modified, true
	}
	return nil, false
}

// propertyKey is the sort key of "PROPERTY<code>" and "TYPE".
func propertyKey(field string, t *EntityType, properties map[string]string) (any, bool) {
	if field == "TYPE" {
		return t.Code, true
	}
	if code, ok := strings.CutPrefix(field, "PROPERTY"); ok {
		if value, has := property(properties, code); has {
			return value, true
		}
		return nil, true
	}
	return nil, false
}

func spaceKey(s *Space, field string) (any, bool) {
	return entityKey(field, s.Code, s.Code, s.Registered, s.Registered)
}

func projectKey(p *Project, field string) (any, bool) {
	if field == "IDENTIFIER" {
		return p.Identifier(), true
	}
	return entityKey(field, p.Code, p.PermID, p.Registered, p.Modified)
}

func experimentKey(e *Experiment, field string) (any, bool) {
	if field == "IDENTIFIER" {
		return e.Identifier(), true
	}
	if v, ok := propertyKey(field, e.Type, e.Properties); ok {
		return v, true
	}
	return entityKey(field, e.Code, e.PermID, e.Registered, e.Modified)
}

func sampleKey(s *Sample, field string) (any, bool) {
	if field == "IDENTIFIER" {
		return s.Identifier(), true
	}
	if v, ok := propertyKey(field, s.Type, s.Properties); ok {
		return v, true
	}
	return entityKey(field, s.Code, s.PermID, s.Registered, s.Modified)
}

func dataSetKey(d *DataSet, field string) (any, bool) {
	if v, ok := propertyKey(field, d.Type, d.Properties); ok {
		return v, true
	}
	return entityKey(field, d.PermID, d.PermID, d.Registered, d.Modified)
}

func typeKey(t *EntityType, field string) (any, bool) {
	return entityKey(field, t.Code, t.Code, t.Modified, t.Modified)
}

func propertyTypeKey(p *PropertyType, field string) (any, bool) {
	return entityKey(field, p.Code, p.Code, p.Registered, p.Registered)
}

func vocabularyKey(v *Vocabulary, field string) (any, bool) {
	return entityKey(field, v.Code, v.Code, v.Registered, v.Registered)
}

func dataStoreKey(d *DataStore, field string) (any, bool) {
	return entityKey(field, d.Code, d.Code, d.Registered, d.Registered)
}

func personKey(p *Person, field string) (any, bool) {
	return entityKey(field, p.UserID, p.UserID, p.Registered, p.Registered)
}

func tagKey(t *Tag, field string) (any, bool) {
	return entityKey(field, t.Code, t.Code, t.Registered, t.Registered)
}
