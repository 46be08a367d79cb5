package client

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Criterion is a condition of a search. Criteria are made by the functions of this file; not every one goes with
// every kind of entity, and a search with one that does not fails before anything is sent.
type Criterion struct {
	build func(e entity) (jsonObject, error)
}

// jsonObject is an object of a request. The server wants the name of its class in "@type" everywhere.
type jsonObject = map[string]any

// entity is a kind of entity by the name that the API has for it.
type entity string

const (
	spaceEntity      entity = "space"
	projectEntity    entity = "project"
	experimentEntity entity = "experiment"
	sampleEntity     entity = "sample"
	dataSetEntity    entity = "dataset"
)

// class is the API's name in the names of classes.
func (e entity) class() string {
	switch e {
	case spaceEntity:
		return "Space"
	case projectEntity:
		return "Project"
	case experimentEntity:
		return "Experiment"
	case sampleEntity:
		return "Sample"
	}
	return "DataSet"
}

// typed is an object of a class.
func typed(class string, members jsonObject) jsonObject {
	o := jsonObject{"@type": class}
	for k, v := range members {
		o[k] = v
	}
	return o
}

// searchCriteria is a composite of an entity's class.
func searchCriteria(e entity, operator string, children ...jsonObject) jsonObject {
	if children == nil {
		children = []jsonObject{}
	}
	return typed("as.dto."+string(e)+".search."+e.class()+"SearchCriteria",
		jsonObject{"operator": operator, "criteria": children})
}

// stringField is a criterion on a text. The equality is case-sensitive, and codes are upper case.
func stringField(class, operator, value string) jsonObject {
	return typed("as.dto.common.search."+class+"SearchCriteria", jsonObject{
		"fieldValue": typed("as.dto.common.search.String"+operator+"Value", jsonObject{"value": value}),
	})
}

// buildCriteria makes the search criteria of all that must hold.
func buildCriteria(e entity, all []Criterion) (jsonObject, error) {
	children := make([]jsonObject, 0, len(all))
	for _, c := range all {
		child, err := c.build(e)
		if err != nil {
			return nil, err
		}
		children = append(children, child)
	}
	return searchCriteria(e, "AND", children...), nil
}

// always is a criterion that goes with every kind of entity.
func always(o jsonObject) Criterion {
	return Criterion{func(entity) (jsonObject, error) { return o, nil }}
}

// only is a criterion that goes with some kinds of entities.
func only(name string, build func(entity) jsonObject, kinds ...entity) Criterion {
	return Criterion{func(e entity) (jsonObject, error) {
		for _, k := range kinds {
			if k == e {
				return build(e), nil
			}
		}
		return nil, fmt.Errorf("%w: a search for %ss has no criterion %s", errors.ErrUnsupported, e, name)
	}}
}

// Code demands a code. Of a contained Object that is "CONTAINER:CODE".
func Code(code string) Criterion {
	return always(stringField("Code", "EqualTo", strings.ToUpper(code)))
}

// CodeStartsWith demands the beginning of a code, in any letter case.
func CodeStartsWith(prefix string) Criterion {
	return always(stringField("Code", "StartsWith", prefix))
}

// PermID demands a permId.
func PermID(permID string) Criterion { return always(stringField("PermId", "EqualTo", permID)) }

// Identifier demands an identifier.
func Identifier(identifier string) Criterion {
	return only("identifier", func(entity) jsonObject {
		return stringField("Identifier", "EqualTo", strings.ToUpper(identifier))
	}, projectEntity, experimentEntity, sampleEntity)
}

// TypeCode demands an entity type.
func TypeCode(code string) Criterion {
	return only("type", func(e entity) jsonObject {
		return typed("as.dto."+string(e)+".search."+e.class()+"TypeSearchCriteria", jsonObject{
			"operator": "AND",
			"criteria": []jsonObject{stringField("Code", "EqualTo", strings.ToUpper(code))},
		})
	}, experimentEntity, sampleEntity, dataSetEntity)
}

// Property demands a property's value.
func Property(code, value string) Criterion {
	return only("property", func(entity) jsonObject {
		o := stringField("StringProperty", "EqualTo", value)
		o["fieldName"], o["fieldType"] = strings.ToUpper(code), "PROPERTY"
		return o
	}, experimentEntity, sampleEntity, dataSetEntity)
}

// InSpace demands that Projects or Objects are in a Space.
func InSpace(code string) Criterion {
	return only("space", func(entity) jsonObject {
		return searchCriteria(spaceEntity, "AND", stringField("Code", "EqualTo", strings.ToUpper(code)))
	}, projectEntity, sampleEntity)
}

// InProject demands that Collections or Objects are in a Project. Objects in a Collection of the Project are.
func InProject(permID string) Criterion {
	return only("project", func(entity) jsonObject {
		return searchCriteria(projectEntity, "AND", stringField("PermId", "EqualTo", permID))
	}, experimentEntity, sampleEntity)
}

// InCollection demands that Objects or Datasets are in a Collection. Datasets of an Object in the Collection are.
func InCollection(permID string) Criterion {
	return only("collection", func(entity) jsonObject {
		return searchCriteria(experimentEntity, "AND", stringField("PermId", "EqualTo", permID))
	}, sampleEntity, dataSetEntity)
}

// OfObject demands that Datasets belong to an Object.
func OfObject(permID string) Criterion {
	return only("object", func(entity) jsonObject {
		return searchCriteria(sampleEntity, "AND", stringField("PermId", "EqualTo", permID))
	}, dataSetEntity)
}

// NoSpace demands shared Objects.
func NoSpace() Criterion {
	return only("no space", func(entity) jsonObject {
		return typed("as.dto.space.search.NoSpaceSearchCriteria", nil)
	}, sampleEntity)
}

// NoProject demands Objects that are in no Project.
func NoProject() Criterion {
	return only("no project", func(entity) jsonObject {
		return typed("as.dto.project.search.NoProjectSearchCriteria", nil)
	}, sampleEntity)
}

// NoCollection demands Objects or Datasets that are in no Collection.
func NoCollection() Criterion {
	return only("no collection", func(entity) jsonObject {
		return typed("as.dto.experiment.search.NoExperimentSearchCriteria", nil)
	}, sampleEntity, dataSetEntity)
}

// NoObject demands Datasets that belong to no Object.
func NoObject() Criterion {
	return only("no object", func(entity) jsonObject {
		return typed("as.dto.sample.search.NoSampleSearchCriteria", nil)
	}, dataSetEntity)
}

// Archiving demands physical Datasets in an archiving state.
func Archiving(status ArchivingStatus) Criterion {
	return only("archiving status", func(entity) jsonObject {
		return typed("as.dto.dataset.search.PhysicalDataSearchCriteria", jsonObject{
			"operator": "AND",
			"criteria": []jsonObject{typed("as.dto.dataset.search.StatusSearchCriteria", jsonObject{"fieldValue": status})},
		})
	}, dataSetEntity)
}

// RegisteredSince demands a registration at t or later.
func RegisteredSince(t time.Time) Criterion { return always(since("Registration", t)) }

// ModifiedSince demands a modification at t or later.
func ModifiedSince(t time.Time) Criterion { return always(since("Modification", t)) }

func since(what string, t time.Time) jsonObject {
	return typed("as.dto.common.search."+what+"DateSearchCriteria", jsonObject{
		"fieldValue": typed("as.dto.common.search.DateObjectLaterThanOrEqualToValue", jsonObject{"value": t.UnixMilli()}),
		"timeZone":   typed("as.dto.common.search.ServerTimeZone", nil),
	})
}

// AnyOf demands that at least one of the criteria holds.
func AnyOf(criteria ...Criterion) Criterion { return group("OR", criteria) }

// AllOf demands that all of the criteria hold.
func AllOf(criteria ...Criterion) Criterion { return group("AND", criteria) }

func group(operator string, criteria []Criterion) Criterion {
	return Criterion{func(e entity) (jsonObject, error) {
		o, err := buildCriteria(e, criteria)
		if err != nil {
			return nil, err
		}
		o["operator"] = operator
		return o, nil
	}}
}
