package transfer

import (
	"encoding/csv"
	"io"
	"strings"
)

// Report tells what an import did, or, of a dry run, would do.
type Report struct {
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"` // also entries whose person has claimed or erased them
	// StillPublished counts entries, updated or unchanged, that were public
	// before and stayed so although this import was not told to publish.
	StillPublished int            `json:"still_published,omitempty"`
	Dropped        map[string]int `json:"dropped"` // by source field, or "contacts", "email", "links" in texts
	Shortened      []Shortened    `json:"shortened"`
	Preview        []Preview      `json:"preview,omitempty"` // of a dry run: the first entries
}

// Preview is one entry as it would stand on the board.
type Preview struct {
	Entry    string   `json:"entry"` // path in the file
	Act      Act      `json:"act"`
	Handle   string   `json:"handle"`
	Name     string   `json:"name"`
	Headline string   `json:"headline"`
	Skills   []string `json:"skills"`
	Services int      `json:"services"`
}

// Act is what happens to one entry.
type Act string

// The acts.
const (
	Created   Act = "created"
	Updated   Act = "updated"
	Unchanged Act = "unchanged"
)

// maxPreview bounds the preview; the counts are of the whole file.
const maxPreview = 100

func newReport() Report { return Report{Dropped: map[string]int{}, Shortened: []Shortened{}} }

// add counts one entry.
func (r *Report) add(act Act, e *Entry, d draft) {
	switch act {
	case Created:
		r.Created++
	case Updated:
		r.Updated++
	default:
		r.Unchanged++
	}
	if d.kept {
		r.StillPublished++
	}
	for field, n := range d.dropped {
		r.Dropped[field] += n
	}
	r.Shortened = append(append(r.Shortened, e.Shortened...), d.cut...)
}

// show adds one entry to the preview.
func (r *Report) show(act Act, e *Entry, d draft) {
	if len(r.Preview) < maxPreview {
		r.Preview = append(r.Preview, Preview{Entry: e.Path, Act: act, Handle: d.Handle, Name: d.Name,
			Headline: d.Headline, Skills: full(d.Skills), Services: len(d.Services)})
	}
}

// claim is one line of the claims file.
type claim struct{ handle, code, url, source string }

// ClaimsHead is the first line of a claims file.
const ClaimsHead = "handle,claim_code,url,source_id"

// writeClaims writes handle, claim code, address and the source's own id, by
// which the operator reaches each person. The file opens in spreadsheets: a
// foreign text that would be a formula there gets an apostrophe.
func writeClaims(w io.Writer, claims []claim) error {
	out := csv.NewWriter(w)
	if err := out.Write(strings.Split(ClaimsHead, ",")); err != nil {
		return err
	}
	for _, c := range claims {
		if err := out.Write([]string{c.handle, c.code, c.url, inert(c.source)}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// inert keeps a spreadsheet from running a cell (OWASP, CSV injection).
func inert(cell string) string {
	cell = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		return r
	}, cell)
	if cell != "" && strings.ContainsRune("=+-@|%", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
