package openbistest

import (
	"encoding/json"
	"time"
)

// decodeDate decodes a java.util.Date: milliseconds since the epoch or an ISO 8601 text. The result is a [time.Time].
func decodeDate(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		ms, err := decodeLong(v)
		if err != nil {
			return nil, err
		}
		return time.UnixMilli(ms.(int64)), nil
	case string:
		if v == "" {
			return nil, nil
		}
		for _, layout := range []string{
			"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02",
		} {
			if t, err := time.Parse(layout, v); err == nil {
				return t, nil
			}
		}
		return nil, newException(invalidFormatClass, "Cannot deserialize value of type `java.util.Date` from String \"%s\": "+
			"not a valid representation%s", v, unknownSource)
	default:
		return nil, mismatched("java.util.Date", v)
	}
}

// writeDate writes a date as the server does: milliseconds since the epoch, null for the zero time.
func (w *jsonWriter) date(t time.Time) {
	if t.IsZero() {
		w.null()
		return
	}
	w.int(t.UnixMilli())
}
