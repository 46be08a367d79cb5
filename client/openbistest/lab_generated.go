package openbistest

import (
	"fmt"
	"slices"
)

// AddWide adds the Collection /WIDE/LIBRARY/COMPOUNDS of n Objects CMP-000001, CMP-000002, … with one small Dataset
// each: original/spectrum.csv, 1686 bytes. A Lab can be made wide once.
func (l *Lab) AddWide(n int) {
	sampleType, experimentType, dataSetType := l.generatedTypes()
	space := l.AddSpace(&Space{Code: "WIDE", Description: "One large Collection"})
	project := l.AddProject(&Project{Code: "LIBRARY", Space: space, Description: "Compound library"})
	compounds := l.AddExperiment(&Experiment{Code: "COMPOUNDS", Type: experimentType, Project: project,
		Properties: props{"$NAME": "Compounds"}})

	samples, dataSets, nodes, spectra := make([]Sample, n), make([]DataSet, n), make([]Node, 3*n), make([]spectrum, n)
	l.Samples = slices.Grow(l.Samples, n)
	l.DataSets = slices.Grow(l.DataSets, n)
	named := props{"$NAME": "Spectrum"} // shared, as the entity types are
	for i := range n {
		spectra[i] = spectrum(i)
		root, original, file := &nodes[3*i], &nodes[3*i+1], &nodes[3*i+2]
		root.Children = []*Node{original}
		original.Name, original.Children = "original", []*Node{file}
		file.Name, file.Content = "spectrum.csv", &spectra[i]

		s := &samples[i]
		s.Code, s.Type, s.Experiment = numbered("CMP-", 6, i+1), sampleType, compounds
		s.Properties = props{"$NAME": numbered("Compound ", 1, i+1)}
		l.AddSample(s)
		d := &dataSets[i]
		d.Type, d.Sample, d.Properties, d.Root = dataSetType, s, named, root
		l.AddDataSet(d)
	}
}

// AddDeep adds a whole tree of s Spaces DEEP-01, … of p Projects PROJECT-01, … of c Collections COLLECTION-01, … of
// o Objects OBJECT-0001, … without Datasets; they are numbered through the Project, in which their codes are unique. A Lab can be made deep once.
func (l *Lab) AddDeep(s, p, c, o int) {
	sampleType, experimentType, _ := l.generatedTypes()
	l.Samples = slices.Grow(l.Samples, s*p*c*o)
	for i := range s {
		space := l.AddSpace(&Space{Code: numbered("DEEP-", 2, i+1)})
		for j := range p {
			project := l.AddProject(&Project{Code: numbered("PROJECT-", 2, j+1), Space: space})
			for k := range c {
				collection := l.AddExperiment(&Experiment{Code: numbered("COLLECTION-", 2, k+1), Type: experimentType, Project: project})
				objects := make([]Sample, o)
				for m := range objects {
					objects[m].Code, objects[m].Type, objects[m].Experiment = numbered("OBJECT-", 4, k*o+m+1), sampleType, collection
					objects[m].Properties = props{"$NAME": numbered("Object ", 1, k*o+m+1)}
					l.AddSample(&objects[m])
				}
			}
		}
	}
}

// numbered returns a prefix and a number of at least so many digits.
func numbered(prefix string, digits, n int) string {
	return fmt.Sprintf("%s%0*d", prefix, digits, n)
}

// generatedTypes returns the types of what is generated in numbers, adding them if they are not there yet.
func (l *Lab) generatedTypes() (sample, experiment, dataSet *EntityType) {
	var name *PropertyType
	for _, p := range l.PropertyTypes {
		if p.Code == "$NAME" {
			name = p
		}
	}
	if name == nil {
		name = l.AddPropertyType(&PropertyType{Code: "$NAME", Label: "Name", Description: "Name", DataType: "VARCHAR", Managed: true})
	}
	typeOf := func(kind EntityKind, all []*EntityType, code string) *EntityType {
		for _, t := range all {
			if t.Code == code {
				return t
			}
		}
		return l.AddType(&EntityType{Kind: kind, Code: code, Assignments: []*PropertyAssignment{{PropertyType: name, Section: "General"}}})
	}
	return typeOf(SampleKind, l.SampleTypes, "COMPOUND"), typeOf(ExperimentKind, l.ExperimentTypes, "COLLECTION"),
		typeOf(DataSetKind, l.DataSetTypes, "RAW_DATA")
}
