package app

import (
	"context"
	"errors"
	"os"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/saved"
	"github.com/tmoeg/oduvan/internal/site"
	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/taxonomy"
	"github.com/tmoeg/oduvan/web"
)

// kinds is the one table of public things. Search, feeds and the sitemap walk
// it; a new kind is one row.
func (a *App) kinds() []catalogue.Kind {
	return append(a.Profiles.Kinds(), a.Market.Kind(), a.Licences.Kind())
}

// hold says which feature exports and erases which tables of an account, and
// what follows an erasure outside the database.
func (a *App) hold() {
	a.Accounts.Hold( // in the order in which they erase: what hangs on orders before them
		account.Held{Name: "profile", Tables: []string{"profile"}, Holder: a.Profiles},
		account.Held{Name: "services", Tables: []string{"service"}, Holder: a.Market},
		account.Held{Name: "messages", Tables: message.Tables(), Holder: a.Messages},
		account.Held{Name: "notices", Tables: notice.Tables(), Holder: a.Notices},
		account.Held{Name: "stripe", Tables: stripe.Tables(), Holder: a.stripeRows()},
		account.Held{Name: "orders", Tables: payment.Tables(), Holder: a.Payments},
		account.Held{Name: "works", Tables: licence.Tables(), Holder: a.Licences},
		account.Held{Name: "searches", Tables: saved.Tables(), Holder: a.Saved},
	)
	a.Accounts.OnErased(a.compact)
	a.Accounts.OnClaimed(a.Profiles.Touch)
	a.Accounts.OnSettings(a.Profiles.ApproveAll)
	db.Handle(a.DB, a.dropPicture)
}

// dropPicture removes a picture that no profile shows any more.
func (a *App) dropPicture(ctx context.Context, job profile.DropPicture) error {
	used, err := a.Profiles.PictureUsed(ctx, job.Name)
	if err != nil || used {
		return err
	}
	if err := a.Pictures.Delete(ctx, job.Name); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// compact wipes what an erased account left in files: the index is built anew
// beside the old one, whose files then go, and the write-ahead log is emptied.
func (a *App) compact(ctx context.Context) error {
	if a.index != nil && a.shared == nil { // the files of a shared index are its server's
		if err := a.Catalogue.Reindex(ctx, nil); err != nil {
			return err
		}
	}
	return a.DB.Compact(ctx)
}

// normalise gives a skill's id for any spelling of it, and a free word as it is.
func normalise(t *taxonomy.Taxonomy) func(string) string {
	return func(text string) string {
		if id, ok := t.Find(text); ok {
			return id
		}
		return text
	}
}

// knownSkill finds a skill by its name; empty for other words.
func knownSkill(t *taxonomy.Taxonomy) func(string) string {
	return func(text string) string {
		id, _ := t.Find(text)
		return id
	}
}

// skillList shows the taxonomy to the pages.
type skillList struct{ *taxonomy.Taxonomy }

// Names lists the skills that a picker offers.
func (l skillList) Names(lang string) []site.SkillName {
	all := l.All()
	out := make([]site.SkillName, 0, len(all))
	for _, s := range all {
		if !s.Hidden {
			out = append(out, site.SkillName{ID: s.ID, Name: l.Name(s.ID, lang), Group: s.Group})
		}
	}
	return out
}

// wording shows the texts of faults, notices and facets to the API.
type wording struct{ *web.Web }

// Fault is a fault's text in a language.
func (t wording) Fault(lang, kind, code string, args map[string]any) string {
	return t.Texts(lang).Fault(kind, code, args)
}

// Notice is what a notice says in a language.
func (t wording) Notice(lang, kind string, places ...any) string {
	return t.Texts(lang).T("notice."+kind, places...)
}

// Word is the name of a facet's value in a language.
func (t wording) Word(facet, value, lang string) string {
	texts := t.Texts(lang)
	switch facet {
	case search.FacetKind:
		return texts.Kind(value)
	case search.FacetLevel:
		return texts.Level(value)
	case search.FacetLang:
		return texts.Language(value)
	case search.FacetFormat:
		return texts.Format(value)
	}
	return value
}
