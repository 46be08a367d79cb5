package openbistest

// generalInformationMethods are the methods of the general information service, version 1.32.
func (as *applicationServer) generalInformationMethods() map[string]method {
	s := as.s
	methods := as.v1SessionMethods("tryToAuthenticateForAllServices", 1, 32)
	methods["isSessionActive"] = method{params: []paramType{textParam}, call: func(args []any) (any, error) {
		// This service fetches the session, which extends it.
		_, err := s.session(argText(args[0]))
		if err != nil && asException(err).class != invalidSessionClass {
			return nil, err
		}
		return err == nil, nil
	}}
	methods["listDataStores"] = method{params: []paramType{textParam}, call: func(args []any) (any, error) {
		if _, err := s.session(argText(args[0])); err != nil {
			return nil, err
		}
		stores := []any{}
		for _, d := range s.Lab.DataStores {
			host := s.downloadURL(d)
			stores = append(stores, &bean{Type: "DataStore", Fields: []field{
				{"code", d.Code}, {"downloadUrl", host + "/datastore_server"}, {"hostUrl", host},
			}})
		}
		return stores, nil
	}}
	methods["getDefaultPutDataStoreBaseURL"] = method{params: []paramType{textParam}, call: func(args []any) (any, error) {
		if _, err := s.session(argText(args[0])); err != nil {
			return nil, err
		}
		if len(s.Lab.DataStores) == 0 {
			return nil, nil
		}
		return s.downloadURL(s.Lab.DataStores[0]), nil
	}}
	methods["tryGetDataStoreBaseURL"] = method{params: []paramType{textParam, textParam}, call: func(args []any) (any, error) {
		session, err := s.session(argText(args[0]))
		if err != nil {
			return nil, err
		}
		d := s.store.dataSet(argText(args[1]))
		if d == nil || d.Store == nil || !s.visible(session.Person, d) {
			return nil, nil
		}
		return s.downloadURL(d.Store), nil
	}}
	return methods
}

// queryMethods are the methods of the query service.
func (as *applicationServer) queryMethods() map[string]method {
	methods := as.v1SessionMethods("tryToAuthenticateAtQueryServer", 1, 7)
	as.addReportMethods(methods)
	return methods
}

// v1SessionMethods are what all v1 services have. They know no personal access tokens.
func (as *applicationServer) v1SessionMethods(login string, major, minor int) map[string]method {
	return map[string]method{
		login: {params: []paramType{textParam, textParam}, call: as.login},
		"logout": {params: []paramType{textParam}, call: func(args []any) (any, error) {
			return nil, as.s.sessions.logout(argText(args[0]))
		}},
		"getMajorVersion": constantMethod(major),
		"getMinorVersion": constantMethod(minor),
	}
}
