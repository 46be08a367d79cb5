package openbistest

import "fmt"

// AddDirectory adds the Dataset /FILES/LOCAL/DIRECTORY/…/original/NAME with the files of a directory of this machine, which
// are delivered as they are and must not change. It is for measurements: the files cost the server next to nothing. A Lab
// can have one.
func (l *Lab) AddDirectory(dir string) (*DataSet, error) {
	node, err := nodeOf(dir)
	if err != nil {
		return nil, fmt.Errorf("files of a Dataset: %w", err)
	}
	node.Walk(func(_ string, n *Node) {
		if n.Content != nil {
			n.Content.CRC32() // now, and not while somebody waits for a listing
		}
	})
	_, experimentType, dataSetType := l.generatedTypes()
	space := l.AddSpace(&Space{Code: "FILES", Description: "Files of the server's machine"})
	project := l.AddProject(&Project{Code: "LOCAL", Space: space})
	collection := l.AddExperiment(&Experiment{Code: "DIRECTORY", Type: experimentType, Project: project,
		Properties: props{"$NAME": "Files of the server's machine"}})
	return l.AddDataSet(&DataSet{Type: dataSetType, Experiment: collection, Root: Original(node)}), nil
}
