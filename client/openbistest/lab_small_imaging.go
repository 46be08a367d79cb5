package openbistest

import (
	"fmt"
	"image/color"
	"strconv"
)

// BigFileSize is the size of "big.raw" in the demo lab: 1024 frames of 2048 × 2048 pixels of 16 bits, 8 GiB.
const BigFileSize = 8 << 30

const bigFileSeed = 1

func (s *smallLab) addMicroscopy() {
	s.on(2025, 1, 13, 9, 20, "mkeller")
	space := s.AddSpace(&Space{Code: "MICROSCOPY", Description: "Light microscopy of dividing cells"})
	s.sample(&Sample{Code: "MICROSCOPE-1", Type: s.types.device, Space: space, Properties: props{
		"$NAME": "Spinning disk (room E14)", "SERIAL_NUMBER": "SD-4471-B", "RECEIVED": "2019-11-04",
		"SUPPLIER_URL": "https://microscopes.example/spinning-disk", "CALIBRATION": `{"pixel_nm":185,"stage_um":[0.02,0.02,0.1]}`,
	}})
	s.sample(&Sample{Code: "MICROSCOPE-2", Type: s.types.device, Space: space, Properties: props{
		"$NAME": "Slide scanner", "SERIAL_NUMBER": "0023119", "RECEIVED": "2022-06-20",
	}})
	project := s.AddProject(&Project{Code: "MITOSIS", Space: space, Leader: s.people["mkeller"],
		Description: "How long do cells take to divide, and what delays them?\nStarted with the 2024 pilot."})

	s.addCellLines(project)
	s.addLiveImaging(project)
	s.addSlides(project)
}

func (s *smallLab) addCellLines(project *Project) {
	lines := s.AddExperiment(&Experiment{Code: "CELL_LINES", Type: s.types.collection, Project: project,
		Properties: props{"$NAME": "Cell lines", "$DEFAULT_OBJECT_TYPE": "CELL_LINE"}})
	for _, c := range []struct{ code, name, organism, passage, received string }{
		{"HELA", "HeLa H2B-mCherry", "HOMO_SAPIENS", "14", "2023-02-17"},
		{"U2OS", "U-2 OS", "HOMO_SAPIENS", "9", "2023-02-17"},
		{"RPE1", "hTERT RPE-1 EGFP-tubulin", "HOMO_SAPIENS", "22", "2024-05-06"},
		{"NIH3T3", "NIH/3T3", "MUS_MUSCULUS", "31", "2021-09-30"},
	} {
		s.sample(&Sample{Code: c.code, Type: s.types.cellLine, Experiment: lines, Properties: props{
			"$NAME": c.name, "ORGANISM": c.organism, "PASSAGE": c.passage, "RECEIVED": c.received,
			"MYCOPLASMA_TESTED": "true", "SUPPLIER_URL": "https://cells.example/catalogue?line=" + c.code,
		}})
	}
	s.samples["NIH3T3"].Properties["NOTES"] = "Überwächst schnell: alle 2 Tage teilen.\nSplit 1:6, 10 % FCS.\n"
	s.samples["NIH3T3"].Properties["MYCOPLASMA_TESTED"] = "false"
}

func (s *smallLab) addLiveImaging(project *Project) {
	s.on(2025, 3, 4, 8, 5, "mkeller")
	live := s.AddExperiment(&Experiment{Code: "LIVE_IMAGING", Type: s.types.experiment, Project: project,
		Tags: []*Tag{s.tags["PUBLICATION_2025"]},
		Properties: props{"$NAME": "Live imaging, March 2025", "START_DATE": "2025-03-04", "FINISHED": "true",
			"GOALS": "Measure the time from nuclear envelope breakdown to anaphase.\nAt least 200 divisions for each condition."}})
	for i, name := range []string{"HeLa control", "HeLa + 50 nM nocodazole", "HeLa control", "RPE-1 <pilot> & 37 °C"} {
		dish := &Sample{Code: fmt.Sprintf("DISH-%02d", i+1), Type: s.types.slide, Experiment: live, Properties: props{
			"$NAME": name, "CELL_LINE": s.samples["HELA"].PermID, "STAINING": "MCHERRY", "FIXED": "false",
			"MAGNIFICATION": "60", "NUMERICAL_APERTURE": "1.42", "IMAGED_AT": fmt.Sprintf("2025-03-04 %02d:30:00 +0100", 10+i),
			"ACQUISITION_METADATA": `<acquisition microscope="MICROSCOPE-1"><channel name="mCherry" exposure="80" unit="ms"/>` +
				`<interval unit="s">90</interval></acquisition>`,
		}}
		s.sample(dish)
	}
	s.samples["DISH-04"].Properties["CELL_LINE"] = s.samples["RPE1"].PermID
	s.samples["DISH-04"].Tags = []*Tag{s.tags["NEEDS_REVIEW"]}

	s.addTimeLapse(s.samples["DISH-01"])
	s.AddDataSet(&DataSet{Type: s.types.raw, Sample: s.samples["DISH-02"], Properties: props{"$NAME": "Nocodazole, 5 frames"},
		Root: Original(File("dish02.tif", newScene(160, 120, 9, 2).stack(5, "DISH-02, 60x/1.42, mCherry")))})
	fresh := File("dish03.tif", newScene(160, 120, 7, 3).stack(4, "DISH-03, 60x/1.42, mCherry"))
	fresh.NoCRC = true // as long as the path-info task has not seen it
	notes := File("notes.txt", Text("Focus lost after frame 4. CRC32 not computed yet.\n"))
	notes.NoCRC = true
	s.AddDataSet(&DataSet{Type: s.types.raw, Sample: s.samples["DISH-03"], Properties: props{"$NAME": "Just registered"},
		Root: Original(Folder("DEFAULT", fresh, notes))})

	s.AddDataSet(&DataSet{Type: s.types.raw, Experiment: live,
		Properties: props{"$NAME": "Camera stream", "DEVICE": s.samples["MICROSCOPE-1"].PermID,
			"NOTES": "1024 frames, 2048 x 2048, little-endian uint16, no header"},
		Root: Original(Folder("DEFAULT",
			File("big.raw", Generated(BigFileSize, bigFileSeed)),
			File("big.json", jsonFile(map[string]any{"dtype": "<u2", "shape": []int{1024, 2048, 2048}, "interval_ms": 50, "gain": 1.8})),
			File("README.txt", Text("big.raw is read with numpy.memmap(\"big.raw\", \"<u2\", \"r\", shape=(1024, 2048, 2048)).\n"))))})
}

// addTimeLapse adds a recording and what came out of it.
func (s *smallLab) addTimeLapse(dish *Sample) {
	movie := newScene(320, 240, 14, 1)
	raw := s.AddDataSet(&DataSet{Type: s.types.raw, Sample: dish, Tags: []*Tag{s.tags["PUBLICATION_2025"]},
		Properties: props{"$NAME": "Time-lapse", "DEVICE": s.samples["MICROSCOPE-1"].PermID},
		Root: Original(Folder("DEFAULT",
			File("stack.tif", movie.stack(8, "DISH-01, 60x/1.42, mCherry, 90 s")),
			File("preview.png", newScene(120, 90, 14, 1).preview(red)),
			File("acquisition.json", jsonFile(map[string]any{
				"microscope": "MICROSCOPE-1", "objective": "60x/1.42 oil", "channels": []string{"mCherry"}, "exposure_ms": 80,
				"interval_s": 90, "frames": 8, "pixel_size_um": 0.185, "temperature_c": 37.0,
			})),
			File("notes.txt", Text("Dish from 3 March, passage 14.\nMedium change at 9:40, then 37 °C and 5 % CO₂ for an hour.\n"))))})

	s.on(2025, 3, 11, 14, 2, "jsato")
	analyzed := s.AddDataSet(&DataSet{Type: s.types.analyzed, Sample: dish,
		Properties: props{"$NAME": "Tracks", "SOFTWARE_VERSION": "TrackMate 7.13.2", "REVIEWED": "true"},
		Root: Original(Folder("DEFAULT",
			File("tracks.csv", csvTable("track,frame,x_um,y_um,mean_intensity", 14*8, func(i int) string {
				c, page := movie.cells[i/8], i%8
				return fmt.Sprintf("%d,%d,%.3f,%.3f,%d", i/8+1, page, float64(c.x+page*c.dx)*0.185, float64(c.y+page*c.dy)*0.185, c.peak)
			})),
			File("division_times.csv", csvTable("cell,nebd_to_anaphase_min,condition", 24, func(i int) string {
				return strconv.Itoa(i+1) + "," + strconv.FormatFloat(31+6.5*jitter(5, i), 'f', 1, 64) + "," + []string{"control", "nocodazole"}[i%2]
			})),
			File("report.pdf", pdfReport("Division times, DISH-01",
				"Cells tracked: 14 (8 frames, 90 s apart)", "", "Median time from nuclear envelope breakdown to anaphase: 31 min.",
				"The control (DISH-01) and the repeat (DISH-03) agree.", `Tracks made with TrackMate (LAP tracker, 15 \mu m).`)))),
	})
	s.LinkDataSets(raw, analyzed)
}

// addSlides adds fixed slides; two recordings of one of them overlap in a container.
func (s *smallLab) addSlides(project *Project) {
	s.on(2025, 4, 8, 13, 47, "aoezdemir")
	slides := s.AddExperiment(&Experiment{Code: "FIXED_SLIDES", Type: s.types.collection, Project: project,
		Properties: props{"$NAME": "Fixed slides", "$DEFAULT_OBJECT_TYPE": "SLIDE"}})
	channels := []struct {
		staining string
		tint     color.RGBA
	}{{"DAPI", blue}, {"EGFP", green}, {"MCHERRY", red}, {"NONE", grey}}
	var scans []*DataSet
	for i := range 8 {
		c := channels[i%4]
		slide := s.sample(&Sample{Code: fmt.Sprintf("SLIDE-%02d", i+1), Type: s.types.slide, Experiment: slides, Properties: props{
			"$NAME": "U-2 OS, " + c.staining, "CELL_LINE": s.samples["U2OS"].PermID, "STAINING": c.staining, "FIXED": "true",
			"MAGNIFICATION": "20", "NUMERICAL_APERTURE": "0.8", "IMAGED_AT": fmt.Sprintf("2025-04-08 14:%02d:00 +0200", 5*i),
		}})
		if i >= 4 {
			continue // not scanned yet; slides 5 to 8 repeat the names of 1 to 4
		}
		scan := newScene(160, 120, 20+i, uint64(20+i))
		scans = append(scans, s.AddDataSet(&DataSet{Type: s.types.raw, Sample: slide, Properties: props{"$NAME": "Scan " + slide.Code},
			Root: Original(Folder("DEFAULT",
				File("overview.png", scan.preview(c.tint)),
				File(slide.Code+".tif", scan.stack(2, slide.Code+", 20x/0.8, "+c.staining)),
				File("scan.json", jsonFile(map[string]any{"slide": slide.Code, "staining": c.staining, "tiles": 1})))),
		}))
	}
	pair := s.AddDataSet(&DataSet{Type: s.types.bundle, Kind: "CONTAINER", Experiment: slides,
		Properties: props{"$NAME": "SLIDE-01 and SLIDE-02", "NOTES": "overview.png and scan.json are in both: the second wins"}})
	s.AddToContainer(pair, scans[0], scans[1])
	all := s.AddDataSet(&DataSet{Type: s.types.bundle, Kind: "CONTAINER", Sample: s.samples["SLIDE-03"],
		Properties: props{"$NAME": "All scans of the day"}})
	s.AddToContainer(all, scans[3], scans[1], scans[2])
	s.AddDataSet(&DataSet{Type: s.types.bundle, Kind: "CONTAINER", Experiment: slides,
		Properties: props{"$NAME": "Still empty", "NOTES": "For the scans of SLIDE-05 to SLIDE-08"}})
}
