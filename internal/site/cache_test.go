package site_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/site"
)

// meanwhile lets something happen once while a page is being made.
type meanwhile struct {
	site.Skills
	once *sync.Once
	then func()
}

func (m meanwhile) Name(id, lang string) string {
	m.once.Do(m.then)
	return m.Skills.Name(id, lang)
}

// pagesOf are a board's pages, made with another configuration.
func pagesOf(w *apptest.World, change func(*site.Config)) http.Handler {
	cfg := w.Site.Config
	change(&cfg)
	s, r := site.New(cfg), gin.New()
	s.Mount(r)
	return s.Wrap(r)
}

func asked(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, req)
	return out
}

// TestAPageOfAFormerIndexIsNotKept lets the index catch up between the search
// and the end of its page.
func TestAPageOfAFormerIndexIsNotKept(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.Person("ada").Profile(nil).Is(http.StatusOK)
	ben := w.Person("ben")
	w.Settle()
	h := pagesOf(w, func(cfg *site.Config) {
		cfg.Skills = meanwhile{Skills: cfg.Skills, once: &sync.Once{}, then: w.Settle}
	})
	ben.Profile(nil).Is(http.StatusOK)

	if strings.Contains(asked(h, "/search").Body.String(), "/tutors/ben") {
		t.Fatal("the index was not behind")
	}
	if !strings.Contains(asked(h, "/search").Body.String(), "/tutors/ben") {
		t.Error("a page of the former index was kept as fresh")
	}
}
