package openbistest

import (
	"fmt"
	"strconv"
)

func (s *smallLab) addMaterials() {
	s.on(2025, 2, 10, 8, 55, "mkeller")
	space := s.AddSpace(&Space{Code: "MATERIALS", Description: "Fatigue and coatings of light metals"})
	tester := s.sample(&Sample{Code: "TESTER-1", Type: s.types.device, Space: space, Properties: props{
		"$NAME": "Universal testing machine, 100 kN", "SERIAL_NUMBER": "UTM100-882", "RECEIVED": "2017-08-01",
		"CALIBRATION": `{"load_cell_N_per_mV":5012.5,"valid_until":"2026-01-31"}`,
	}})
	s.AddDataSet(&DataSet{Type: s.types.attachment, Sample: tester, Properties: props{"$NAME": "Manual"},
		Root: Original(File("manual.pdf", pdfReport("UTM100 in short", manualLines()...)))})

	fatigue := s.AddProject(&Project{Code: "AL_FATIGUE", Space: space, Leader: s.people["mkeller"], Description: "Fatigue of 6082 and 7075"})
	tests := s.AddExperiment(&Experiment{Code: "TENSILE_TESTS", Type: s.types.experiment, Project: fatigue,
		Properties: props{"$NAME": "Tensile tests", "START_DATE": "2025-02-10", "FINISHED": "true", "GOALS": "Static strength before the fatigue tests"}})
	for i := range 8 {
		s.sample(&Sample{Code: fmt.Sprintf("CPN-%02d", i+1), Type: s.types.coupon, Experiment: tests, Properties: props{
			"$NAME": fmt.Sprintf("Coupon %d", i/2+1), "ALLOY": []string{"EN_AW_6082_T6", "EN_AW_7075_T651"}[i%2],
			"THICKNESS": strconv.FormatFloat(2+0.05*float64(i), 'f', 2, 64), "HEAT_TREATED": strconv.FormatBool(i%3 == 0),
			"MACHINED": fmt.Sprintf("2025-01-%02d", 20+i), "TENSILE_STRENGTH": strconv.FormatFloat(312+4.5*jitter(12, i), 'f', 1, 64),
			"CYCLES": strconv.Itoa(120_000 + 7_919*i), "DEVICE": tester.PermID,
		}})
	}
	s.addTensileTest(s.samples["CPN-07"])
	s.addDetectorFrames(s.samples["CPN-02"])

	// A Collection and an Object of one code in one Project.
	reference := s.AddExperiment(&Experiment{Code: "REFERENCE", Type: s.types.collection, Project: fatigue, Properties: props{"$NAME": "Reference coupons"}})
	s.sample(&Sample{Code: "REFERENCE", Type: s.types.coupon, Project: fatigue, Properties: props{
		"$NAME": "Reference", "ALLOY": "EN_AW_6082_T6", "THICKNESS": "3", "HEAT_TREATED": "false", "MACHINED": "2016-02-29",
	}})
	s.sample(&Sample{Code: "REF-TI", Type: s.types.coupon, Experiment: reference, Properties: props{
		"$NAME": "Reference", "ALLOY": "TI_6AL_4V", "THICKNESS": "1.0e-1", "CYCLES": "-1",
	}})
	certificate := func(of string) *Node {
		return Original(File("certificate.pdf", pdfReport("Certificate "+of, "Tested according to EN 10204-3.1.")))
	}
	s.AddDataSet(&DataSet{Type: s.types.attachment, Sample: s.samples["REFERENCE"], Properties: props{"$NAME": "Certificate"}, Root: certificate("REFERENCE")})
	s.AddDataSet(&DataSet{Type: s.types.attachment, Experiment: reference, Properties: props{"$NAME": "Certificate"}, Root: certificate("of the batch")})

	s.addCoatings(space)
	s.AddProject(&Project{Code: "BATTERIES", Space: space, Description: "Planned for 2026"})
}

func manualLines() []string {
	lines := []string{"Before you start: emergency stop released, limit switches set.", ""}
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("%d. Check clamp %d and write the result into the log book.", i+1, i%4+1))
	}
	return lines
}

// addTensileTest adds a measurement in HDF5 and, as a child, the table made of it.
func (s *smallLab) addTensileTest(coupon *Sample) {
	raw := s.AddDataSet(&DataSet{Type: s.types.raw, Sample: coupon, Properties: props{"$NAME": "Tensile test", "DEVICE": s.samples["TESTER-1"].PermID},
		Root: Original(File("tensile_cpn07.h5", labFile("tensile.h5")))})
	curve := s.AddDataSet(&DataSet{Type: s.types.analyzed, Sample: coupon, Properties: props{"$NAME": "Stress-strain curve", "REVIEWED": "true"},
		Root: Original(Folder("DEFAULT",
			File("curve.csv", csvTable("strain,stress_mpa", 300, func(i int) string {
				strain := float64(i) * 4e-4
				stress := min(71_000*strain, 284+900*strain-2_600*strain*strain)
				return fmt.Sprintf("%.4f,%.2f", strain, stress+0.4*jitter(31, i))
			})),
			File("fracture.png", newScene(96, 72, 40, 31).preview(grey)),
			File("result.json", jsonFile(map[string]any{"r_m_mpa": 314.2, "r_p02_mpa": 284.1, "a_percent": 11.8, "valid": true, "comment": nil}))))})
	s.LinkDataSets(raw, curve)
}

// addDetectorFrames adds binary files of sizes around the blocks in which they are read.
func (s *smallLab) addDetectorFrames(coupon *Sample) {
	const mib = 1 << 20
	folder := Folder("DEFAULT", File("empty.raw", Bytes(nil)), File("one_byte.raw", Text("\x00")))
	for i, f := range []struct {
		name string
		size int64
	}{
		{"frame_1023_kib.raw", mib - 1024},
		{"frame_1_mib.raw", mib},
		{"frame_1_mib_and_1.raw", mib + 1},
		{"frame_1536_kib.raw", mib + mib/2},
		{"frame_2_mib.raw", 2 * mib},
		{"scan_5_mib.raw", 5*mib + 12345},
	} {
		folder.Children = append(folder.Children, File(f.name, Generated(f.size, uint64(200+i))))
	}
	s.AddDataSet(&DataSet{Type: s.types.raw, Sample: coupon, Properties: props{"$NAME": "Detector frames"}, Root: Original(folder)})
}

// addCoatings adds a Project of which one Dataset is in a second data store.
func (s *smallLab) addCoatings(space *Space) {
	s.on(2025, 7, 21, 15, 26, "jsato")
	project := s.AddProject(&Project{Code: "COATINGS", Space: space, Leader: s.people["jsato"], Description: "Hard coatings by PVD"})
	trials := s.AddExperiment(&Experiment{Code: "PVD_TRIALS", Type: s.types.experiment, Project: project,
		Properties: props{"$NAME": "PVD trials", "START_DATE": "2025-07-21", "FINISHED": "false"}})
	for i, alloy := range []string{"TI_6AL_4V", "TI_6AL_4V", "EN_AW_7075_T651"} {
		s.sample(&Sample{Code: fmt.Sprintf("TIN-%d", i+1), Type: s.types.coupon, Experiment: trials, Properties: props{
			"$NAME": "TiN on " + alloy, "ALLOY": alloy, "THICKNESS": "0.0034", "HEAT_TREATED": "true",
		}})
	}
	s.AddDataSet(&DataSet{Type: s.types.raw, Sample: s.samples["TIN-1"], Store: s.dss2, Properties: props{"$NAME": "Profilometer"},
		Root: Original(Folder("DEFAULT",
			File("profile.csv", csvTable("x_um,height_nm", 500, func(i int) string {
				return fmt.Sprintf("%.1f,%.2f", float64(i)*0.5, 3400+120*jitter(61, i))
			})),
			File("settings.json", jsonFile(map[string]any{"stylus_um": 2, "force_mg": 1, "speed_um_s": 50}))))})
}
