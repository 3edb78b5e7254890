package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/web"
)

//go:embed docs
var docsFiles embed.FS

type words map[string]string

// The readable page: what a person needs of the document, in reading order.
type (
	docPage struct {
		Lang, Title, CSS, Icon, Document string
		W                                words
		About                            template.HTML
		Groups                           []docGroup
		Shapes                           []docTable
	}
	docGroup struct {
		Text       string
		Operations []docOperation
	}
	docTable struct {
		W      words
		Name   string
		Label  string
		Fields []docField
	}
	docField     struct{ Name, In, Type, Shape, Bounds, Text string }
	docOperation struct {
		docTable
		ID, Method, Path, Summary, Text    string
		Own                                bool
		Body, Curl, Sample, Status, Answer string
		Answers                            []docAnswer
	}
	docAnswer struct{ Status, Text string }
)

// writer makes the page from the document in one language.
type writer struct {
	doc  *huma.OpenAPI
	w    words
	base string
}

func (a *API) page(lang string) ([]byte, error) {
	tmpl, err := template.ParseFS(docsFiles, "docs/page.html")
	if err != nil {
		return nil, err
	}
	file, err := docsFiles.ReadFile("docs/words.json")
	if err != nil {
		return nil, err
	}
	var all map[string]words
	if err := json.Unmarshal(file, &all); err != nil {
		return nil, err
	}
	doc := a.huma.OpenAPI()
	w := &writer{doc: doc, w: all[lang], base: a.URL + prefix}
	page := docPage{Lang: lang, Title: boardMark, W: w.w, Document: documentPath,
		CSS: a.Asset("base.css"), Icon: a.Asset("icon.svg"), About: template.HTML(markup.Render(w.say("about", doc.Info.Description))), //nolint:gosec // our own text, sanitised
		Shapes: w.shapes()}
	for _, tag := range doc.Tags {
		group := docGroup{Text: w.say("tag."+tag.Name, tag.Description)}
		for _, rt := range a.routes {
			if rt.op.Tags[0] == tag.Name {
				group.Operations = append(group.Operations, w.operation(rt.op))
			}
		}
		page.Groups = append(page.Groups, group)
	}
	var out bytes.Buffer
	if err := tmpl.ExecuteTemplate(&out, "page.html", page); err != nil {
		return nil, err
	}
	a.brands[lang] = w.w["brand"]
	a.links[lang] = fmt.Appendf(nil, `<a href="/%[1]s%[2]s" hreflang="%[1]s" lang="%[1]s" aria-label="%[3]s">%[4]s</a>`,
		lang, docsPath, w.w["own"], w.w["short"])
	return out.Bytes(), nil
}

// say is the document's own sentence in the page's language. Only what stands
// beside a field stays English, and the page says so.
func (w *writer) say(key, english string) string {
	if text := w.w[key]; text != "" {
		return text
	}
	return english
}

func (w *writer) operation(op *huma.Operation) docOperation {
	out := docOperation{ID: op.OperationID, Method: op.Method, Path: prefix + op.Path, Own: own(op),
		Summary: w.say("summary."+op.OperationID, op.Summary), Text: w.say("text."+op.OperationID, op.Description)}
	out.W, out.Label = w.w, w.w["parameters"]+" "+op.Method+" "+op.Path
	for _, p := range op.Parameters {
		f := w.field(p.Name, p.Schema, p.Required)
		f.In, f.Text = w.w[p.In], p.Description
		out.Fields = append(out.Fields, f)
	}
	sample := ""
	if op.RequestBody != nil {
		schema := op.RequestBody.Content["application/json"].Schema
		if sample = w.sample(schema); sample == "{}" {
			sample = "" // nothing has to be sent
		} else {
			out.Body = shape(schema.Ref)
		}
	}
	out.Curl = w.curl(op, sample)
	for status, r := range op.Responses {
		out.Answers = append(out.Answers, docAnswer{Status: status, Text: w.say("status."+status, r.Description)})
		if m := r.Content["application/json"]; m != nil {
			out.Status, out.Sample, out.Answer = status, w.sample(m.Schema), shape(m.Schema.Ref)
		}
	}
	slices.SortFunc(out.Answers, func(a, b docAnswer) int { return strings.Compare(a.Status, b.Status) })
	return out
}

// curl is a call as it is typed, with the examples of the required parameters
// and of the first query parameter.
func (w *writer) curl(op *huma.Operation, body string) string {
	address, query := op.Path, ""
	for _, p := range op.Parameters {
		example := ""
		if len(p.Schema.Examples) > 0 {
			example = fmt.Sprint(p.Schema.Examples[0])
		}
		switch {
		case p.In == "path":
			address = strings.ReplaceAll(address, "{"+p.Name+"}", example)
		case p.In == "query" && query == "":
			query = "?" + p.Name + "=" + template.URLQueryEscaper(example)
		}
	}
	lines := []string{"curl -X " + op.Method + " '" + w.base + address + query + "'"}
	if own(op) {
		lines = append(lines, "-H 'Authorization: Bearer TOKEN'")
	}
	if body != "" {
		lines = append(lines, "-H 'Content-Type: application/json'", "-d '"+body+"'")
	}
	return strings.Join(lines, " \\\n  ")
}

func shape(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

func (w *writer) shapes() []docTable {
	var out []docTable
	for name, s := range w.doc.Components.Schemas.Map() {
		if len(s.Properties) == 0 {
			continue
		}
		t := docTable{W: w.w, Name: name, Label: name}
		for field, p := range s.Properties {
			f := w.field(field, p, slices.Contains(s.Required, field))
			f.Text = p.Description
			t.Fields = append(t.Fields, f)
		}
		slices.SortFunc(t.Fields, func(a, b docField) int { return strings.Compare(a.Name, b.Name) })
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b docTable) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// field says what a schema takes, in words.
func (w *writer) field(name string, s *huma.Schema, required bool) docField {
	f := docField{Name: name, Type: s.Type, Shape: shape(s.Ref)}
	inner := s
	if s.Type == huma.TypeArray {
		inner = s.Items
		f.Type, f.Shape = strings.TrimSpace(w.w["list"]+" "+inner.Type), shape(inner.Ref)
	}
	if s.Nullable {
		f.Type += " " + w.w["nullable"]
	}
	bounds := w.bounds(s)
	if required {
		bounds = append([]string{w.w["required"]}, bounds...)
	}
	if inner != s {
		if each := w.bounds(inner); len(each) > 0 {
			bounds = append(bounds, w.w["each"]+": "+strings.Join(each, ", "))
		}
	}
	if s.Default != nil {
		bounds = append(bounds, fmt.Sprint(w.w["default"], " ", s.Default))
	}
	f.Bounds = strings.Join(bounds, "; ")
	return f
}

func (w *writer) bounds(s *huma.Schema) []string {
	var out []string
	for _, v := range s.Enum {
		if v != "" {
			out = append(out, fmt.Sprint(v))
		}
	}
	if len(out) > 0 {
		out = []string{strings.Join(out, " | ")}
	}
	if s.MinLength != nil && *s.MinLength > 0 {
		out = append(out, "≥ "+strconv.Itoa(*s.MinLength))
	}
	for _, most := range []*int{s.MaxLength, s.MaxItems} {
		if most != nil {
			out = append(out, "≤ "+strconv.Itoa(*most))
		}
	}
	if s.Minimum != nil {
		out = append(out, "≥ "+strconv.FormatFloat(*s.Minimum, 'f', -1, 64))
	}
	if s.Maximum != nil {
		out = append(out, "≤ "+strconv.FormatFloat(*s.Maximum, 'f', -1, 64))
	}
	if s.Pattern != "" {
		out = append(out, s.Pattern)
	}
	if s.Format != "" && s.Format != "int64" {
		out = append(out, s.Format)
	}
	return out
}

// sample is an example of a schema as JSON.
func (w *writer) sample(s *huma.Schema) string {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(w.example(s)); err != nil {
		return ""
	}
	return strings.TrimSpace(out.String())
}

// example builds a value from the examples of a schema's parts.
func (w *writer) example(s *huma.Schema) any {
	if s.Ref != "" {
		s = w.doc.Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Type == huma.TypeArray:
		return []any{w.example(s.Items)}
	case s.Type == huma.TypeObject:
		out := map[string]any{}
		for name, p := range s.Properties {
			out[name] = w.example(p)
		}
		if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
			out["skill"] = w.example(values)
		}
		return out
	case s.Type == huma.TypeBoolean:
		return false
	case s.Type == huma.TypeInteger:
		return 0
	}
	return ""
}

// serveDocs shows the page in the language of the address, of the reader's
// choice on the board, or of the browser; always one that the branch speaks.
func (a *API) serveDocs(c *gin.Context, _ *request) error {
	settings, err := a.Branch.Settings(c.Request.Context())
	if err != nil {
		return err
	}
	lang := reader(c.Request, settings)
	name := a.brands[lang] // before the first run, as on every other page
	if settings.Done() {
		name = settings.Name
	}
	page := bytes.ReplaceAll(a.docs[lang], []byte(boardMark), []byte(template.HTMLEscapeString(name)))
	page = bytes.Replace(page, []byte(themeMark), []byte(theme(c.Request)), 1)
	page = bytes.Replace(page, []byte(switchMark), a.switches(lang, settings.Languages), 1)
	c.Header("Content-Security-Policy", web.Policy)
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "text/html; charset=utf-8", page)
	return nil
}

// switches are the links to the page in the branch's other languages.
func (a *API) switches(lang string, langs []string) []byte {
	var out []byte
	for _, other := range langs {
		if other != lang {
			out = append(out, a.links[other]...)
		}
	}
	return out
}

// The places in a finished page where the board's name, the reader's theme and
// the switch of languages go.
const (
	boardMark  = "%%BOARD%%"
	themeMark  = "%%THEME%%"
	switchMark = "%%SWITCH%%"
)

// reader is the language for a reader of the page, as on every other page.
func reader(r *http.Request, b branch.Settings) string {
	if lang, named := prefixed(r); named {
		return b.Spoken(lang)
	}
	for _, name := range []string{"__Host-lang", "oduvan-lang"} {
		if ck, err := r.Cookie(name); err == nil && b.Speaks(ck.Value) {
			return ck.Value
		}
	}
	return b.Prefers(r.Header.Get("Accept-Language"))
}

// theme is the attribute of the look that this browser asked for, as on every
// other page; empty where it follows the system.
func theme(r *http.Request) string {
	for _, name := range []string{"__Host-theme", "oduvan-theme"} {
		if ck, err := r.Cookie(name); err == nil && (ck.Value == web.ThemeLight || ck.Value == web.ThemeDark) {
			return ` data-theme="` + ck.Value + `"`
		}
	}
	return ""
}
