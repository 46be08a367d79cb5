package openbistest

// smallTypes are the entity types of the demo lab.
type smallTypes struct {
	collection, experiment                                          *EntityType // of Collections
	cellLine, slide, plate, well, library, coupon, device, protocol *EntityType // of Objects
	raw, analyzed, attachment, bundle, external                     *EntityType // of Datasets
}

func (s *smallLab) addTypes() {
	s.addVocabularies()
	s.addPropertyTypes()

	s.types = smallTypes{
		collection: s.entityType(ExperimentKind, "COLLECTION", "A folder of Objects", "",
			"General", "$NAME", "$DEFAULT_OBJECT_TYPE"),
		experiment: s.entityType(ExperimentKind, "EXPERIMENT", "Something that was tried out", "",
			"General", "!$NAME", "GOALS", "START_DATE", "FINISHED"),

		cellLine: s.entityType(SampleKind, "CELL_LINE", "Cells in culture", "CELL",
			"General", "!$NAME", "ORGANISM", "PASSAGE", "MYCOPLASMA_TESTED", "RECEIVED",
			"Supply", "SUPPLIER_URL", "NOTES"),
		slide: s.entityType(SampleKind, "SLIDE", "Specimen on a slide or in a dish", "SLIDE",
			"General", "$NAME", "CELL_LINE", "STAINING", "FIXED",
			"Imaging", "MAGNIFICATION", "NUMERICAL_APERTURE", "IMAGED_AT", "ACQUISITION_METADATA", "NOTES"),
		plate: s.entityType(SampleKind, "PLATE", "Microtitre plate", "PLATE",
			"General", "$NAME", "FORMAT", "BARCODE", "SEEDED_AT"),
		well: s.entityType(SampleKind, "WELL", "Well of a plate", "WELL",
			"General", "COMPOUND", "CONCENTRATION", "OD600"),
		library: s.entityType(SampleKind, "LIBRARY", "Sequencing library", "LIB",
			"General", "$NAME", "ORGANISM", "LIBRARY_KIT", "PAIRED_END", "READ_LENGTH", "CONCENTRATION",
			"Sequencing", "INDEX_SEQUENCE", "SEQUENCED_AT", "NOTES"),
		coupon: s.entityType(SampleKind, "COUPON", "Piece of material to be tested", "CPN",
			"General", "$NAME", "ALLOY", "THICKNESS", "HEAT_TREATED", "MACHINED",
			"Test", "CYCLES", "TENSILE_STRENGTH", "DEVICE", "CALIBRATION", "NOTES"),
		device: s.entityType(SampleKind, "INSTRUMENT", "Instrument", "DEV",
			"General", "$NAME", "SERIAL_NUMBER", "RECEIVED", "SUPPLIER_URL", "CALIBRATION"),
		protocol: s.entityType(SampleKind, "PROTOCOL", "How something is done", "PROTOCOL",
			"General", "$NAME", "PROTOCOL_TEXT", "REVISION"),

		raw: s.entityType(DataSetKind, "RAW_DATA", "Data as measured", "",
			"General", "$NAME", "NOTES", "DEVICE"),
		analyzed: s.entityType(DataSetKind, "ANALYZED_DATA", "Results", "",
			"General", "$NAME", "NOTES", "SOFTWARE_VERSION", "REVIEWED"),
		attachment: s.entityType(DataSetKind, "ATTACHMENT", "Document", "",
			"General", "$NAME", "NOTES"),
		bundle: s.entityType(DataSetKind, "BUNDLE", "Several Datasets as one", "",
			"General", "$NAME", "NOTES"),
		external: s.entityType(DataSetKind, "EXTERNAL_DATA", "Data that is kept elsewhere", "",
			"General", "$NAME", "NOTES"),
	}
}

// entityType adds a type. Of the properties, one that ends in a lower-case letter is the section of what follows, and a
// "!" marks a mandatory one.
func (s *smallLab) entityType(kind EntityKind, code, description, prefix, section string, properties ...string) *EntityType {
	t := &EntityType{Kind: kind, Code: code, Description: description, Prefix: prefix}
	for _, p := range properties {
		mandatory := p[0] == '!'
		if mandatory {
			p = p[1:]
		}
		if c := p[len(p)-1]; c >= 'a' && c <= 'z' {
			section = p
			continue
		}
		t.Assignments = append(t.Assignments, &PropertyAssignment{
			PropertyType: s.propertyType(p), Section: section, Mandatory: mandatory,
		})
	}
	return s.AddType(t)
}

func (s *smallLab) propertyType(code string) *PropertyType {
	for _, p := range s.PropertyTypes {
		if p.Code == code {
			return p
		}
	}
	panic("openbistest: no property type " + code)
}

func (s *smallLab) addPropertyTypes() {
	for _, p := range []struct {
		code, label, description string
		dataType                 DataType
		vocabulary               string
	}{
		{"$NAME", "Name", "Name", "VARCHAR", ""},
		{"$DEFAULT_OBJECT_TYPE", "Default object type", "Type that the ELN offers first", "VARCHAR", ""},
		{"ACQUISITION_METADATA", "Acquisition metadata", "As the microscope wrote it", "XML", ""},
		{"ALLOY", "Alloy", "Alloy and temper", "CONTROLLEDVOCABULARY", "ALLOY"},
		{"BARCODE", "Barcode", "Barcode on the plate", "VARCHAR", ""},
		{"CALIBRATION", "Calibration", "Constants of the calibration", "JSON", ""},
		{"CELL_LINE", "Cell line", "Cell line on the slide", "SAMPLE", ""},
		{"COMPOUND", "Compound", "What was added", "VARCHAR", ""},
		{"CONCENTRATION", "Concentration", "Concentration in µM, of libraries in nM", "REAL", ""},
		{"CYCLES", "Cycles", "Load cycles until fracture", "INTEGER", ""},
		{"DEVICE", "Instrument", "Instrument that was used", "SAMPLE", ""},
		{"FINISHED", "Finished", "Whether the experiment is over", "BOOLEAN", ""},
		{"FIXED", "Fixed", "Whether the cells are fixed", "BOOLEAN", ""},
		{"FORMAT", "Format", "Number of wells", "INTEGER", ""},
		{"GOALS", "Goals", "What the experiment shall show", "MULTILINE_VARCHAR", ""},
		{"HEAT_TREATED", "Heat treated", "Whether heat treatment was done in house", "BOOLEAN", ""},
		{"IMAGED_AT", "Imaged at", "Start of the acquisition", "TIMESTAMP", ""},
		{"INDEX_SEQUENCE", "Index", "Index read, i7+i5", "VARCHAR", ""},
		{"LIBRARY_KIT", "Library kit", "Kit for the library preparation", "CONTROLLEDVOCABULARY", "LIBRARY_KIT"},
		{"MACHINED", "Machined", "Day of machining", "DATE", ""},
		{"MAGNIFICATION", "Magnification", "Of the objective", "INTEGER", ""},
		{"MYCOPLASMA_TESTED", "Mycoplasma tested", "Whether the last test was negative", "BOOLEAN", ""},
		{"NOTES", "Notes", "Anything else", "MULTILINE_VARCHAR", ""},
		{"NUMERICAL_APERTURE", "NA", "Numerical aperture of the objective", "REAL", ""},
		{"OD600", "OD 600", "Optical density at 600 nm", "REAL", ""},
		{"ORGANISM", "Organism", "Organism", "CONTROLLEDVOCABULARY", "ORGANISM"},
		{"PAIRED_END", "Paired end", "Whether both ends are read", "BOOLEAN", ""},
		{"PASSAGE", "Passage", "Passage number", "INTEGER", ""},
		{"PROTOCOL_TEXT", "Text", "The protocol", "MULTILINE_VARCHAR", ""},
		{"READ_LENGTH", "Read length", "In bases", "INTEGER", ""},
		{"RECEIVED", "Received", "Day of delivery", "DATE", ""},
		{"REVIEWED", "Reviewed", "Whether a second person has seen the result", "BOOLEAN", ""},
		{"REVISION", "Revision", "Revision", "INTEGER", ""},
		{"SEEDED_AT", "Seeded at", "When the cells were seeded", "TIMESTAMP", ""},
		{"SEQUENCED_AT", "Sequenced at", "Start of the run", "TIMESTAMP", ""},
		{"SERIAL_NUMBER", "Serial number", "Of the maker", "VARCHAR", ""},
		{"SOFTWARE_VERSION", "Software", "Program and version", "VARCHAR", ""},
		{"STAINING", "Staining", "Fluorophore or dye", "CONTROLLEDVOCABULARY", "STAINING"},
		{"START_DATE", "Start date", "First day", "DATE", ""},
		{"SUPPLIER_URL", "Supplier", "Product page", "HYPERLINK", ""},
		{"TENSILE_STRENGTH", "Tensile strength", "In MPa", "REAL", ""},
		{"THICKNESS", "Thickness", "In mm", "REAL", ""},
	} {
		t := &PropertyType{Code: p.code, Label: p.label, Description: p.description, DataType: p.dataType, Managed: p.code[0] == '$'}
		for _, v := range s.Vocabularies {
			if v.Code == p.vocabulary {
				t.Vocabulary = v
			}
		}
		s.AddPropertyType(t)
	}
}

func (s *smallLab) addVocabularies() {
	s.AddVocabulary(&Vocabulary{Code: "ORGANISM", Description: "Organisms in the lab", Terms: []*VocabularyTerm{
		{Code: "HOMO_SAPIENS", Label: "Homo sapiens"},
		{Code: "MUS_MUSCULUS", Label: "Mus musculus"},
		{Code: "S_CEREVISIAE", Label: "Saccharomyces cerevisiae", Description: "Baker's yeast"},
		{Code: "D_MELANOGASTER", Label: "Drosophila melanogaster"},
	}})
	s.AddVocabulary(&Vocabulary{Code: "STAINING", Description: "Fluorophores and dyes", Terms: []*VocabularyTerm{
		{Code: "DAPI", Label: "DAPI (461 nm)"},
		{Code: "EGFP", Label: "EGFP (507 nm)"},
		{Code: "MCHERRY", Label: "mCherry (610 nm)"},
		{Code: "H_AND_E", Label: "Hämatoxylin-Eosin"},
		{Code: "NONE"}, // a term without a label
	}})
	s.AddVocabulary(&Vocabulary{Code: "LIBRARY_KIT", Description: "Kits for library preparation", Terms: []*VocabularyTerm{
		{Code: "TRUSEQ:NANO", Label: "TruSeq DNA Nano"},
		{Code: "NEXTERA:XT", Label: "Nextera XT"},
		{Code: "KAPA:HYPER", Label: "KAPA HyperPrep"},
	}})
	s.AddVocabulary(&Vocabulary{Code: "ALLOY", Description: "Alloys, EN designation", Terms: []*VocabularyTerm{
		{Code: "EN_AW_6082_T6", Label: "EN AW-6082 T6", Description: "AlSi1MgMn, artificially aged"},
		{Code: "EN_AW_7075_T651", Label: "EN AW-7075 T651"},
		{Code: "TI_6AL_4V", Label: "Ti-6Al-4V"},
	}})
}
