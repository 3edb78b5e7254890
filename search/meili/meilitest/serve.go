package meilitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

func (s *Server) serveIndexes(w http.ResponseWriter, r *http.Request, path []string, body []byte) {
	if len(path) == 0 || path[0] == "" {
		var in struct{ UID, PrimaryKey string }
		if json.Unmarshal(body, &in) != nil || r.Method != http.MethodPost {
			fail(w, http.StatusBadRequest, "bad_request")
			return
		}
		s.do(w, "indexCreation", in.UID, func() string {
			if s.indexes[in.UID] != nil {
				return "index_already_exists"
			}
			s.indexes[in.UID] = newIndex(in.PrimaryKey)
			return ""
		})
		return
	}
	uid := path[0]
	switch strings.Join(path[1:], "/") {
	case "":
		s.serveIndex(w, r, uid)
	case "settings":
		s.change(w, "settingsUpdate", uid, body, func(x *index, in any) string { return x.set(in) })
	case "settings/filterable-attributes":
		s.change(w, "settingsUpdate", uid, body, func(x *index, in any) string {
			x.configure(in)
			return ""
		})
	case "documents":
		s.change(w, "documentAdditionOrUpdate", uid, lines(bytes.TrimSpace(body)), func(x *index, in any) string { return x.add(in) })
	case "documents/delete":
		s.change(w, "documentDeletion", uid, body, func(x *index, in any) string { return x.remove(in) })
	default:
		fail(w, http.StatusNotFound, "not_found")
	}
}

func (s *Server) serveIndex(w http.ResponseWriter, r *http.Request, uid string) {
	if r.Method == http.MethodDelete {
		s.do(w, "indexDeletion", uid, func() string {
			if s.indexes[uid] == nil {
				return "index_not_found"
			}
			delete(s.indexes, uid)
			return ""
		})
		return
	}
	s.mu.Lock()
	x := s.indexes[uid]
	s.mu.Unlock()
	if x == nil {
		fail(w, http.StatusNotFound, "index_not_found")
		return
	}
	reply(w, http.StatusOK, map[string]any{"uid": uid, "primaryKey": x.primary})
}

// change runs a task on an index.
func (s *Server) change(w http.ResponseWriter, kind, uid string, body []byte, run func(*index, any) string) {
	in, err := decode(body)
	if err != nil {
		fail(w, http.StatusBadRequest, "malformed_payload")
		return
	}
	s.do(w, kind, uid, func() string {
		x := s.indexes[uid]
		if x == nil {
			return "index_not_found"
		}
		return run(x, in)
	})
}

// set takes settings; an unknown one is refused as the server does.
func (x *index) set(in any) string {
	known := []string{"rankingRules", "searchableAttributes", "displayedAttributes", "sortableAttributes", "stopWords", "proximityPrecision", "typoTolerance", "pagination", "faceting", "prefixSearch"}
	m, ok := in.(map[string]any)
	if !ok {
		return "malformed_payload"
	}
	for name, v := range m {
		if !slices.Contains(known, name) {
			return "bad_request"
		}
		x.settings[name] = v
	}
	for _, d := range slices.Collect(maps.Values(x.docs)) {
		x.put(d)
	}
	return ""
}

// add takes all documents or, if one has no good id, none.
func (x *index) add(in any) string {
	for _, v := range each(in) {
		d, ok := v.(map[string]any)
		if !ok || !x.put(document(d)) {
			return "invalid_document_id"
		}
	}
	return ""
}

func (x *index) remove(in any) string {
	m, _ := in.(map[string]any)
	filter, _ := m["filter"].(string)
	match, uses, err := parseFilter(filter)
	if err != nil || !x.mayFilter(uses) {
		return "invalid_document_filter"
	}
	for _, number := range match(x).ToArray() {
		x.delete(x.ids[number])
	}
	return ""
}

func (x *index) mayFilter(uses []use) bool {
	for _, u := range uses {
		if ok, compares := x.filters(u.attribute); !ok || u.compares && !compares {
			return false
		}
	}
	return true
}

func (s *Server) serveSwap(w http.ResponseWriter, body []byte) {
	var in []struct{ Indexes []string }
	if json.Unmarshal(body, &in) != nil || len(in) != 1 || len(in[0].Indexes) != 2 {
		fail(w, http.StatusBadRequest, "bad_request")
		return
	}
	a, b := in[0].Indexes[0], in[0].Indexes[1]
	s.do(w, "indexSwap", "", func() string {
		if s.indexes[a] == nil || s.indexes[b] == nil {
			return "index_not_found"
		}
		s.indexes[a], s.indexes[b] = s.indexes[b], s.indexes[a]
		return ""
	})
}

// serveSearch answers queries one after the other: between two of them the
// index may change, as on the server.
func (s *Server) serveSearch(w http.ResponseWriter, body []byte) {
	var in struct{ Queries []request }
	if err := json.Unmarshal(body, &in); err != nil {
		fail(w, http.StatusBadRequest, "malformed_payload")
		return
	}
	results := []any{}
	for _, q := range in.Queries {
		res, status, code := s.search(q)
		if code != "" {
			fail(w, status, code)
			return
		}
		results = append(results, res)
	}
	reply(w, http.StatusOK, map[string]any{"results": results})
}

func (s *Server) search(q request) (any, int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.indexes[q.IndexUID]
	if x == nil {
		return nil, http.StatusNotFound, "index_not_found"
	}
	among := x.all
	if text, ok := q.Filter.(string); ok && text != "" {
		match, uses, err := parseFilter(text)
		if err != nil || !x.mayFilter(uses) {
			return nil, http.StatusBadRequest, "invalid_search_filter"
		}
		among = roaring.And(x.all, match(x))
	}
	for _, rule := range q.Sort {
		if name, _, _ := strings.Cut(rule, ":"); !x.sorts(name) {
			return nil, http.StatusBadRequest, "invalid_search_sort"
		}
	}
	for _, name := range q.Facets {
		if ok, _ := x.filters(name); !ok {
			return nil, http.StatusBadRequest, "invalid_search_facets"
		}
	}
	for _, name := range q.AttributesToSearchOn {
		if !slices.Contains(x.list("searchableAttributes"), name) {
			return nil, http.StatusBadRequest, "invalid_search_attributes_to_search_on"
		}
	}
	found := x.find(q, among)
	if q.HitsPerPage == nil || *q.HitsPerPage > 0 {
		x.rank(found, q.Sort)
	}
	return x.page(found, q), 0, ""
}

// page cuts the hits and counts, in either form of pages.
func (x *index) page(found []match, q request) map[string]any {
	total := min(len(found), x.limit("pagination", "maxTotalHits", 1000))
	out := map[string]any{"query": q.Q, "processingTimeMs": 1, "indexUid": q.IndexUID}
	if len(q.Facets) > 0 {
		out["facetDistribution"] = x.distribution(found, q.Facets)
	}
	from, n := q.Offset, 20
	if q.Limit != nil {
		n = *q.Limit
	}
	if q.HitsPerPage != nil {
		n = *q.HitsPerPage
		from = (max(q.Page, 1) - 1) * n
		out["totalHits"], out["hitsPerPage"], out["page"] = total, n, max(q.Page, 1)
	} else {
		out["estimatedTotalHits"], out["offset"], out["limit"] = total, from, n
	}
	hits := []any{}
	for _, m := range found[min(from, total):min(from+n, total)] {
		hits = append(hits, x.show(m, q))
	}
	out["hits"] = hits
	return out
}

// key is one API key.
type key struct {
	UID         string    `json:"uid"`
	Key         string    `json:"key"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Actions     []string  `json:"actions"`
	Indexes     []string  `json:"indexes"`
	ExpiresAt   *string   `json:"expiresAt"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
}

func (s *Server) serveKeys(w http.ResponseWriter, r *http.Request, path []string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.Method {
	case http.MethodPost:
		k := &key{}
		if json.Unmarshal(body, k) != nil || len(k.Actions) == 0 || len(k.Indexes) == 0 {
			fail(w, http.StatusBadRequest, "missing_api_key_actions")
			return
		}
		s.made++
		k.UID, k.Key = fmt.Sprintf("00000000-0000-4000-8000-%012d", s.made), fmt.Sprintf("key-%d", s.made)
		s.keys = append(s.keys, k)
		reply(w, http.StatusCreated, k)
	case http.MethodDelete:
		at := slices.IndexFunc(s.keys, func(k *key) bool { return len(path) > 0 && (k.UID == path[0] || k.Key == path[0]) })
		if at < 0 {
			fail(w, http.StatusNotFound, "api_key_not_found")
			return
		}
		s.keys = slices.Delete(s.keys, at, at+1)
		w.WriteHeader(http.StatusNoContent)
	default:
		reply(w, http.StatusOK, map[string]any{"results": append([]*key{}, s.keys...), "offset": 0, "limit": len(s.keys), "total": len(s.keys)})
	}
}

// Keys are the names of the keys there are, by key.
func (s *Server) Keys() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for _, k := range s.keys {
		out[k.Key] = k.Name
	}
	return out
}

// authorise gives the code of a refusal, or nothing.
func (s *Server) authorise(r *http.Request) string {
	if r.URL.Path == "/health" {
		return ""
	}
	given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch given {
	case MasterKey:
		return ""
	case "":
		return "missing_authorization_header"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	action := needed(r)
	for _, k := range s.keys {
		if k.Key != given {
			continue
		}
		group, _, _ := strings.Cut(action, ".")
		if slices.Contains(k.Actions, action) || slices.Contains(k.Actions, "*") || slices.Contains(k.Actions, group+".*") {
			return ""
		}
	}
	return "invalid_api_key"
}

// needed is the action that a request takes.
func needed(r *http.Request) string {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	verb := map[string]string{http.MethodGet: "get", http.MethodPost: "create", http.MethodDelete: "delete", http.MethodPatch: "update", http.MethodPut: "update"}[r.Method]
	switch {
	case path[0] == "multi-search":
		return "search"
	case path[0] == "swap-indexes":
		return "indexes.swap"
	case path[0] == "tasks":
		return "tasks.get"
	case path[0] == "keys":
		return "keys." + verb
	case len(path) > 2 && path[2] == "settings":
		return "settings.update"
	case len(path) > 3 && path[2] == "documents":
		return "documents.delete"
	case len(path) > 2:
		return "documents.add"
	}
	return "indexes." + verb
}
