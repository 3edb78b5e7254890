package transfer

import (
	"io"
	"strconv"
	"strings"

	"github.com/tmoeg/oduvan/internal/fault"
)

// Read understands a whole file before anything is written. It keeps no more
// of it than the board's bounds allow, so memory is bounded by them whatever is
// sent. Faults, all Invalid; Field is the path inside the file ("[12].price"),
// the arguments line and column are the place: import_format_unknown,
// import_json, import_not_utf8, import_shape (argument want; looks, the format
// that the file looks like, when it was given as another),
// import_field_missing, import_field_unknown, import_field_invalid,
// import_version, import_key_twice, import_duplicate_id (argument first: the
// line of the first one), import_field_too_large, import_entry_too_large,
// import_too_deep, import_file_too_large, import_too_many.
func Read(format string, r io.Reader) ([]Entry, error) {
	list, err := read(format, r)
	if err != nil {
		return nil, err
	}
	return list.entries, nil
}

func read(format string, r io.Reader) (*file, error) {
	f := &file{scanner: newScanner(r), seen: map[string]Position{}, signs: map[string]bool{}}
	var err error
	switch format {
	case GetMentor:
		err = f.each("", readGetMentor)
	case CodingCoach:
		err = f.each("", readCodingCoach)
	case Oduvan:
		err = f.own()
	default:
		return nil, fault.Bad("format", "import_format_unknown").With("known", strings.Join(Formats(), ", "))
	}
	if err == nil {
		err = f.end()
	}
	if err == nil && format != Oduvan {
		err = f.like(format)
	}
	return f, err
}

// file is one reading.
type file struct {
	*scanner
	entries []Entry
	seen    map[string]Position
	source  string          // address of the branch that wrote our own format
	prefix  string          // of the ids of our own format
	signs   map[string]bool // formats of which an entry showed something of their own
}

// each reads an array of entries, one after another.
func (f *file) each(path string, understand func(*shaped) Entry) error {
	b, err := f.peek(path)
	if err != nil {
		return err
	}
	if b != '[' {
		if b == 0 {
			return f.fail(path)
		}
		return broken(f.at, path, "import_shape").With("want", "array")
	}
	n := 0
	return f.members('[', ']', path, func() error {
		where := path + "[" + strconv.Itoa(n) + "]"
		n++
		if n > maxEntries {
			return broken(f.at, where, "import_too_many").With("max", maxEntries)
		}
		value, err := f.entry(where)
		if err != nil {
			return err
		}
		return f.add(value, understand)
	})
}

// add understands one value as an entry and refuses an id that came before.
func (f *file) add(value *node, understand func(*shaped) Entry) error {
	s := &shaped{node: value}
	if value.shape != isObject {
		return broken(value.at, value.path, "import_shape").With("want", "object")
	}
	e := understand(s)
	if s.err != nil {
		return s.err
	}
	s.drops(&e)
	for _, format := range signs(value) {
		f.signs[format] = true
	}
	e.At, e.Path = value.at, value.path
	for i := range e.Shortened {
		e.Shortened[i].Entry = value.path
	}
	e.ID = f.prefix + e.ID
	if first, twice := f.seen[e.ID]; twice {
		at := s.place(s.idKey)
		return broken(at.at, at.path, "import_duplicate_id").With("first", first.Line)
	}
	f.seen[e.ID] = value.at
	f.entries = append(f.entries, e)
	return nil
}

// shaped reads members of an object, keeping the first fault, and remembers
// which were asked for, so that the rest can be counted or refused.
type shaped struct {
	*node
	err   error
	used  map[string]bool
	idKey string
}

// get gives a member and marks it as understood; nil for absent and null.
func (s *shaped) get(key string) *node {
	if s.used == nil {
		s.used = map[string]bool{}
	}
	s.used[key] = true
	n := s.field(key)
	if n == nil || n.shape == isNull {
		return nil
	}
	return n
}

// place is where a member stands, or the object itself without it.
func (s *shaped) place(key string) *node {
	if n := s.field(key); n != nil {
		return n
	}
	return &node{at: s.at, path: join(s.path, key)}
}

// fault keeps the first fault.
func (s *shaped) fault(n *node, code, want string) {
	if s.err != nil {
		return
	}
	e := broken(n.at, n.path, code)
	if want != "" {
		e = e.With("want", want)
	}
	s.err = e
}

// text reads a string, "" where it is absent or null.
func (s *shaped) text(key string) string {
	n := s.get(key)
	if n == nil {
		return ""
	}
	if n.shape != isString {
		s.fault(n, "import_shape", "string")
		return ""
	}
	return n.text
}

// word reads a string or a number as it is written.
func (s *shaped) word(key string) string {
	n := s.get(key)
	if n != nil && n.shape == isNumber {
		return n.text
	}
	return s.text(key)
}

// id reads the required identity of an entry.
func (s *shaped) id(key string) string {
	s.idKey = key
	id := strings.TrimSpace(s.word(key))
	switch {
	case id == "":
		s.fault(s.place(key), "import_field_missing", "")
	case len(id) > maxSourceID:
		s.fault(s.place(key), "import_field_too_large", "")
	}
	return id
}

// flag reads true or false, false where it is absent.
func (s *shaped) flag(key string) bool {
	n := s.get(key)
	if n == nil {
		return false
	}
	if n.shape != isBool {
		s.fault(n, "import_shape", "boolean")
	}
	return n.text == "true"
}

// integer reads a whole number within bounds, 0 where it is absent.
func (s *shaped) integer(key string, most int64) int64 {
	n := s.get(key)
	if n == nil {
		return 0
	}
	number, err := strconv.ParseInt(n.text, 10, 64)
	switch {
	case n.shape != isNumber || err != nil:
		s.fault(n, "import_shape", "integer")
	case number < 0 || number > most:
		s.fault(n, "import_field_invalid", "")
	}
	return number
}

// array reads the members of an array, none where it is absent.
func (s *shaped) array(key string) []*node {
	n := s.get(key)
	if n == nil {
		return nil
	}
	if n.shape != isArray {
		s.fault(n, "import_shape", "array")
	}
	return n.list
}

// texts reads an array of strings.
func (s *shaped) texts(key string) []string {
	var out []string
	for _, n := range s.array(key) {
		if n.shape != isString {
			s.fault(n, "import_shape", "string")
			return nil
		}
		out = append(out, n.text)
	}
	return out
}

// drops counts the members that nothing asked for and that hold something.
func (s *shaped) drops(e *Entry) {
	for i, key := range s.keys {
		if !s.used[key] {
			e.drop(cutRunes(oneLine(key), maxSkill), weight(s.list[i]))
		}
	}
}

// weight tells how much is lost with a value: nothing for an empty one, the
// members of an array, else one.
func weight(n *node) int {
	switch n.shape {
	case isNull:
		return 0
	case isNumber:
		if strings.Trim(n.text, "-0.") == "" {
			return 0
		}
	case isString:
		return min(1, len(strings.TrimSpace(n.text)))
	case isArray:
		return len(n.list)
	case isObject:
		return min(1, len(n.keys))
	}
	return 1
}

// strict refuses the members that nothing asked for: in our own format an
// unknown field is a mistake or a newer program's.
func (s *shaped) strict() {
	for i, key := range s.keys {
		if !s.used[key] {
			s.fault(s.list[i], "import_field_unknown", "")
		}
	}
}
