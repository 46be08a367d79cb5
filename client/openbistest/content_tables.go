package openbistest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// csvTable returns a CSV of one header and n rows.
func csvTable(header string, n int, row func(i int) string) Content {
	return Lazy(func() []byte {
		var b strings.Builder
		b.WriteString(header + "\n")
		for i := range n {
			b.WriteString(row(i) + "\n")
		}
		return []byte(b.String())
	})
}

// jsonFile returns v as indented JSON.
func jsonFile(v any) Content {
	return Lazy(func() []byte {
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			panic(err) // the lab's own values only
		}
		return append(b, '\n')
	})
}

// fastq returns n reads of a sequencer, 4 lines each.
func fastq(run string, lane, n, length int, seed uint64) Content {
	return Lazy(func() []byte {
		var b strings.Builder
		bases, qualities := make([]byte, length), make([]byte, length)
		for i := range n {
			for j := range length {
				r := splitmix(seed<<32 + uint64(i*length+j))
				bases[j] = "ACGT"[r&3]
				qualities[j] = byte('!' + 27 + (r>>2)%10 - uint64(j*8/length))
			}
			fmt.Fprintf(&b, "@%s:%d:%d:%d 1:N:0:ATCACG\n%s\n+\n%s\n", run, lane, 1101+i/40, 1000+i*37, bases, qualities)
		}
		return []byte(b.String())
	})
}

// jitter is a reproducible deviation between -1 and 1, for measured values.
func jitter(seed uint64, i int) float64 {
	return float64(splitmix(seed<<24+uint64(i))>>11)/(1<<52) - 1
}

// plateReading returns the readings of a 96-well plate: a dose-response curve per row.
func plateReading(seed uint64) Content {
	compounds := []string{"DMSO", "Nocodazole", "Paclitaxel", "Monastrol", "Vincristine", "Colchicine", "S-trityl-L-cysteine", "untreated"}
	return csvTable("well,row,column,compound,concentration_um,od600,viable", 96, func(i int) string {
		row, column := i/12, i%12
		dose := 100.0 / float64(uint(1)<<column)
		effect := 1.0
		if row > 0 && row < 7 {
			effect = 1 / (1 + dose/float64(row*2))
		}
		od := 1.12*effect + 0.03*jitter(seed, i)
		return fmt.Sprintf("%c%02d,%c,%d,%s,%.4f,%.3f,%t", 'A'+row, column+1, 'A'+row, column+1, compounds[row], dose, od, od > 0.4)
	})
}
