package openbistest

// SmallLab returns the demo lab.
func SmallLab() *Lab {
	return NewLab()
}
