package disk

// Standing is what is known of a block.
type Standing uint8

// What a block may be.
const (
	Absent      Standing = iota
	Provisional          // as a stream brought it that did not reach its end
	Confirmed            // by a checksum of the server
)

func (s sums) standing() Standing {
	if s.provisional {
		return Provisional
	}
	return Confirmed
}

// Verdict is what is known of a content as a whole.
type Verdict uint8

// What a content may be.
const (
	Unsettled Verdict = iota // not all of it is there
	Right                    // all of it is there and confirmed
	Wrong                    // provisional blocks turned out to be wrong, and are gone
)

// Presence says which blocks are there, by their records: bit n%64 of element n/64. One may be missing all the same.
type Presence struct {
	There       []uint64
	Provisional []uint64 // nil: none
	Sums        []uint32 // CRC-32 (IEEE) of the blocks that are there; nil if none is provisional
}

// Presence looks what is there. If that is everything, no block is provisional any more.
func (f *File) Presence() Presence {
	total := f.key.blocks()
	p := Presence{There: make([]uint64, (total+63)/64)}
	count, sure := int64(0), []sums(nil)
	f.records(func(n int64, s sums) bool {
		count++
		p.There[n/64] |= 1 << (n % 64)
		if s.provisional && p.Provisional == nil {
			p.Provisional = make([]uint64, len(p.There))
			p.Sums = make([]uint32, total)
		}
		if s.provisional {
			p.Provisional[n/64] |= 1 << (n % 64)
		}
		if p.Sums == nil {
			sure = append(sure, s)
		} else {
			p.Sums[n] = s.ieee
		}
		return true
	})
	if p.Provisional == nil {
		return p
	}
	if count == total {
		if f.Settle() != Right {
			for i, set := range p.Provisional {
				p.There[i] &^= set
			}
		}
		return Presence{There: p.There}
	}
	for n, i := int64(0), 0; i < len(sure); n++ {
		if p.There[n/64]&(1<<(n%64)) != 0 {
			p.Sums[n] = sure[i].ieee
			i++
		}
	}
	return p
}

func (f *File) sums() map[int64]sums {
	there := make(map[int64]sums)
	f.records(func(n int64, s sums) bool {
		there[n] = s
		return true
	})
	return there
}

// Settle finds out whether all blocks are there, and then whether they are right: those which are provisional, too, if
// the checksums of all make that of the content, or if nobody knows that one. If not, the provisional ones are dropped.
func (f *File) Settle() Verdict {
	var all []uint32
	var doubtful []int64
	f.records(func(n int64, s sums) bool {
		if n != int64(len(all)) {
			return false
		}
		all = append(all, s.ieee)
		if s.provisional {
			doubtful = append(doubtful, n)
		}
		return true
	})
	if int64(len(all)) != f.key.blocks() {
		return Unsettled
	}
	if f.key.Confirms(all) {
		f.promote(doubtful)
		return Right
	}
	f.cache.opts.Logger.Warn("content in the disk cache does not have the server's checksum; it is dropped",
		"dataset", f.key.DataSet, "path", f.key.Path)
	if len(doubtful) > 0 {
		f.Reject()
	} else {
		f.forget() // each block was verified by itself, yet the whole is not what was announced
	}
	return Wrong
}

// Confirms says whether blocks with these checksums (CRC-32, IEEE), in order, make the content, as far as is known.
func (k *Key) Confirms(sums []uint32) bool {
	if !k.HasCRC32 {
		return true
	}
	w := newWhole()
	for n, sum := range sums {
		w.add(sum, k.length(int64(n)))
	}
	return w.sum == k.CRC32
}

// promote takes the mark from records, as far as it can.
func (f *File) promote(blocks []int64) {
	if len(blocks) == 0 {
		return
	}
	h, err := f.open(false, nil)
	if err != nil || h.readOnly {
		f.cache.trouble(err)
		return
	}
	for _, n := range blocks {
		s, ok, err := f.record(h, n)
		if ok && s.provisional && err == nil {
			s.provisional = false
			err = f.writeRecord(h, n, s)
		}
		if err != nil {
			f.cache.trouble(err)
			return
		}
	}
}

// Reject drops the provisional blocks: at least one of them is wrong.
func (f *File) Reject() {
	h, err := f.open(false, nil)
	if err != nil || h.readOnly {
		f.cache.trouble(err)
		return
	}
	for n, s := range f.sums() {
		if s.provisional {
			_, err := f.cache.writeAt(h.index, make([]byte, recordSize), f.id.recordAt(n))
			f.cache.trouble(err)
		}
	}
}

// forget takes back all records.
func (f *File) forget() {
	if h, err := f.open(false, nil); err == nil && !h.readOnly {
		_ = h.index.Truncate(int64(len(f.id.header)))
	}
}
