package transfer

import (
	"slices"
	"strings"
)

// The keys that one foreign list has and the other has not. All else, an id, a
// name, a title and a description, is in both: without this look a file given
// under the wrong format would make people of whom nearly nothing is said.
func getMentorKeys() []string {
	return []string{"workplace", "about", "competencies", "experience", "price", "doneSessions", "link", "job", "menteeCount", "slug"}
}

func codingCoachKeys() []string { return []string{"channels", "spokenLanguages", "avatar"} }

// signs are the formats of which an entry shows something of their own.
func signs(n *node) (out []string) {
	has := func(key string) bool { return n.field(key) != nil }
	tags, id := n.field("tags"), n.field("id")
	if slices.ContainsFunc(getMentorKeys(), has) || tags != nil && tags.shape == isString {
		out = append(out, GetMentor)
	}
	if slices.ContainsFunc(codingCoachKeys(), has) || id != nil && id.shape == isString && mailLike(id.text) {
		out = append(out, CodingCoach)
	}
	return out
}

// mailLike tells whether an id could be an e-mail address.
func mailLike(id string) bool {
	name, domain, ok := strings.Cut(strings.TrimSpace(id), "@")
	return ok && name != "" && domain != "" && !strings.ContainsAny(name+domain, " \t\n")
}

// like refuses a list in which no entry shows a sign of the format it was given
// as. An empty list is nobody's.
func (f *file) like(format string) error {
	if len(f.entries) == 0 || f.signs[format] {
		return nil
	}
	keys := getMentorKeys()
	if format == CodingCoach {
		keys = append(codingCoachKeys(), "id with @")
	}
	first := &f.entries[0]
	e := broken(first.At, first.Path, "import_shape")
	for _, other := range []string{GetMentor, CodingCoach} {
		if f.signs[other] {
			return e.With("want", "--format "+other).With("looks", other)
		}
	}
	return e.With("want", strings.Join(keys, " | "))
}
