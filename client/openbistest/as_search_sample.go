package openbistest

import "strings"

// sampleCode is what code criteria compare with: the last part of the identifier, with the container.
func sampleCode(s *Sample) string {
	identifier := s.Identifier()
	return identifier[strings.LastIndexByte(identifier, '/')+1:]
}

// sample evaluates sample criteria for a related sample.
func (q *searcher) sample(c *object, s *Sample) bool {
	if s != nil && q.s.store.huge.owns(s.ID) {
		return q.sampleMatches(c, s) // it is not kept
	}
	return s != nil && q.related(c, s, func() bool { return q.sampleMatches(c, s) })
}

func (q *searcher) sampleMatches(c *object, s *Sample) bool {
	a := &attributes{
		code: s.Code, permID: s.PermID, identifier: s.Identifier, registered: s.Registered, modified: s.Modified,
		registrator: s.Registrator, modifier: s.Modifier, tags: s.Tags, properties: s.Properties,
	}
	if s.Container != nil {
		a.code = sampleCode(s)
	}
	return q.group(c, func(child *object) bool {
		switch child.class.Type {
		case searchType("sample.Sample"):
			return q.sampleMatches(child, s)
		case searchType("space.Space"):
			return q.space(child, s.Space)
		case searchType("project.Project"):
			return q.project(child, s.Project)
		case searchType("experiment.Experiment"):
			return q.experiment(child, s.Experiment)
		case searchType("sample.SampleType"):
			return q.entityType(child, s.Type)
		case searchType("sample.SampleParents"):
			return anyOf(s.Parents, func(r *Sample) bool { return q.sample(child, r) })
		case searchType("sample.SampleChildren"):
			return anyOf(s.Children, func(r *Sample) bool { return q.sample(child, r) })
		case searchType("sample.SampleContainer"):
			return q.sample(child, s.Container)
		case searchType("space.NoSpace"):
			return (s.Space == nil) != child.bool("negated", false)
		case searchType("project.NoProject"):
			return (s.Project == nil) != child.bool("negated", false)
		case searchType("experiment.NoExperiment"):
			return (s.Experiment == nil) != child.bool("negated", false)
		case searchType("sample.NoSampleContainer"):
			return (s.Container == nil) != child.bool("negated", false)
		}
		return q.attribute(child, a)
	})
}

func anyOf[T any](list []T, match func(T) bool) bool {
	for _, e := range list {
		if match(e) {
			return true
		}
	}
	return false
}
