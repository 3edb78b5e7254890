package meilitest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/RoaringBitmap/roaring/v2"
)

// condition gives the documents of an index that match, by number. What it
// gives may be changed.
type condition func(*index) *roaring.Bitmap

// use is one attribute that a filter names, and whether it compares it.
type use struct {
	attribute string
	compares  bool
}

// parser reads the filter language: OR, AND, NOT, brackets, = != > >= < <= TO,
// IN and EXISTS.
type parser struct {
	tokens []string
	at     int
	uses   []use
}

var errFilter = errors.New("filter cannot be read")

// parseFilter gives the condition of a filter and the attributes it names.
func parseFilter(text string) (condition, []use, error) {
	tokens, err := scanFilter(text)
	if err != nil {
		return nil, nil, err
	}
	p := &parser{tokens: tokens}
	c, err := p.or()
	if err == nil && p.at < len(p.tokens) {
		err = fmt.Errorf("%w: %q is left", errFilter, p.tokens[p.at:])
	}
	return c, p.uses, err
}

// scanFilter cuts a filter into words; a quoted value keeps its quote before it.
func scanFilter(text string) (out []string, err error) {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ':
			i++
		case strings.ContainsRune("()[],", rune(c)):
			out = append(out, string(c))
			i++
		case strings.ContainsRune("=!<>", rune(c)):
			n := 1
			if i+1 < len(text) && text[i+1] == '=' {
				n = 2
			}
			out = append(out, text[i:i+n])
			i += n
		case c == '"':
			end := i + 1
			for end < len(text) && (text[end] != '"' || text[end-1] == '\\') {
				end++
			}
			if end >= len(text) {
				return nil, errFilter
			}
			out = append(out, `"`+strings.ReplaceAll(text[i+1:end], `\"`, `"`))
			i = end + 1
		default:
			end := i
			for end < len(text) && (unicode.IsLetter(rune(text[end])) || unicode.IsDigit(rune(text[end])) || strings.ContainsRune("._-", rune(text[end]))) {
				end++
			}
			if end == i {
				return nil, fmt.Errorf("%w: %q", errFilter, text[i:])
			}
			out = append(out, text[i:end])
			i = end
		}
	}
	return out, nil
}

func (p *parser) peek() string {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return ""
}

func (p *parser) next() string {
	t := p.peek()
	p.at++
	return t
}

func (p *parser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.peek() == "OR" {
		p.at++
		var right condition
		if right, err = p.and(); err == nil {
			l, r := left, right
			left = func(x *index) *roaring.Bitmap { return roaring.Or(l(x), r(x)) }
		}
	}
	return left, err
}

func (p *parser) and() (condition, error) {
	left, err := p.one()
	for err == nil && p.peek() == "AND" {
		p.at++
		var right condition
		if right, err = p.one(); err == nil {
			l, r := left, right
			left = func(x *index) *roaring.Bitmap { return roaring.And(l(x), r(x)) }
		}
	}
	return left, err
}

func (p *parser) one() (condition, error) {
	switch t := p.next(); t {
	case "NOT":
		c, err := p.one()
		return func(x *index) *roaring.Bitmap { return roaring.AndNot(x.all, c(x)) }, err
	case "(":
		c, err := p.or()
		if err == nil && p.next() != ")" {
			err = errFilter
		}
		return c, err
	case "":
		return nil, errFilter
	default:
		return p.compare(t)
	}
}

func (p *parser) compare(attribute string) (condition, error) {
	operator := p.next()
	p.uses = append(p.uses, use{attribute, strings.ContainsAny(operator, "<>") || p.at < len(p.tokens) && p.peek() == "TO"})
	switch operator {
	case "EXISTS":
		return func(x *index) *roaring.Bitmap { return x.having(attribute) }, nil
	case "IN":
		list, err := p.list()
		return anyOf(attribute, list), err
	case "=", "!=":
		want := strings.ToLower(strings.TrimPrefix(p.next(), `"`))
		is := anyOf(attribute, []string{want})
		if operator == "!=" {
			return func(x *index) *roaring.Bitmap { return roaring.AndNot(x.all, is(x)) }, nil
		}
		return is, nil
	case ">", ">=", "<", "<=":
		bound, err := strconv.ParseFloat(p.next(), 64)
		return number(attribute, func(n float64) bool {
			return operator[0] == '>' && n > bound || operator[0] == '<' && n < bound || len(operator) > 1 && n == bound
		}), err
	}
	low, err := strconv.ParseFloat(operator, 64)
	if err != nil || p.next() != "TO" {
		return nil, fmt.Errorf("%w: after %q", errFilter, attribute)
	}
	high, err := strconv.ParseFloat(p.next(), 64)
	return number(attribute, func(n float64) bool { return n >= low && n <= high }), err
}

func (p *parser) list() (out []string, err error) {
	if p.next() != "[" {
		return nil, errFilter
	}
	for {
		switch t := p.next(); t {
		case "]":
			return out, nil
		case ",":
		case "":
			return nil, errFilter
		default:
			out = append(out, strings.ToLower(strings.TrimPrefix(t, `"`)))
		}
	}
}

// word is a value as filters compare it: in lower case.
func word(v any) string { return strings.ToLower(plainWord(v)) }

// plainWord is a value as a facet shows it; empty for what is no facet.
func plainWord(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func anyOf(attribute string, list []string) condition {
	return func(x *index) *roaring.Bitmap {
		out := roaring.New()
		for _, v := range list {
			if set := x.posts[attribute][v]; set != nil {
				out.Or(set)
			}
		}
		return out
	}
}

func number(attribute string, is func(float64) bool) condition {
	return func(x *index) *roaring.Bitmap {
		out := roaring.New()
		for v, set := range x.posts[attribute] {
			if n, err := strconv.ParseFloat(v, 64); err == nil && is(n) {
				out.Or(set)
			}
		}
		return out
	}
}

// each lists the values of an attribute, which may be one or a list.
func each(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}
