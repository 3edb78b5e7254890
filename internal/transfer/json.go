package transfer

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The bounds of a file: a reader never holds more than these say, whatever is
// sent. Sizes are bytes of UTF-8.
const (
	maxField   = 64 << 10  // one string
	maxEntry   = 512 << 10 // all strings of one entry
	maxNodes   = 4_000     // values inside one entry
	maxDepth   = 16        // arrays and objects inside each other
	maxNumber  = 40        // characters of a number
	maxFile    = 128 << 20 // the whole file
	maxEntries = 20_000    // entries of one file
)

// shape is the kind of a JSON value.
type shape byte

const (
	isNull shape = iota
	isBool
	isNumber
	isString
	isArray
	isObject
)

// node is one JSON value with its place, so that a fault found later, when the
// value is understood, still names it.
type node struct {
	shape shape
	at    Position
	path  string
	text  string  // the string, or the number or word as written
	list  []*node // members of an array, values of an object
	keys  []string
}

// field gives a member of an object, nil where it is absent.
func (n *node) field(key string) *node {
	for i, k := range n.keys {
		if k == key {
			return n.list[i]
		}
	}
	return nil
}

// scanner reads JSON (RFC 8259) value by value and keeps the place. encoding/json
// is not used because it reads a string of any length before it can be refused,
// takes repeated keys silently and knows no lines.
type scanner struct {
	r     *bufio.Reader
	at    Position // of the next character
	read  int64
	depth int
	bytes int // strings of the current entry
	nodes int // values of the current entry
}

func newScanner(r io.Reader) *scanner {
	s := &scanner{r: bufio.NewReaderSize(r, 64<<10), at: Position{1, 1}}
	if mark, _ := s.r.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = s.r.Discard(3) // a byte order mark, as some editors write it
	}
	return s
}

// next takes one character. The end of the file is io.EOF.
func (s *scanner) next(path string) (rune, error) {
	r, size, err := s.r.ReadRune()
	if err != nil {
		return 0, err
	}
	if r == utf8.RuneError && size == 1 {
		return 0, broken(s.at, path, "import_not_utf8")
	}
	if s.read += int64(size); s.read > maxFile {
		return 0, broken(s.at, path, "import_file_too_large")
	}
	if r == '\n' {
		s.at = Position{s.at.Line + 1, 1}
	} else {
		s.at.Column++
	}
	return r, nil
}

// peek shows the next byte after white space; 0 at the end.
func (s *scanner) peek(path string) (byte, error) {
	for {
		b, err := s.r.Peek(1)
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		switch b[0] {
		case ' ', '\t', '\r', '\n':
			if _, err := s.next(path); err != nil {
				return 0, err
			}
		default:
			return b[0], nil
		}
	}
}

// fail is a syntax fault at the next character.
func (s *scanner) fail(path string) error { return broken(s.at, path, "import_json") }

// expect takes one given character after white space.
func (s *scanner) expect(want byte, path string) error {
	b, err := s.peek(path)
	if err != nil {
		return err
	}
	if b != want {
		return s.fail(path)
	}
	_, err = s.next(path)
	return err
}

// end makes sure that nothing follows.
func (s *scanner) end() error {
	b, err := s.peek("")
	if err == nil && b != 0 {
		err = s.fail("")
	}
	return err
}

// entry starts the bounds of one entry anew and reads it.
func (s *scanner) entry(path string) (*node, error) {
	s.bytes, s.nodes = 0, 0
	return s.value(path)
}

func (s *scanner) value(path string) (*node, error) {
	b, err := s.peek(path)
	if err != nil {
		return nil, err
	}
	n := &node{at: s.at, path: path}
	if s.nodes++; s.nodes > maxNodes {
		return nil, broken(s.at, path, "import_entry_too_large")
	}
	switch {
	case b == '"':
		n.shape = isString
		n.text, err = s.str(path)
	case b == '{' || b == '[':
		if s.depth++; s.depth > maxDepth {
			return nil, broken(s.at, path, "import_too_deep")
		}
		if b == '{' {
			n.shape, err = isObject, s.object(n)
		} else {
			n.shape, err = isArray, s.array(n)
		}
		s.depth--
	default:
		err = s.literal(n)
	}
	return n, err
}

// literal reads a number, true, false or null.
func (s *scanner) literal(n *node) error {
	var b strings.Builder
	for b.Len() <= maxNumber {
		c, err := s.r.Peek(1)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil || !literalChar(c[0]) {
			break
		}
		if _, err := s.next(n.path); err != nil {
			return err
		}
		b.WriteByte(c[0])
	}
	n.text = b.String()
	switch {
	case n.text == "null":
		n.shape = isNull
	case n.text == "true" || n.text == "false":
		n.shape = isBool
	case len(n.text) <= maxNumber && isJSONNumber(n.text):
		n.shape = isNumber
	case n.text == "":
		return s.fail(n.path)
	default:
		return broken(n.at, n.path, "import_json")
	}
	return nil
}

func literalChar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == 'E' || c == '-' || c == '+' || c == '.'
}

// isJSONNumber follows the grammar of RFC 8259, section 6.
func isJSONNumber(t string) bool {
	t = strings.TrimPrefix(t, "-")
	whole := leadingDigits(t)
	if whole == "" || len(whole) > 1 && whole[0] == '0' {
		return false
	}
	t = t[len(whole):]
	if rest, ok := strings.CutPrefix(t, "."); ok {
		fraction := leadingDigits(rest)
		if fraction == "" {
			return false
		}
		t = rest[len(fraction):]
	}
	if t == "" {
		return true
	}
	if t[0] != 'e' && t[0] != 'E' {
		return false
	}
	exponent := strings.TrimPrefix(strings.TrimPrefix(t[1:], "+"), "-")
	return exponent != "" && len(t)-1-len(exponent) <= 1 && leadingDigits(exponent) == exponent
}

func leadingDigits(t string) string { return t[:len(t)-len(strings.TrimLeft(t, "0123456789"))] }

// str reads a string. Half of a surrogate pair, which a foreign program may
// leave when it cuts a text, becomes the replacement character.
func (s *scanner) str(path string) (string, error) {
	start := s.at
	if _, err := s.next(path); err != nil {
		return "", err
	}
	var b strings.Builder
	for {
		at := s.at
		r, err := s.next(path)
		switch {
		case errors.Is(err, io.EOF):
			return "", broken(start, path, "import_json")
		case err != nil:
			return "", err
		case r == '"':
			return b.String(), s.count(b.Len(), start, path)
		case r < ' ':
			return "", broken(at, path, "import_json")
		case r == '\\':
			if r, err = s.escape(path); err != nil {
				return "", err
			}
		}
		b.WriteRune(r)
		if b.Len() > maxField {
			return "", broken(start, path, "import_field_too_large")
		}
	}
}

func (s *scanner) count(size int, start Position, path string) error {
	if s.bytes += size; s.bytes > maxEntry {
		return broken(start, path, "import_entry_too_large")
	}
	return nil
}

// escape reads what follows a backslash.
func (s *scanner) escape(path string) (rune, error) {
	at := s.at
	r, err := s.next(path)
	if err != nil {
		return 0, s.early(err, path)
	}
	switch r {
	case '"', '\\', '/':
		return r, nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return s.unicode(path)
	}
	return 0, broken(at, path, "import_json")
}

// unicode reads four hexadecimal digits and, for the first half of a surrogate
// pair, the second half.
func (s *scanner) unicode(path string) (rune, error) {
	r, err := s.hex(path)
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if more, _ := s.r.Peek(6); len(more) == 6 && string(more[:2]) == `\u` {
		if low, err := strconv.ParseUint(string(more[2:]), 16, 16); err == nil {
			if both := utf16.DecodeRune(r, rune(low)); both != utf8.RuneError {
				_, _ = s.r.Discard(6)
				s.at.Column += 6
				s.read += 6
				return both, nil
			}
		}
	}
	return utf8.RuneError, nil
}

func (s *scanner) hex(path string) (rune, error) {
	at, digits := s.at, ""
	for range 4 {
		r, err := s.next(path)
		if err != nil {
			return 0, s.early(err, path)
		}
		digits += string(r)
	}
	n, err := strconv.ParseUint(digits, 16, 16)
	if err != nil || len(digits) != 4 {
		return 0, broken(at, path, "import_json")
	}
	return rune(n), nil
}

// early turns the end of the file inside a value into a syntax fault.
func (s *scanner) early(err error, path string) error {
	if errors.Is(err, io.EOF) {
		return s.fail(path)
	}
	return err
}

func (s *scanner) array(n *node) error {
	return s.members('[', ']', n.path, func() error {
		item, err := s.value(n.path + "[" + strconv.Itoa(len(n.list)) + "]")
		n.list = append(n.list, item)
		return err
	})
}

func (s *scanner) object(n *node) error {
	return s.members('{', '}', n.path, func() error {
		key, err := s.key(n.path)
		if err != nil {
			return err
		}
		path := join(n.path, key)
		if n.field(key) != nil {
			return broken(s.at, path, "import_key_twice")
		}
		if err := s.expect(':', path); err != nil {
			return err
		}
		value, err := s.value(path)
		n.keys, n.list = append(n.keys, key), append(n.list, value)
		return err
	})
}

// key reads the name of a member.
func (s *scanner) key(path string) (string, error) {
	b, err := s.peek(path)
	if err != nil {
		return "", err
	}
	if b != '"' {
		return "", s.fail(path)
	}
	return s.str(path)
}

// members walks an array or object: open, one call for each member, close.
func (s *scanner) members(open, end byte, path string, member func() error) error {
	if err := s.expect(open, path); err != nil {
		return err
	}
	if b, err := s.peek(path); err != nil || b == end {
		if err == nil {
			_, err = s.next(path)
		}
		return err
	}
	for {
		if err := member(); err != nil {
			return err
		}
		b, err := s.peek(path)
		if err != nil {
			return err
		}
		if b != ',' && b != end {
			return s.fail(path)
		}
		if _, err := s.next(path); err != nil || b == end {
			return err
		}
	}
}

// join adds a key to a path. A key that is no plain word is quoted and cut, so
// that a path stays readable.
func join(path, key string) string {
	const longest = 40
	plain := key != "" && len(key) <= longest && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
	switch {
	case !plain:
		return path + "[" + strconv.Quote(cutRunes(key, longest)) + "]"
	case path == "":
		return key
	default:
		return path + "." + key
	}
}

// cutRunes keeps at most n characters.
func cutRunes(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}
