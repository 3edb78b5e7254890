//go:build !race

package api_test

import "time"

// patience is how long an answer may take.
const patience = time.Second
