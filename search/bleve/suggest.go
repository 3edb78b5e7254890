package bleve

import (
	"context"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/reading"
)

// Suggest implements search.Engine.
func (e *Engine) Suggest(ctx context.Context, q search.SuggestQuery) ([]search.Suggestion, error) {
	s, err := e.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return e.complete.Suggest(ctx, q, s)
}

// Words implements reading.Index.
func (s *state) Words() norm.Words { return s.gen.words }

// SkillCount implements reading.Index.
func (s *state) SkillCount(id string) int { return s.view.SkillCount(id) }

// Names implements reading.Index.
func (s *state) Names(_ context.Context, text string, limit int) ([]search.Suggestion, error) {
	found := s.names.find(s.view, text, limit)
	out := make([]search.Suggestion, len(found))
	for i, d := range found {
		out[i] = reading.Suggestion(d)
	}
	return out, nil
}
