//go:build !failpoints

package failpoint

// Built tells whether points can be armed in this program.
const Built = false

// Hit does nothing in a program built without the tag "failpoints".
func Hit(Name) error { return nil }
