package openbistest

import (
	"embed"
	"fmt"
	"strconv"
	"time"
)

// labFiles are files that Go can't write; make_hdf5.py beside them does.
//
//go:embed labfiles/tensile.h5 labfiles/growth_curves.h5ar labfiles/growth_curves/*.csv
var labFiles embed.FS

func labFile(name string) Content {
	return Lazy(func() []byte {
		b, err := labFiles.ReadFile("labfiles/" + name)
		if err != nil {
			panic(err) // embedded
		}
		return b
	})
}

func (s *smallLab) addGenomics() {
	s.on(2025, 6, 2, 10, 12, "aoezdemir")
	space := s.AddSpace(&Space{Code: "GENOMICS", Description: "Sequencing"})
	project := s.AddProject(&Project{Code: "YEAST_EVOLUTION", Space: space, Leader: s.people["aoezdemir"],
		Description: "1000 generations of yeast under stress"})
	ancestor := s.sample(&Sample{Code: "ANCESTOR", Type: s.types.cellLine, Project: project, Properties: props{
		"$NAME": "BY4741", "ORGANISM": "S_CEREVISIAE", "PASSAGE": "0", "RECEIVED": "2020-02-29", "MYCOPLASMA_TESTED": "false",
	}})
	s.addGrowthCurves(ancestor)

	libraries := s.AddExperiment(&Experiment{Code: "LIBRARIES", Type: s.types.collection, Project: project,
		Properties: props{"$NAME": "Libraries", "$DEFAULT_OBJECT_TYPE": "LIBRARY"}})
	for i := range 10 {
		s.sample(&Sample{Code: fmt.Sprintf("LIB-%02d", i+1), Type: s.types.library, Experiment: libraries, Properties: props{
			"$NAME": fmt.Sprintf("Population %d, generation %d", i%5+1, 500*(i/5+1)), "ORGANISM": "S_CEREVISIAE",
			"LIBRARY_KIT": []string{"TRUSEQ:NANO", "NEXTERA:XT"}[i/5], "PAIRED_END": strconv.FormatBool(i < 8), "READ_LENGTH": "100",
			"CONCENTRATION": strconv.FormatFloat(4.2+0.9*jitter(3, i), 'f', 2, 64), "INDEX_SEQUENCE": "ATCACG+TTAGGC",
			"SEQUENCED_AT": "2025-06-12 18:00:00 +0200",
		}})
	}
	s.samples["LIB-10"].Tags = []*Tag{s.tags["NEEDS_REVIEW"], s.tags["PUBLICATION_2025"]}
	s.addRun(project)
	s.addReads()
	s.addReadsElsewhere()

	clinical := s.AddProject(&Project{Code: "CLINICAL", Space: space, Leader: s.people["aoezdemir"], Description: "Samples from the clinic, pseudonymised"})
	for i, code := range []string{"PATIENT-0017", "PATIENT-0042"} {
		s.sample(&Sample{Code: code, Type: s.types.library, Project: clinical, Properties: props{
			"$NAME": "Biopsy", "ORGANISM": "HOMO_SAPIENS", "LIBRARY_KIT": "KAPA:HYPER", "PAIRED_END": "true", "READ_LENGTH": strconv.Itoa(75 + 75*i),
		}})
	}
	s.AddDataSet(&DataSet{Type: s.types.attachment, Sample: s.samples["PATIENT-0017"],
		Properties: props{"$NAME": "From the old share", "NOTES": "Copied as it was, names and all"}, Root: Original(awkwardFolder())})
}

// addGrowthCurves adds a Dataset with an archive that the data store shows as a folder.
func (s *smallLab) addGrowthCurves(owner *Sample) {
	archive := Folder("growth_curves.h5ar")
	archive.HDF5Archive = true
	archive.Content = labFile("growth_curves.h5ar")
	for _, name := range []string{"rad52_delta.csv", "sir2_delta.csv", "wild_type.csv"} {
		archive.Children = append(archive.Children, File(name, labFile("growth_curves/"+name)))
	}
	s.AddDataSet(&DataSet{Type: s.types.analyzed, Sample: owner, Properties: props{"$NAME": "Growth curves", "REVIEWED": "false"},
		Root: Original(Folder("DEFAULT", archive, File("README.txt", Text("One table for each strain, 30 °C, YPD.\n"))))})
}

// addRun adds a sequencing run as the instrument leaves it: folders in folders, one of them empty.
func (s *smallLab) addRun(project *Project) {
	s.on(2025, 6, 13, 6, 44, "aoezdemir")
	runs := s.AddExperiment(&Experiment{Code: "RUNS", Type: s.types.collection, Project: project, Properties: props{"$NAME": "Sequencing runs"}})
	lane := func(n int) *Node {
		return Folder("L00"+strconv.Itoa(n),
			Folder("fastq",
				File(fmt.Sprintf("S1_L00%d_R1_001.fastq", n), fastq("RUN_0042", n, 40, 100, uint64(n))),
				File(fmt.Sprintf("S1_L00%d_R2_001.fastq", n), fastq("RUN_0042", n, 40, 100, uint64(n+10)))),
			File("counts.csv", csvTable("library,reads,q30_percent", 10, func(i int) string {
				return fmt.Sprintf("LIB-%02d,%d,%.1f", i+1, 1_400_000+int(250_000*jitter(uint64(n), i)), 91+4*jitter(uint64(n+7), i))
			})))
	}
	s.AddDataSet(&DataSet{Type: s.types.raw, Experiment: runs, Properties: props{"$NAME": "RUN_0042"},
		Root: Original(Folder("RUN_0042",
			Folder("Data", lane(1), lane(2)),
			Folder("InterOp"),
			Folder("Reports", File("summary.pdf", pdfReport("RUN_0042", "Yield 4.1 Gb", "Q30 91.3 %", "Cluster density 212 K/mm2"))),
			File("RunInfo.xml", Text("<?xml version=\"1.0\"?>\n<RunInfo><Run Id=\"RUN_0042\" Number=\"42\"/></RunInfo>\n")),
			File("RTAComplete.txt", Bytes(nil))))})
}

// addReads adds reads and results of single libraries.
func (s *smallLab) addReads() {
	day := time.Date(2025, time.June, 16, 9, 0, 0, 0, time.UTC)
	raw := s.AddDataSet(&DataSet{Type: s.types.raw, Sample: s.samples["LIB-01"], Properties: props{"$NAME": "Reads of LIB-01"},
		Root: Original(Folder("DEFAULT",
			File("LIB-01_R1.fastq.gz", gzipped("LIB-01_R1.fastq", fastq("RUN_0042", 1, 160, 100, 101))),
			File("LIB-01_R2.fastq.gz", gzipped("LIB-01_R2.fastq", fastq("RUN_0042", 1, 160, 100, 102)))))})

	variants := File("variants.csv", csvTable("chromosome,position,ref,alt,frequency", 80, func(i int) string {
		r := splitmix(uint64(7000 + i))
		return fmt.Sprintf("chr%s,%d,%c,%c,%.2f", []string{"I", "IV", "VII", "XII"}[i/20], 11_000*(i%20+1)+int(r%9000),
			"ACGT"[r>>20&3], "TGAC"[r>>20&3], 0.5+0.5*jitter(8, i))
	}))
	results := s.AddDataSet(&DataSet{Type: s.types.analyzed, Sample: s.samples["LIB-02"],
		Properties: props{"$NAME": "Variants of LIB-01 and LIB-02", "SOFTWARE_VERSION": "bcftools 1.20", "REVIEWED": "false"},
		Root: Original(File("variants.zip", zipArchive("variants", day, variants,
			File("README.txt", Text("Called against S288C R64-4-1.\n")), File("empty.log", Bytes(nil)))))})
	figure := s.AddDataSet(&DataSet{Type: s.types.analyzed, Sample: s.samples["LIB-02"],
		Properties: props{"$NAME": "Figure 2b"}, Root: Original(Folder("DEFAULT",
			File("figure_2b.png", newScene(120, 90, 30, 77).preview(grey)), variants))})
	s.LinkDataSets(raw, results)
	s.LinkDataSets(results, figure)
}

// addReadsElsewhere adds reads that can't be had at once: on tape, on the way from it, and in another system.
func (s *smallLab) addReadsElsewhere() {
	reads := func(library string) *Node {
		return Original(Folder("DEFAULT",
			File(library+"_R1.fastq", fastq("RUN_0017", 1, 200, 75, 17)),
			File("run.json", jsonFile(map[string]any{"run": "RUN_0017", "library": library, "read_length": 75}))))
	}
	for _, a := range []struct {
		library, status string
		inArchive       bool
	}{
		{"LIB-03", "ARCHIVED", true},
		{"LIB-04", "UNARCHIVE_PENDING", true},
		{"LIB-07", "BACKUP_PENDING", false},
		{"LIB-08", "LOCKED", false},
	} {
		s.AddDataSet(&DataSet{Type: s.types.raw, Sample: s.samples[a.library], Properties: props{"$NAME": "Reads of 2023"},
			Physical: &PhysicalData{Status: a.status, PresentInArchive: a.inArchive, ArchivingRequested: a.status == "BACKUP_PENDING"},
			Root:     reads(a.library)})
	}

	hpc := s.AddExternalDMS(&ExternalDMS{Code: "HPC", Label: "Cluster scratch", Address: "login.hpc.example:/scratch/genomics", AddressType: "FILE_SYSTEM"})
	archive := s.AddExternalDMS(&ExternalDMS{Code: "READ_ARCHIVE", Label: "Public read archive", Address: "https://reads.example/run/${code}",
		URLTemplate: "https://reads.example/run/${code}", AddressType: "URL"})
	s.AddDataSet(&DataSet{Type: s.types.external, Kind: "LINK", Sample: s.samples["LIB-05"], Properties: props{"$NAME": "Assembly on the cluster"},
		Linked: &LinkedData{ExternalDMS: hpc, Copies: []*ContentCopy{
			{ID: "HPC#1", DMS: hpc, Path: "/scratch/genomics/lib05", GitCommitHash: "4f2a9c1d0be77a1f0a55c5e6bd7c3e0a9d1f8e21", GitRepositoryID: "b1946ac9-2a5c-4d7a-9c55-5ef2d2f3a9b1"},
			{ID: "HPC#2", DMS: hpc, Path: "/archive/2025/lib05"},
		}},
		Root: Root(Folder("assembly",
			File("contigs.fasta", csvTable(">contig_1 length=4800", 80, func(i int) string {
				return string("ACGT"[i%4]) + "TTGACCAGATTAACGGCATTACCGGATTTCAGGACCATTGACCAGTTGACGATTACGAGC"
			})),
			File("stats.json", jsonFile(map[string]int{"contigs": 1, "n50": 4800}))))})
	s.AddDataSet(&DataSet{Type: s.types.external, Kind: "LINK", Sample: s.samples["LIB-06"], Properties: props{"$NAME": "Deposited reads"},
		Linked: &LinkedData{ExternalDMS: archive, ExternalCode: "RUN9918273",
			Copies: []*ContentCopy{{ID: "READ_ARCHIVE#1", DMS: archive, ExternalCode: "RUN9918273"}}}})
}
