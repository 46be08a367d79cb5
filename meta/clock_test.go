package meta

import "time"

// advance lets the clock of a synctest bubble go on.
func advance(d time.Duration) { <-time.After(d) }
