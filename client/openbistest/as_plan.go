package openbistest

import "strings"

// A search looks only at candidates that criteria joined by AND can be answered for by an index; the criteria themselves
// are then evaluated for each candidate.

// narrow returns the smallest list of candidates that any child of AND criteria offers, all when none does.
func narrow[T any](c *object, all []T, candidates func(child *object) ([]T, bool)) []T {
	children := c.objects("criteria")
	if c.bool("negated", false) || c.text("operator") == "OR" && len(children) > 1 {
		return all
	}
	for _, child := range children {
		if child.bool("negated", false) {
			continue
		}
		if list, ok := candidates(child); ok && len(list) < len(all) {
			all = list
		}
	}
	return all
}

// filter returns what matches, without doubles.
func filter[T comparable](list []T, match func(T) bool) []T {
	var found []T
	seen := make(map[T]bool)
	for _, e := range list {
		if !seen[e] && match(e) {
			seen[e] = true
			found = append(found, e)
		}
	}
	return found
}

// exactly returns the text that a criterion wants something to equal, if it is such a criterion.
func exactly(child *object) (kind, text string, ok bool) {
	switch criteriaName(child) {
	case "Id":
		id := child.object("id")
		if id == nil {
			return "", "", false
		}
		if identifier := id.text("identifier"); identifier != "" {
			return "Identifier", strings.ToUpper(identifier), true
		}
		return "PermId", id.text("permId"), id.text("permId") != ""
	case "PermId", "Identifier", "Code":
		value := child.object("fieldValue")
		column := normaliseField(child.text("fieldName"))
		if value == nil || value.fields["value"] == nil || value.class.Type != "as.dto.common.search.StringEqualToValue" ||
			column != "" && column != normaliseField(criteriaName(child)) ||
			child.bool("useWildcards", true) && strings.ContainsAny(value.text("value"), "*?") {
			return "", "", false
		}
		return criteriaName(child), value.text("value"), true
	}
	return "", "", false
}

func one[T any](e T, found bool) []T {
	if !found {
		return []T{}
	}
	return []T{e}
}

func (q *searcher) spaces(c *object) []*Space {
	st := q.s.store
	candidates := narrow(c, q.s.Lab.Spaces, func(child *object) ([]*Space, bool) {
		if kind, text, ok := exactly(child); ok && kind != "Identifier" {
			s, found := st.spaces[text]
			return one(s, found), true
		}
		return nil, false
	})
	return filter(candidates, func(s *Space) bool { return q.space(c, s) && q.person.MaySee(s.Code) })
}

func (q *searcher) projects(c *object) []*Project {
	st := q.s.store
	candidates := narrow(c, q.s.Lab.Projects, func(child *object) ([]*Project, bool) {
		if child.class.Type == searchType("space.Space") {
			list := []*Project{}
			for _, s := range q.spaces(child) {
				list = append(list, st.projectsOf[s]...)
			}
			return list, true
		}
		if kind, text, ok := exactly(child); ok && kind != "Code" {
			p, found := st.projects[text]
			return one(p, found), true
		}
		return nil, false
	})
	return filter(candidates, func(p *Project) bool { return q.project(c, p) && q.person.MaySee(p.Space.Code) })
}

func (q *searcher) experiments(c *object) []*Experiment {
	st := q.s.store
	candidates := narrow(c, q.s.Lab.Experiments, func(child *object) ([]*Experiment, bool) {
		if child.class.Type == searchType("project.Project") {
			list := []*Experiment{}
			for _, p := range q.projects(child) {
				list = append(list, st.experimentsOf[p]...)
			}
			return list, true
		}
		if kind, text, ok := exactly(child); ok && kind != "Code" {
			e, found := st.experiments[text]
			return one(e, found), true
		}
		return nil, false
	})
	return filter(candidates, func(e *Experiment) bool { return q.experiment(c, e) && q.person.MaySee(e.Project.Space.Code) })
}

func (q *searcher) samples(c *object) []*Sample {
	st := q.s.store
	candidates := narrow(c, q.s.Lab.Samples, func(child *object) ([]*Sample, bool) {
		list := []*Sample{}
		switch child.class.Type {
		case searchType("experiment.Experiment"):
			for _, e := range q.experiments(child) {
				list = append(list, st.samplesOf[e]...)
			}
			return list, true
		case searchType("project.Project"):
			for _, p := range q.projects(child) {
				list = append(list, st.samplesOfProject[p]...)
			}
			return list, true
		case searchType("space.Space"):
			for _, s := range q.spaces(child) {
				list = append(list, st.samplesOfSpace[s]...)
			}
			return list, true
		case searchType("sample.Sample"):
			return q.samples(child), true
		}
		if kind, text, ok := exactly(child); ok && kind != "Code" {
			s, found := st.samples[text]
			return one(s, found), true
		}
		return nil, false
	})
	return filter(candidates, func(s *Sample) bool { return q.person.MaySee(s.SpaceCode()) && q.sampleMatches(c, s) })
}

func (q *searcher) dataSets(c *object) []*DataSet {
	st := q.s.store
	candidates := narrow(c, q.s.Lab.DataSets, func(child *object) ([]*DataSet, bool) {
		list := []*DataSet{}
		switch child.class.Type {
		case searchType("experiment.Experiment"):
			for _, e := range q.experiments(child) {
				list = append(list, st.dataSetsOf[e]...)
			}
			return list, true
		case searchType("sample.Sample"):
			for _, s := range q.samples(child) {
				list = append(list, s.DataSets...)
			}
			return list, true
		case searchType("dataset.DataSet"):
			return q.dataSets(child), true
		case searchType("common.Codes"):
			codes, _ := child.fields["fieldValue"].([]any)
			for _, code := range codes {
				if text, ok := code.(string); ok && st.dataSets[text] != nil {
					list = append(list, st.dataSets[text])
				}
			}
			return list, true
		}
		if kind, text, ok := exactly(child); ok && kind != "Identifier" {
			d, found := st.dataSets[text]
			return one(d, found), true
		}
		return nil, false
	})
	return filter(candidates, func(d *DataSet) bool { return q.s.visible(q.person, d) && q.dataSetMatches(c, d) })
}

// searchDataSets is the data set search of the application server as the data stores use it. Criteria that cannot be evaluated
// find nothing.
func (s *Server) searchDataSets(person *Person, criteria *object) []*DataSet {
	q := s.newSearcher(person)
	found := q.dataSets(criteria)
	made := q.generatedDataSets(criteria)
	for i := range made.where.len() {
		found = append(found, made.make(made.where.at(i)))
	}
	if q.err != nil {
		return nil
	}
	return found
}
