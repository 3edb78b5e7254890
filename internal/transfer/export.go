package transfer

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/profile"
)

// The shapes of our own format, version 1. They must not move when a column does.
type (
	ownProfile struct {
		Handle    string       `json:"handle"`
		Roles     []string     `json:"roles"`
		Name      string       `json:"name"`
		Headline  string       `json:"headline"`
		About     string       `json:"about"`
		Skills    []string     `json:"skills"`
		Levels    []string     `json:"levels"`
		Languages []string     `json:"languages"`
		Formats   []string     `json:"formats"`
		Links     []ownLink    `json:"links"`
		Timezone  string       `json:"timezone"`
		Since     string       `json:"since,omitempty"`
		Services  []ownService `json:"services"`
	}
	ownLink struct {
		Title string `json:"title"`
		URL   string `json:"url"`
	}
	ownService struct {
		Title       string    `json:"title"`
		Summary     string    `json:"summary"`
		Format      string    `json:"format"`
		Minutes     int       `json:"minutes"`
		Price       *ownPrice `json:"price"`
		ByAgreement bool      `json:"by_agreement"`
		FreeTrial   bool      `json:"free_trial"`
		Rules       string    `json:"rules"`
	}
	ownPrice struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	}
)

// exportPage is how many profiles are held at once.
const exportPage = 200

// Export writes everything that is public here, people and what they offer, in
// our own format, as one consistent view and a page at a time. What is hidden,
// paused or a draft stays out; so do pictures. Anybody may have what it writes:
// it is what the pages show.
func (t *Transfer) Export(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	err := t.db.Read(ctx, func(tx *db.Tx) error {
		settings, err := branch.Load(ctx, tx)
		if err != nil {
			return err
		}
		name, err := json.Marshal(settings.Name)
		if err != nil {
			return err
		}
		address, err := json.Marshal(t.url)
		if err != nil {
			return err
		}
		head := `{"format":"` + Oduvan + `","version":` + strconv.Itoa(ownVersion) + `,"branch":` + string(name) + `,"url":` + string(address) + `,"profiles":[`
		if _, err := out.WriteString(head); err != nil {
			return err
		}
		if err := writeProfiles(ctx, tx, out); err != nil {
			return err
		}
		_, err = out.WriteString("\n]}\n")
		return err
	})
	if err != nil {
		return err
	}
	return out.Flush()
}

// writeProfiles writes all visible profiles in the order of their handles, so
// that two exports of the same content are the same file.
func writeProfiles(ctx context.Context, tx *db.Tx, out *bufio.Writer) error {
	after, separator := "", "\n"
	for {
		page, err := exportAfter(ctx, tx, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			text, err := json.Marshal(page[i])
			if err != nil {
				return err
			}
			if _, err := out.WriteString(separator + string(text)); err != nil {
				return err
			}
			separator = ",\n"
		}
		after = page[len(page)-1].Handle
	}
}

// exportAfter reads the next visible profiles by handle, with their services.
func exportAfter(ctx context.Context, tx *db.Tx, after string) ([]ownProfile, error) {
	var ids []string
	err := tx.NewSelect().Model((*profile.Profile)(nil)).Column("p.account_id").Join("JOIN account AS a ON a.id = p.account_id").
		Where(profile.VisibleSQL).Where("a.handle > ?", after).OrderExpr("a.handle").Limit(exportPage).Scan(ctx, &ids)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	people, err := profile.ByIDs(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	var rows []market.Service
	if err := tx.NewSelect().Model(&rows).Where("s.account_id IN (?)", bun.In(ids)).
		Where("s.state = ?", market.Published).OrderExpr("s.account_id, s.title, s.id").Scan(ctx); err != nil {
		return nil, err
	}
	offered := map[string][]ownService{}
	for i := range rows {
		offered[rows[i].AccountID] = append(offered[rows[i].AccountID], ownServiceOf(&rows[i]))
	}
	out := make([]ownProfile, len(ids))
	for i, id := range ids {
		out[i] = ownProfileOf(people[id])
		out[i].Services = full(offered[id])
	}
	return out, nil
}

func ownProfileOf(p *profile.Profile) ownProfile {
	out := ownProfile{Handle: p.Handle, Roles: []string{}, Name: p.Name, Headline: p.Headline, About: p.About,
		Skills: full(p.Skills), Levels: full(p.Levels), Languages: full(p.Languages), Formats: full(p.Formats),
		Links: []ownLink{}, Timezone: p.Timezone, Since: db.Date(p.PublishedOn)}
	if p.Tutor {
		out.Roles = append(out.Roles, "tutor")
	}
	if p.Creator {
		out.Roles = append(out.Roles, "creator")
	}
	for _, l := range p.Links {
		out.Links = append(out.Links, ownLink(l))
	}
	return out
}

func ownServiceOf(s *market.Service) ownService {
	out := ownService{Title: s.Title, Summary: s.Summary, Format: s.Format, Minutes: s.Minutes,
		ByAgreement: s.ByAgreement, FreeTrial: s.FreeTrial, Rules: s.Rules}
	if s.Price != nil {
		out.Price = &ownPrice{Amount: *s.Price, Currency: s.Currency}
	}
	return out
}

// full is a list that JSON writes as [] and not as null.
func full[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
