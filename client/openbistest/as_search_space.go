package openbistest

import "strconv"

func noIdentifier() string { return "" }

func spaceAttributes(s *Space) *attributes {
	return &attributes{
		code: s.Code, permID: s.Code, identifier: noIdentifier, registered: s.Registered, modified: s.Registered, registrator: s.Registrator,
		more: map[string]string{"techid": strconv.FormatInt(s.ID, 10)},
	}
}

func (q *searcher) space(c *object, s *Space) bool {
	return s != nil && q.related(c, s, func() bool {
		a := spaceAttributes(s)
		return q.group(c, func(child *object) bool {
			if child.class.Type == searchType("space.Space") {
				return q.space(child, s)
			}
			// A space has no column perm_id; the criteria's own default name is translated to the code.
			if child.text("fieldName") == "perm_id" {
				return q.fail(newException("org.postgresql.util.PSQLException", "ERROR: column t0.perm_id does not exist"))
			}
			return q.attribute(child, a)
		})
	})
}

func (q *searcher) project(c *object, p *Project) bool {
	return p != nil && q.related(c, p, func() bool {
		a := &attributes{
			code: p.Code, permID: p.PermID, identifier: p.Identifier, registered: p.Registered, modified: p.Modified,
			registrator: p.Registrator, modifier: p.Modifier,
		}
		return q.group(c, func(child *object) bool {
			switch child.class.Type {
			case searchType("project.Project"):
				return q.project(child, p)
			case searchType("space.Space"):
				return q.space(child, p.Space)
			}
			return q.attribute(child, a)
		})
	})
}

func (q *searcher) experiment(c *object, e *Experiment) bool {
	return e != nil && q.related(c, e, func() bool {
		a := &attributes{
			code: e.Code, permID: e.PermID, identifier: e.Identifier, registered: e.Registered, modified: e.Modified,
			registrator: e.Registrator, modifier: e.Modifier, tags: e.Tags, properties: e.Properties,
		}
		return q.group(c, func(child *object) bool {
			switch child.class.Type {
			case searchType("experiment.Experiment"):
				return q.experiment(child, e)
			case searchType("project.Project"):
				return q.project(child, e.Project)
			case searchType("experiment.ExperimentType"):
				return q.entityType(child, e.Type)
			}
			return q.attribute(child, a)
		})
	})
}

func (q *searcher) entityType(c *object, t *EntityType) bool {
	return q.related(c, t, func() bool {
		a := &attributes{code: t.Code, permID: t.Code, identifier: noIdentifier, modified: t.Modified, registered: t.Modified}
		return q.group(c, func(child *object) bool {
			switch {
			case child.class == c.class:
				return q.entityType(child, t)
			case child.class.Type == searchType("property.PropertyAssignment"):
				for _, assignment := range t.Assignments {
					if q.assignment(child, t, assignment) {
						return true
					}
				}
				return false
			}
			return q.attribute(child, a)
		})
	})
}

// assignment evaluates PropertyAssignmentSearchCriteria.
func (q *searcher) assignment(c *object, t *EntityType, assignment *PropertyAssignment) bool {
	return q.group(c, func(child *object) bool {
		switch child.class.Type {
		case searchType("property.PropertyType"):
			return q.propertyType(child, assignment.PropertyType)
		case searchType("entitytype.EntityType"):
			return q.entityType(child, t)
		}
		return q.attribute(child, &attributes{
			engine: memoryEngine, code: t.Code, permID: t.Code + " (" + string(t.Kind) + "), " + assignment.PropertyType.Code,
		})
	})
}
