package columns

// Packed is how many ids of values a view keeps, those of rows that are gone
// among them.
func Packed(v *View) int { return len(v.packed) }
