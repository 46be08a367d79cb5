package openbistest

import (
	"fmt"
	"strconv"
)

// addScreening adds plates whose wells are contained Objects, and Datasets of an instrument that goes its own ways:
// no folder "original", and once a file ".meta.json".
func (s *smallLab) addScreening() {
	s.on(2025, 5, 6, 7, 31, "jsato")
	project := s.AddProject(&Project{Code: "SCREENING", Space: s.samples["MICROSCOPE-1"].Space, Leader: s.people["jsato"],
		Description: "Compounds that delay mitosis"})
	screen := s.AddExperiment(&Experiment{Code: "COMPOUND_SCREEN", Type: s.types.experiment, Project: project,
		Properties: props{"$NAME": "Compound screen", "START_DATE": "2025-05-06", "FINISHED": "false"}})
	plate1 := s.addPlate(screen, "PLATE-001", 12)
	plate2 := s.addPlate(screen, "PLATE-002", 4)

	s.AddDataSet(&DataSet{Type: s.types.raw, Sample: plate1, Properties: props{"$NAME": "Plate reader export"},
		Root: Root(
			File("plate_readings.csv", plateReading(1)),
			Folder("images",
				File("A01.png", newScene(64, 48, 6, 41).preview(green)),
				File("A02.png", newScene(64, 48, 5, 42).preview(green)),
				File("B01.png", newScene(64, 48, 3, 43).preview(green))),
			File("protocol.xml", Text("<?xml version=\"1.0\"?>\n<protocol reader=\"R4\"><shake s=\"10\"/><read wavelength=\"600\"/></protocol>\n")))})
	s.AddDataSet(&DataSet{Type: s.types.raw, Sample: plate2, Properties: props{"$NAME": "Plate reader export"},
		Root: Root(
			File(".meta.json", jsonFile(map[string]any{"reader": "R4", "firmware": "2.8.1", "plate": "PLATE-002"})),
			File("plate_readings.csv", plateReading(2)))})
}

// addPlate adds a plate and its first wells, A1 to A6, then B1 and so on.
func (s *smallLab) addPlate(screen *Experiment, code string, wells int) *Sample {
	plate := s.sample(&Sample{Code: code, Type: s.types.plate, Experiment: screen, Properties: props{
		"$NAME": "Mitosis plate " + code[len(code)-1:], "FORMAT": "96", "BARCODE": "*" + code + "*", "SEEDED_AT": "2025-05-05 17:10:00 +0200",
	}})
	for i := range wells {
		well := s.AddSample(&Sample{Code: fmt.Sprintf("%c%d", 'A'+i/6, i%6+1), Type: s.types.well, Experiment: screen, Properties: props{
			"COMPOUND":      []string{"DMSO", "Nocodazole"}[i/6],
			"CONCENTRATION": strconv.FormatFloat(50/float64(int(1)<<(i%6)), 'f', -1, 64),
			"OD600":         strconv.FormatFloat(0.9+0.1*jitter(9, i), 'f', 3, 64),
		}})
		s.AddComponent(plate, well)
	}
	return plate
}
