package meta

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// packed is an entity in a tenth of the memory that it takes as a structure with maps and pointers: large listings keep
// their Objects like this, each with all that is known about it, and unpack the few that somebody wants to know more of.
type packed struct {
	data  string
	words []string // what repeats, shared by all that were packed together
}

// object returns the Object that was packed.
func (p *packed) object() *client.Object {
	o := new(client.Object)
	(&unpacker{rest: p.data, words: p.words}).value(reflect.ValueOf(o).Elem())
	return o
}

// facts returns the entity behind e, unpacked.
func (e *Entry) facts() any { return unpacked(e.entity) }

func unpacked(entity any) any {
	if p, ok := entity.(*packed); ok {
		return p.object()
	}
	return entity
}

// packer packs the entities of one page. Texts that repeat are kept once: from the second time on, a text is its number.
// The format lives in memory only, so it follows from the structures themselves:
//
//	text       0, length, bytes; or number+1 of a word
//	time       0 if it is zero, else 1 and the milliseconds since 1970 (the server's resolution)
//	pointer    0, or 1 and what is there
//	list, map  0 if it is nil, else length+1 and the elements
type packer struct {
	words   []string
	numbers map[string]int
	once    map[string]struct{}
	buf     []byte
}

func newPacker() *packer {
	return &packer{numbers: make(map[string]int), once: make(map[string]struct{})}
}

// longestWord and mostOnce bound what a packer remembers of texts that may never come again.
const (
	longestWord = 64
	mostOnce    = 1 << 14
)

// pack packs Objects. Their words are complete, and never change, when it returns.
func (p *packer) pack(objects []*client.Object) []*packed {
	list := make([]packed, len(objects))
	all := make([]*packed, len(objects))
	for i, o := range objects {
		p.buf = p.buf[:0]
		p.value(reflect.ValueOf(o).Elem())
		list[i].data = string(p.buf)
		all[i] = &list[i]
	}
	words := slices.Clone(p.words)
	for i := range list {
		list[i].words = words
	}
	return all
}

var timeType = reflect.TypeFor[time.Time]()

func (p *packer) number(n uint64) { p.buf = binary.AppendUvarint(p.buf, n) }

func (p *packer) text(s string) {
	if n, ok := p.numbers[s]; ok {
		p.number(uint64(n) + 1)
		return
	}
	p.number(0)
	p.number(uint64(len(s)))
	p.buf = append(p.buf, s...)
	if len(s) > longestWord {
		return
	}
	if _, again := p.once[s]; again {
		p.numbers[s] = len(p.words)
		p.words = append(p.words, s)
		return
	}
	if len(p.once) < mostOnce {
		p.once[s] = struct{}{}
	}
}

func (p *packer) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		p.text(v.String())
	case reflect.Bool:
		n := uint64(0)
		if v.Bool() {
			n = 1
		}
		p.number(n)
	case reflect.Int, reflect.Int64:
		p.buf = binary.AppendVarint(p.buf, v.Int())
	case reflect.Float64:
		p.number(math.Float64bits(v.Float()))
	case reflect.Pointer:
		if v.IsNil() {
			p.number(0)
			return
		}
		p.number(1)
		p.value(v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			p.number(0)
			return
		}
		p.number(uint64(v.Len()) + 1)
		for i := range v.Len() {
			p.value(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			p.number(0)
			return
		}
		p.number(uint64(v.Len()) + 1)
		for iter := v.MapRange(); iter.Next(); {
			p.value(iter.Key())
			p.value(iter.Value())
		}
	case reflect.Struct:
		if v.Type() == timeType {
			p.time(v.Interface().(time.Time))
			return
		}
		for i := range v.NumField() {
			p.value(v.Field(i))
		}
	default:
		panic(fmt.Sprintf("meta: a %s can't be packed", v.Type()))
	}
}

func (p *packer) time(t time.Time) {
	if t.IsZero() {
		p.number(0)
		return
	}
	p.number(1)
	p.buf = binary.AppendVarint(p.buf, t.UnixMilli())
}

// unpacker reads what a packer wrote.
type unpacker struct {
	rest  string
	words []string
}

func (u *unpacker) number() uint64 {
	var n uint64
	for shift := 0; ; shift += 7 {
		b := u.rest[0]
		u.rest = u.rest[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

func (u *unpacker) signed() int64 {
	n := u.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (u *unpacker) text() string {
	if n := u.number(); n > 0 {
		return u.words[n-1]
	}
	n := u.number()
	s := u.rest[:n]
	u.rest = u.rest[n:]
	return s
}

func (u *unpacker) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(u.text())
	case reflect.Bool:
		v.SetBool(u.number() == 1)
	case reflect.Int, reflect.Int64:
		v.SetInt(u.signed())
	case reflect.Float64:
		v.SetFloat(math.Float64frombits(u.number()))
	case reflect.Pointer:
		if u.number() == 1 {
			v.Set(reflect.New(v.Type().Elem()))
			u.value(v.Elem())
		}
	case reflect.Slice:
		if n := u.number(); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), int(n-1), int(n-1)))
			for i := range v.Len() {
				u.value(v.Index(i))
			}
		}
	case reflect.Map:
		if n := u.number(); n > 0 {
			v.Set(reflect.MakeMapWithSize(v.Type(), int(n-1)))
			for range n - 1 {
				key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				u.value(key)
				u.value(value)
				v.SetMapIndex(key, value)
			}
		}
	case reflect.Struct:
		if v.Type() == timeType {
			if u.number() == 1 {
				v.Set(reflect.ValueOf(time.UnixMilli(u.signed()).UTC()))
			}
			return
		}
		for i := range v.NumField() {
			u.value(v.Field(i))
		}
	}
}
