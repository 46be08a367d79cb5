package client

import "maps"

// What is fetched with each entity: exactly what the types of this package hold. A relation is fetched when its
// member is an object; its own relations are fetched only if they are named too.

func fetchOptions(e, class string, relations jsonObject) jsonObject {
	return typed("as.dto."+e+".fetchoptions."+class+"FetchOptions", relations)
}

func fetchPerson() jsonObject { return fetchOptions("person", "Person", nil) }

func fetchProject() jsonObject {
	return fetchOptions("project", "Project", jsonObject{
		"space": fetchOptions("space", "Space", nil), "registrator": fetchPerson(), "modifier": fetchPerson(), "leader": fetchPerson(),
	})
}

// fetchSpace fetches Spaces with their Projects, whose Space is then known.
func fetchSpace() jsonObject {
	project := fetchProject()
	delete(project, "space")
	return fetchOptions("space", "Space", jsonObject{"registrator": fetchPerson(), "projects": project})
}

// fetchPlainExperiment brings the identifier, which the server sends with every Collection.
func fetchPlainExperiment() jsonObject { return fetchOptions("experiment", "Experiment", nil) }

func fetchCollection() jsonObject {
	return fetchOptions("experiment", "Experiment", jsonObject{
		"type": fetchOptions("experiment", "ExperimentType", nil), "properties": fetchProperties(), "tags": fetchTags(),
		"registrator": fetchPerson(), "modifier": fetchPerson(),
	})
}

// fetchObjectRef fetches what [ObjectRef] holds.
func fetchObjectRef() jsonObject {
	return fetchOptions("sample", "Sample", jsonObject{
		"type": fetchOptions("sample", "SampleType", nil), "space": fetchOptions("space", "Space", nil),
		"project": fetchOptions("project", "Project", nil), "experiment": fetchPlainExperiment(),
	})
}

func fetchObject() jsonObject {
	o := fetchObjectRef()
	o["properties"], o["tags"] = fetchProperties(), fetchTags()
	o["parents"], o["children"] = fetchObjectRef(), fetchObjectRef()
	o["registrator"], o["modifier"] = fetchPerson(), fetchPerson()
	return o
}

// fetchObjectWithDataSets fetches Objects with their Datasets, whose owner is then known.
func fetchObjectWithDataSets() jsonObject {
	dataSets := fetchDataSet()
	delete(dataSets, "sample")
	o := fetchObject()
	o["dataSets"] = dataSets
	return o
}

// fetchDataSetRef fetches what [DataSetRef] holds.
func fetchDataSetRef() jsonObject {
	return fetchOptions("dataset", "DataSet", jsonObject{
		"type": fetchOptions("dataset", "DataSetType", nil), "sample": fetchObjectRef(), "experiment": fetchPlainExperiment(),
	})
}

func fetchDataSet() jsonObject {
	o := fetchDataSetRef()
	o["properties"], o["tags"] = fetchProperties(), fetchTags()
	o["dataStore"] = fetchDataStore()
	o["physicalData"] = fetchOptions("dataset", "PhysicalData", nil)
	o["linkedData"] = fetchOptions("dataset", "LinkedData", jsonObject{"externalDms": fetchOptions("externaldms", "ExternalDms", nil)})
	o["parents"], o["children"], o["components"] = fetchDataSetRef(), fetchDataSetRef(), fetchDataSetRef()
	o["containers"] = fetchOptions("dataset", "DataSet", nil)
	o["registrator"], o["modifier"] = fetchPerson(), fetchPerson()
	return o
}

func fetchDataStore() jsonObject { return fetchOptions("datastore", "DataStore", nil) }

func fetchProperties() jsonObject { return fetchOptions("property", "Property", nil) }

func fetchTags() jsonObject { return fetchOptions("tag", "Tag", nil) }

// page limits fetch options to some of the hits in the order of a field. Without an order a server returns the hits
// of each page as it likes.
func page(fetch jsonObject, e entity, field string, from, count int64) jsonObject {
	o := maps.Clone(fetch)
	o["from"], o["count"] = from, count
	return sorted(o, e, field)
}

func sorted(fetch jsonObject, e entity, field string) jsonObject {
	fetch["sort"] = typed("as.dto."+string(e)+".fetchoptions."+e.class()+"SortOptions", jsonObject{
		"sortings": []jsonObject{typed("as.dto.common.fetchoptions.Sorting", jsonObject{
			"field": field,
			"order": typed("as.dto.common.fetchoptions.SortOrder", jsonObject{"asc": true}),
		})},
	})
	return fetch
}
