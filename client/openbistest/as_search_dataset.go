package openbistest

import (
	"strconv"
)

// dataSet evaluates data set criteria for a related data set.
func (q *searcher) dataSet(c *object, d *DataSet) bool {
	return q.related(c, d, func() bool { return q.dataSetMatches(c, d) })
}

func (q *searcher) dataSetMatches(c *object, d *DataSet) bool {
	a := &attributes{
		code: d.PermID, permID: d.PermID, identifier: func() string { return d.PermID }, registered: d.Registered, modified: d.Modified,
		registrator: d.Registrator, modifier: d.Modifier, tags: d.Tags, properties: d.Properties,
	}
	return q.group(c, func(child *object) bool {
		switch child.class.Type {
		case searchType("dataset.DataSet"):
			return q.dataSetMatches(child, d)
		case searchType("experiment.Experiment"):
			return q.experiment(child, d.Experiment)
		case searchType("sample.Sample"):
			return q.sample(child, d.Sample)
		case searchType("dataset.DataSetType"):
			return q.entityType(child, d.Type)
		case searchType("experiment.NoExperiment"):
			return (d.Experiment == nil) != child.bool("negated", false)
		case searchType("sample.NoSample"):
			return (d.Sample == nil) != child.bool("negated", false)
		case searchType("dataset.DataSetParents"):
			return anyOf(d.Parents, func(r *DataSet) bool { return q.dataSet(child, r) })
		case searchType("dataset.DataSetChildren"):
			return anyOf(d.Children, func(r *DataSet) bool { return q.dataSet(child, r) })
		case searchType("dataset.DataSetContainer"):
			return anyOf(d.Containers, func(r *DataSet) bool { return q.dataSet(child, r) })
		case searchType("dataset.PhysicalData"):
			return d.Physical != nil && q.physicalMatches(child, d.Physical)
		case searchType("dataset.LinkedData"):
			return d.Linked != nil && q.linkedMatches(child, d.Linked)
		}
		return q.attribute(child, a)
	})
}

func (q *searcher) physicalMatches(c *object, p *PhysicalData) bool {
	flag := func(child *object, value bool) bool {
		want, given := child.fields["fieldValue"].(bool)
		return !given || value == want
	}
	return q.group(c, func(child *object) bool {
		switch criteriaName(child) {
		case "Status":
			want := child.text("fieldValue")
			return (want == "" || want == p.Status) != child.bool("negated", false)
		case "Complete":
			want := child.text("fieldValue")
			return (want == "" || want == p.Complete) != child.bool("negated", false)
		case "PresentInArchive":
			return flag(child, p.PresentInArchive)
		case "StorageConfirmation":
			return flag(child, p.StorageConfirmed)
		case "ArchivingRequested":
			return flag(child, p.ArchivingRequested)
		case "Size":
			return p.Size != nil && numberMatches(child.object("fieldValue"), float64(*p.Size))
		case "SpeedHint":
			return numberMatches(child.object("fieldValue"), float64(p.SpeedHint))
		case "StorageFormat", "FileFormatType":
			return q.group(child, func(grandchild *object) bool { return q.attribute(grandchild, &attributes{code: "PROPRIETARY"}) })
		case "LocatorType":
			return q.group(child, func(grandchild *object) bool { return q.attribute(grandchild, &attributes{code: "RELATIVE_LOCATION"}) })
		}
		return q.attribute(child, &attributes{more: map[string]string{
			"shareid": p.ShareID, "location": p.Location, "speedhint": strconv.Itoa(p.SpeedHint),
		}})
	})
}

func (q *searcher) linkedMatches(c *object, l *LinkedData) bool {
	return q.group(c, func(child *object) bool {
		if child.class.Type == searchType("externaldms.ExternalDms") {
			return l.ExternalDMS != nil && q.group(child, func(grandchild *object) bool {
				return q.attribute(grandchild, &attributes{code: l.ExternalDMS.Code, permID: l.ExternalDMS.Code})
			})
		}
		return q.attribute(child, &attributes{more: map[string]string{"externalcode": l.ExternalCode}})
	})
}
