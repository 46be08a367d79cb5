package meta

import (
	"reflect"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// fill sets everything in v to something that is not zero, so that a field that packing forgets is noticed.
func fill(v reflect.Value, n *int64, depth int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString([]string{"a", "word", "", "ω\x00", string(make([]byte, 300))}[*n%5])
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(*n * -7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n, depth+1)
	case reflect.Slice:
		if depth > 4 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), int(*n%3), int(*n%3)))
		for i := range v.Len() {
			fill(v.Index(i), n, depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range *n % 4 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n, depth+1)
			fill(value, n, depth+1)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		if v.Type() == timeType {
			v.Set(reflect.ValueOf(time.UnixMilli(1700000000123 * (*n % 3)).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n, depth+1)
		}
	}
}

func TestWhatIsPackedComesBack(t *testing.T) {
	objects := []*client.Object{{}, {PermID: "p", Registered: registered}}
	for n := range int64(40) {
		o := new(client.Object)
		fill(reflect.ValueOf(o).Elem(), &n, 0)
		objects = append(objects, o, o)
	}
	for i, p := range newPacker().pack(objects) {
		if got := p.object(); !reflect.DeepEqual(got, objects[i]) {
			t.Fatalf("Object %d: got\n%+v\nwant\n%+v", i, got, objects[i])
		}
	}
}
