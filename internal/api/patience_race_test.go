//go:build race

package api_test

import "time"

// patience is how long an answer may take under the race detector, which
// makes everything some ten times slower.
const patience = 15 * time.Second
