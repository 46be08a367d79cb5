package openbistest

// addRelations adds what belongs to no Space, and parents and children across Collections, Projects and Spaces.
func (s *smallLab) addRelations() {
	s.on(2025, 8, 18, 11, 9, "demo")
	protocol := s.sample(&Sample{Code: "PROTOCOL-1", Type: s.types.protocol, Properties: props{
		"$NAME": "Plasma cleaning", "REVISION": "3",
		"PROTOCOL_TEXT": "<p>Rinse with ethanol, dry with N<sub>2</sub>.</p>\n<p>5 min O<sub>2</sub> plasma at 50 W.</p>",
	}})
	for _, link := range []struct {
		parent   string
		children []string
	}{
		{"HELA", []string{"DISH-01", "DISH-02", "DISH-03", "PLATE-001", "PLATE-002"}},
		{"RPE1", []string{"DISH-04"}},
		{"U2OS", []string{"SLIDE-01", "SLIDE-02", "SLIDE-03", "SLIDE-04", "SLIDE-05", "SLIDE-06", "SLIDE-07", "SLIDE-08", "PATIENT-0042"}},
		{"DISH-01", []string{"LIB-10"}}, // across Spaces
		{"ANCESTOR", []string{"LIB-01", "LIB-02", "LIB-03", "LIB-04", "LIB-05"}},
		{"LIB-01", []string{"LIB-06"}},
		{"REFERENCE", []string{"CPN-01", "REF-TI"}},
		{"TESTER-1", []string{"CPN-07"}},
		{"CPN-03", []string{"TIN-1", "SLIDE-08"}}, // across Projects and Spaces
		{"TIN-1", []string{"TIN-2"}},
		{"MICROSCOPE-1", []string{"CPN-02"}}, // from a Space that the observer can't see
	} {
		for _, child := range link.children {
			s.LinkSamples(s.samples[link.parent], s.samples[child])
		}
	}
	s.LinkSamples(protocol, s.samples["TIN-3"])
	// Results that were made of data of another Space.
	s.LinkDataSets(s.samples["DISH-01"].DataSets[0], s.samples["TIN-1"].DataSets[0])
}
