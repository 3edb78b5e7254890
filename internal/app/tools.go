package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/control"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/eval"
)

// The commands that need the search index, by their names at the control
// socket. What goes in and out of each is the struct of its name.
const (
	ToolAbout   = "about"
	ToolFind    = "find"
	ToolExplain = "explain"
	ToolReindex = "reindex"
)

// AboutIn asks what is searched, and which of some labels nothing public is called by.
type AboutIn struct {
	Labels []string `json:"labels"`
}

// AboutOut tells the engine, its size and the labels that nothing has.
type AboutOut struct {
	Engine    string   `json:"engine"`
	Documents int      `json:"documents"`
	Missing   []string `json:"missing"`
}

// FindIn is one query as a visitor types it.
type FindIn struct {
	Text  string `json:"text"`
	Limit int    `json:"limit"`
}

// FindOut is what it finds, in order.
type FindOut struct {
	Found []eval.Found `json:"found"`
}

// ExplainIn asks why a thing stands where it stands for a query. Name is an id,
// a handle, or either with the kind before it: "service/ID".
type ExplainIn struct {
	Text string `json:"text"`
	Name string `json:"name"`
}

// ExplainOut is the thing that was meant and the explanation.
type ExplainOut struct {
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	Title string `json:"title"`
	search.Explanation
}

// ReindexProgress is how many of about how many documents are written.
type ReindexProgress struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

// ReindexOut is what a reindex made.
type ReindexOut struct {
	Engine    string  `json:"engine"`
	Documents int     `json:"documents"`
	Seconds   float64 `json:"seconds"`
	Bytes     int64   `json:"bytes"` // on disk, 0 if unknown
}

// errReindexing is for a second reindex beside the first.
var errReindexing = errors.New("another reindex is under way")

// Tools are what commands ask the process that holds the index to do.
func (a *App) Tools() control.Verbs {
	var rebuilding sync.Mutex
	return control.Verbs{
		ToolAbout:   verb(func(ctx context.Context, in AboutIn, _ func(any)) (AboutOut, error) { return a.about(ctx, in) }),
		ToolFind:    verb(func(ctx context.Context, in FindIn, _ func(any)) (FindOut, error) { return a.find(ctx, in) }),
		ToolExplain: verb(func(ctx context.Context, in ExplainIn, _ func(any)) (ExplainOut, error) { return a.explain(ctx, in) }),
		ToolReindex: verb(func(ctx context.Context, _ struct{}, progress func(any)) (ReindexOut, error) {
			if !rebuilding.TryLock() {
				return ReindexOut{}, errReindexing
			}
			defer rebuilding.Unlock()
			return a.reindex(ctx, progress)
		}),
	}
}

// verb reads what goes in.
func verb[In, Out any](do func(context.Context, In, func(any)) (Out, error)) control.Verb {
	return func(ctx context.Context, raw json.RawMessage, progress func(any)) (any, error) {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
		return do(ctx, in, progress)
	}
}

// answerTools serves the control socket until ctx ends. A folder that cannot
// hold a socket, or a socket that breaks, costs only the commands.
func (a *App) answerTools(ctx context.Context) {
	l, err := control.Listen(a.Config.Data)
	if err != nil {
		a.Log.Warn("no control socket: commands on the search index work only while serve is stopped", "error", err)
		return
	}
	if err := control.Serve(ctx, l, a.Tools()); err != nil {
		a.Log.Warn("the control socket broke: commands on the search index work only while serve is stopped", "error", err)
	}
}

// engine names what answers searches.
func (a *App) engine() string {
	if a.Config.MeiliURL != "" {
		return "Meilisearch"
	}
	return "embedded"
}

func (a *App) about(ctx context.Context, in AboutIn) (AboutOut, error) {
	stats, err := a.Catalogue.Stats(ctx)
	if err != nil {
		return AboutOut{}, err
	}
	out := AboutOut{Engine: a.engine(), Documents: stats.Documents}
	if len(in.Labels) == 0 {
		return out, nil
	}
	out.Missing = eval.Missing(in.Labels, func(yield func(eval.Found) bool) {
		for _, kind := range a.Catalogue.Kinds() {
			if err == nil {
				err = a.Catalogue.Each(ctx, kind, func(l catalogue.Listing) error {
					yield(called(l))
					return nil
				})
			}
		}
	})
	return out, err
}

// called is everything that a listing may be called in a label. What a person
// offers stands for the person too.
func called(l catalogue.Listing) eval.Found {
	f := eval.Found{ID: l.ID}
	for _, name := range []string{l.Title, l.Name, l.OwnerName, l.Handle} {
		if name != "" && !slices.Contains(f.Names, name) {
			f.Names = append(f.Names, name)
		}
	}
	return f
}

// findTries is how often an index that was late is asked again: its figures
// are wanted, not those of the fallback.
const findTries = 3

func (a *App) find(ctx context.Context, in FindIn) (FindOut, error) {
	for range findTries {
		page, err := a.Catalogue.Search(ctx, search.Query{Text: in.Text, Limit: in.Limit})
		if err != nil {
			return FindOut{}, err
		}
		if page.Fallback {
			continue
		}
		out := FindOut{Found: make([]eval.Found, len(page.Listings))}
		for i, l := range page.Listings {
			out.Found[i] = called(l)
		}
		return out, nil
	}
	return FindOut{}, fault.Of(fault.Unavailable, "index_away")
}

func (a *App) explain(ctx context.Context, in ExplainIn) (ExplainOut, error) {
	l, err := a.thing(ctx, in.Name)
	if err != nil {
		return ExplainOut{}, err
	}
	out := ExplainOut{Kind: l.Kind, ID: l.ID, Title: l.Title}
	out.Explanation, err = a.Catalogue.Explain(ctx, search.Query{Text: in.Text}, search.Ref{Kind: l.Kind, ID: l.ID})
	return out, err
}

// thing finds the public thing that a name means: an id of any kind, or the
// handle of a person. Of a person in two kinds it is the one that is shown.
func (a *App) thing(ctx context.Context, name string) (catalogue.Listing, error) {
	kinds, id := a.Catalogue.Kinds(), name
	if kind, rest, ok := strings.Cut(name, "/"); ok {
		kinds, id = []string{kind}, rest
	}
	refs := make([]search.Ref, len(kinds))
	for i, k := range kinds {
		refs[i] = search.Ref{Kind: k, ID: id}
	}
	list, err := a.Catalogue.Listings(ctx, refs)
	if err != nil {
		return catalogue.Listing{}, err
	}
	if len(list) == 0 {
		people := []string{}
		for _, k := range a.kinds() {
			if k.Handles != nil && slices.Contains(kinds, k.Name) {
				people = append(people, k.Name)
			}
		}
		page := catalogue.Page{}
		if len(people) > 0 {
			page, err = a.Catalogue.Search(ctx, search.Query{Owner: strings.ToLower(id), Kinds: people})
		}
		if list = page.Listings; err != nil {
			return catalogue.Listing{}, err
		}
	}
	if len(list) == 0 {
		return catalogue.Listing{}, fmt.Errorf("nothing public has the id or handle %q", name)
	}
	if i := slices.IndexFunc(list, func(l catalogue.Listing) bool { return !l.Second }); i >= 0 {
		return list[i], nil
	}
	return list[0], nil
}

func (a *App) reindex(ctx context.Context, progress func(any)) (ReindexOut, error) {
	began := time.Now()
	err := a.Catalogue.Reindex(ctx, func(done, total int) { progress(ReindexProgress{done, total}) })
	if err != nil {
		return ReindexOut{}, err
	}
	took := time.Since(began)
	stats, err := a.Catalogue.Stats(ctx)
	return ReindexOut{Engine: a.engine(), Documents: stats.Documents, Seconds: took.Seconds(), Bytes: stats.Bytes}, err
}
