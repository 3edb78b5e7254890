package licence_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/licence"
)

// part is the contribution of an account to the newest version.
func (w *press) part(t testing.TB, workID, name string) licence.Contribution {
	t.Helper()
	for _, c := range w.see(t, w.ada, workID).Contributions {
		if c.Shown == name {
			return c
		}
	}
	t.Fatalf("no part of %s", name)
	return licence.Contribution{}
}

func TestConsentIsTheAuthorsOwn(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course(with("bob")))
		w.heard()
		_, err := w.Consent(w.ctx, w.eve, row.ID, "")
		same(t, "a stranger", "contribution_none", says(err))
		_, err = w.Consent(w.ctx, w.ada, row.ID, "")
		same(t, "the owner", "consent_needless", says(err))
		_, err = w.Consent(w.ctx, account.Actor{}, row.ID, "")
		same(t, "nobody", "sign_in_needed", says(err))
		_, err = w.EditContribution(w.ctx, w.ada, w.part(t, row.ID, "bob").ID, licence.PartInput{Ground: licence.GroundConsent})
		same(t, "the owner for him", "ground_consent", says(err))
		_, err = w.Consent(w.ctx, w.bob, row.ID, "Mallory")
		same(t, "another payee than shown", "changed_meanwhile", says(err))
		same(t, "nothing to withdraw", "consent_none", says(w.WithdrawConsent(w.ctx, w.bob, row.ID)))
		asked, err := w.Asked(w.ctx, w.bob)
		must(t, err)
		same(t, "asked", 1, len(asked))
		k, err := w.Consent(w.ctx, w.bob, row.ID, "ada")
		must(t, err)
		same(t, "payee", "ada", k.Payee)
		again, err := w.Consent(w.ctx, w.bob, row.ID, "")
		must(t, err)
		same(t, "twice is once", k.ID, again.ID)
		same(t, "gate", "", w.missing(t, row.ID))
		must(t, w.WithdrawConsent(w.ctx, w.bob, row.ID))
		same(t, "gate", "ground_missing", w.missing(t, row.ID))
		same(t, "told", []string{"ada work_consent given bob", "ada work_consent withdrawn bob"}, w.heard())
		_, err = w.EditContribution(w.ctx, w.ada, w.part(t, row.ID, "bob").ID, licence.PartInput{Ground: licence.GroundPatch})
		same(t, "a patch against his word", "consent_withdrawn", says(err))
		same(t, "nor without him", "contribution_said", says(w.RemoveContribution(w.ctx, w.ada, w.part(t, row.ID, "bob").ID)))
		_, err = w.Consent(w.ctx, w.bob, row.ID, "")
		must(t, err)
		same(t, "he may change his mind", "", w.missing(t, row.ID))
	})
}

func TestGroundsCoverWhatTheySay(t *testing.T) {
	t.Parallel()
	w := openPress(t, dbtest.New(t))
	row := w.adds(t, w.ada, course(with("bob")))
	shared := w.adds(t, w.ada, course(community))
	add := func(id string, in licence.PartInput) error {
		_, err := w.AddContribution(w.ctx, w.ada, id, in)
		return err
	}
	third := licence.PartInput{Name: "Site", Ground: licence.GroundThird, Licence: "CC-BY-4.0"}
	for what, c := range map[string]struct {
		id   string
		in   licence.PartInput
		want string
	}{
		"own of another":         {row.ID, licence.PartInput{Handle: "eve", Ground: licence.GroundOwn}, "ground_owner"},
		"agreement in an own":    {row.ID, licence.PartInput{Handle: "eve", Ground: licence.GroundAgreement}, "ground_community"},
		"agreement of nobody":    {shared.ID, licence.PartInput{Handle: "eve", Ground: licence.GroundAgreement}, "ground_retroactive"},
		"patch in a shared one":  {shared.ID, licence.PartInput{Handle: "eve", Ground: licence.GroundPatch}, "ground_owner"},
		"bob again":              {row.ID, licence.PartInput{Handle: "bob"}, "contribution_exists"},
		"nobody":                 {row.ID, licence.PartInput{}, "handle_or_name:handle"},
		"two at once":            {row.ID, licence.PartInput{Handle: "eve", Name: "Eve"}, "handle_or_name:handle"},
		"third without licence":  {row.ID, licence.PartInput{Name: "x", Ground: licence.GroundThird}, "required:licence"},
		"third with a made-up":   {row.ID, licence.PartInput{Name: "x", Ground: licence.GroundThird, Licence: "mine"}, "value_unknown:licence"},
		"third with an account":  {row.ID, licence.PartInput{Handle: "eve", Ground: licence.GroundThird, Licence: "MIT"}, "ground_third_name:ground"},
		"a ground":               {row.ID, licence.PartInput{Handle: "eve", Ground: "because"}, "value_unknown:ground"},
		"tomorrow":               {row.ID, licence.PartInput{Handle: "eve", MadeOn: w.Clock.Now().Add(48 * time.Hour)}, "day_future:made_on"},
		"a patch by an outsider": {row.ID, licence.PartInput{Name: "Github user", Ground: licence.GroundPatch}, ""},
		"a third party":          {row.ID, third, ""},
	} {
		same(t, what, c.want, says(add(c.id, c.in)))
	}
	same(t, "only bob's lacks one", "ground_missing", w.missing(t, row.ID))
	_, err := w.EditContribution(w.ctx, w.ada, w.part(t, row.ID, "bob").ID, licence.PartInput{Ground: licence.GroundPatch, Part: "fixes"})
	must(t, err)
	same(t, "gate", "", w.missing(t, row.ID))
	for _, name := range licence.PartLicences() {
		third.Licence = name
		_, err := w.EditContribution(w.ctx, w.ada, w.part(t, row.ID, "Site").ID, third)
		must(t, err)
		want := ""
		if strings.Contains(name, "NC") || strings.Contains(name, "SA") || strings.Contains(name, "ND") || licence.Blocks(name) {
			want = "part_blocks"
		}
		same(t, name, want, w.missing(t, row.ID))
	}
	_, err = w.EditContribution(w.ctx, w.eve, w.part(t, row.ID, "bob").ID, licence.PartInput{})
	same(t, "a stranger", "contribution_unknown", says(err))
	must(t, w.RemoveContribution(w.ctx, w.bob, w.part(t, row.ID, "bob").ID))
	old := w.part(t, row.ID, "Site")
	_, err = w.AddVersion(w.ctx, w.ada, row.ID, licence.VersionInput{Label: "2"})
	must(t, err)
	_, err = w.EditContribution(w.ctx, w.ada, old.ID, third)
	same(t, "the past stays", "version_past", says(err))
	for i := range licence.MaxAuthors {
		err = add(row.ID, licence.PartInput{Name: fmt.Sprint("n", i), Ground: licence.GroundPatch})
	}
	same(t, "too many", "too_many_authors", says(err))
}

func TestTheAgreementIsDiscussedFirst(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		_, err := w.DraftAgreement(w.ctx, w.mod, "т", "t")
		same(t, "a moderator", "not_allowed", says(err))
		a, err := w.DraftAgreement(w.ctx, w.olga, "текст", "text")
		must(t, err)
		same(t, "its digest", licence.AgreementHash("текст", "text"), a.SHA256)
		_, err = w.Adopt(w.ctx, w.olga, a.N, "https://talk.example.org/d")
		same(t, "adopted untalked", "agreement_state", says(err))
		_, err = w.Accept(w.ctx, w.ada, a.N)
		same(t, "accepted unseen", "agreement_unknown", says(err))
		until := w.Clock.Now().Add(licence.MinDiscussion)
		_, err = w.Discuss(w.ctx, w.olga, a.N, "ftp://talk", until.Add(-time.Second))
		same(t, "nowhere and short", "link_form:discussion discussion_short:until", says(err))
		_, err = w.Discuss(w.ctx, w.olga, a.N, "https://talk.example.org/1", until)
		must(t, err)
		_, err = w.Accept(w.ctx, w.ada, a.N)
		same(t, "accepted while talked", "agreement_state", says(err))
		_, err = w.Adopt(w.ctx, w.olga, a.N, "https://talk.example.org/d")
		same(t, "adopted early", "discussion_runs", says(err))
		w.Clock.Advance(licence.MinDiscussion)
		view, err := w.Agreement(w.ctx, account.Actor{}, a.N)
		must(t, err)
		same(t, "can be adopted", true, view.CanAdopt)
		_, err = w.Adopt(w.ctx, w.olga, a.N, "")
		same(t, "without a decision", "required:decision", says(err))
		_, err = w.Adopt(w.ctx, w.olga, a.N, "https://talk.example.org/d")
		must(t, err)
		_, err = w.Adopt(w.ctx, w.olga, a.N, "https://talk.example.org/other")
		same(t, "twice", "agreement_state", says(err))
		x, err := w.Accept(w.ctx, w.ada, a.N)
		must(t, err)
		again, err := w.Accept(w.ctx, w.ada, a.N)
		must(t, err)
		same(t, "accepted twice is once", x.ID, again.ID)
		list, err := w.Agreements(w.ctx, w.eve)
		must(t, err)
		same(t, "listed", 1, len(list))
	})
}

func TestCommunityWorks(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		early := w.adds(t, w.ada, course(community, with("bob")))
		same(t, "before any agreement", "ground_missing agreement_none", w.missing(t, early.ID))
		a := w.adopts(t)
		for _, by := range []account.Actor{w.ada, w.bob} {
			_, err := w.Accept(w.ctx, by, a.N)
			must(t, err)
		}
		_, err := w.EditContribution(w.ctx, w.ada, w.part(t, early.ID, "bob").ID, licence.PartInput{Ground: licence.GroundAgreement})
		same(t, "it does not reach back", "ground_retroactive", says(err))
		for _, by := range []account.Actor{w.ada, w.bob} {
			_, err = w.Consent(w.ctx, by, early.ID, "")
			must(t, err)
		}
		same(t, "explicit consent does", "", w.missing(t, early.ID))

		w.Clock.Advance(time.Hour)
		late := w.adds(t, w.ada, course(community, with("bob")))
		for _, name := range []string{"ada", "bob"} {
			_, err = w.EditContribution(w.ctx, w.ada, w.part(t, late.ID, name).ID, licence.PartInput{Ground: licence.GroundAgreement})
			must(t, err)
		}
		same(t, "made under it", "", w.missing(t, late.ID))
		_, err = w.AddContribution(w.ctx, w.ada, late.ID, licence.PartInput{Handle: "eve", Ground: licence.GroundAgreement, MadeOn: w.Clock.Now()})
		same(t, "who did not accept", "ground_retroactive", says(err))

		_, err = w.AddOffer(w.ctx, w.ada, late.ID, terms())
		same(t, "only the holder sells", "holder_needed", says(err))
		o := w.sells(t, w.olga, late.ID, terms())
		name := w.see(t, account.Actor{}, late.ID).Paid
		same(t, "payee is the holder", name, o.Payee)
		w.Clock.Advance(time.Hour)
		must(t, w.accounts.Erase(w.ctx, w.bob, "bob"))
		same(t, "an acceptance survives its account", "", w.missing(t, late.ID))
		same(t, "a consent does not", "ground_missing", w.missing(t, early.ID))
		must(t, w.buy(w.eve, o))

		reason := "A reason of twenty characters."
		c, err := w.Claim(w.ctx, w.eve, late.ID, reason, "")
		must(t, err)
		_, err = w.DecideClaim(w.ctx, w.olga, c.ID, false, reason)
		same(t, "who sells it does not decide about it", "own_case", says(err))
		_, err = w.DecideClaim(w.ctx, w.mod, c.ID, false, reason)
		must(t, err)
	})
}

func TestRightsPassOnce(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course(community))
		own := w.adds(t, w.ada, course())
		_, err := w.HandOver(w.ctx, w.ada, row.ID, "Us")
		same(t, "by its author", "not_allowed", says(err))
		_, err = w.HandOver(w.ctx, w.olga, own.ID, "Us")
		same(t, "an owner's work", "holder_state", says(err))
		_, err = w.HandOver(w.ctx, w.olga, row.ID, " ")
		same(t, "to nobody", "required:name", says(err))
		h, err := w.HandOver(w.ctx, w.olga, row.ID, "The collective")
		must(t, err)
		same(t, "to the collective", "collective 2", fmt.Sprint(h.Kind, " ", h.N))
		same(t, "payee", "The collective", w.see(t, w.eve, row.ID).Paid)
		_, err = w.HandOver(w.ctx, w.olga, row.ID, "Others")
		same(t, "and never further", "holder_state", says(err))
	})
}

func TestClaimsSuspendSales(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course())
		o := w.sells(t, w.ada, row.ID, terms())
		words := "It is a copy of my course of 2019."
		_, err := w.Claim(w.ctx, w.ada, row.ID, words, "")
		same(t, "one's own", "claim_own", says(err))
		_, err = w.Claim(w.ctx, w.eve, row.ID, "mine!", "nowhere")
		same(t, "without a reason", "reason_short:text link_form:evidence", says(err))
		c, err := w.Claim(w.ctx, w.eve, row.ID, words, "https://eve.example.org/2019")
		must(t, err)
		_, err = w.Claim(w.ctx, w.eve, row.ID, words, "")
		same(t, "twice", "claim_already", says(err))
		same(t, "sales stop", "claim_open", says(w.buy(w.bob, o)))
		_, err = w.AddOffer(w.ctx, w.ada, row.ID, terms())
		same(t, "and offers", "claim_open", says(err))
		seen := w.see(t, w.ada, row.ID).Claims[0]
		same(t, "who claims is not told", "", seen.ClaimantID)
		same(t, "what is claimed is", words, seen.Text)
		_, err = w.OpenClaims(w.ctx, w.eve)
		same(t, "the queue is for moderators", "not_allowed", says(err))
		_, err = w.DecideClaim(w.ctx, w.bob, c.ID, true, words)
		same(t, "so are decisions", "not_allowed", says(err))
		_, err = w.DecideClaim(w.ctx, w.mod, c.ID, true, "Rule 1")
		same(t, "with a reason", "reason_short:reason", says(err))
		w.heard()
		_, err = w.DecideClaim(w.ctx, w.mod, c.ID, false, "The pages named show another course.")
		must(t, err)
		same(t, "both are told", []string{"ada work_claim rejected ", "eve work_claim rejected "}, w.heard())
		must(t, w.buy(w.bob, o))
		_, err = w.DecideClaim(w.ctx, w.mod, c.ID, true, words)
		same(t, "decided once", "claim_state", says(err))
		_, err = w.Claim(w.ctx, w.eve, row.ID, words, "")
		same(t, "no second try", "claim_already", says(err))

		c, err = w.Claim(w.ctx, w.bob, row.ID, words, "")
		must(t, err)
		same(t, "only one's own is withdrawn", "claim_unknown", says(w.WithdrawClaim(w.ctx, w.eve, c.ID)))
		_, err = w.DecideClaim(w.ctx, w.mod, c.ID, true, "The pages named show this very course.")
		must(t, err)
		same(t, "upheld", "work_suspended", says(w.buy(w.eve, o)))
		_, err = w.MoveWork(w.ctx, w.ada, row.ID, licence.WorkPublished)
		same(t, "the seller cannot undo it", "work_state", says(err))
		stopped, err := w.Suspended(w.ctx, w.mod)
		must(t, err)
		same(t, "it is on the list", 1, len(stopped))
		same(t, "with its reason", "The pages named show this very course.", stopped[0].Reason)
		same(t, "and its day", c.MadeOn, stopped[0].Since)
		_, err = w.Suspended(w.ctx, w.eve)
		same(t, "the list is for moderators", "not_allowed", says(err))
		w.heard()
		_, err = w.Reinstate(w.ctx, w.mod, row.ID, "The chapter in question was rewritten.")
		must(t, err)
		same(t, "its author and whose claim it was are told", []string{"ada work_claim reinstated ", "bob work_claim reinstated "}, w.heard())
		stopped, err = w.Suspended(w.ctx, w.mod)
		must(t, err)
		same(t, "none is left", 0, len(stopped))
		must(t, w.buy(w.eve, o))
		_, err = w.Claim(w.ctx, w.eve, row.ID, words, "")
		same(t, "what was rejected stays so", "claim_already", says(err))
		c, err = w.Claim(w.ctx, w.bob, row.ID, words, "")
		must(t, err)
		_, err = w.Claim(w.ctx, w.bob, row.ID, words, "")
		same(t, "what was right once may be said again, once", "claim_already", says(err))
		_, err = w.DecideClaim(w.ctx, w.mod, c.ID, true, "The chapter is there again.")
		must(t, err)
		_, err = w.Claim(w.ctx, w.bob, row.ID, words, "")
		same(t, "not while the work is suspended", "claim_already", says(err))
	})
}

func TestWorkOfNobodyStaysSuspended(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course())
		c, err := w.Claim(w.ctx, w.eve, row.ID, "It is a copy of my course of 2019.", "")
		must(t, err)
		_, err = w.DecideClaim(w.ctx, w.mod, c.ID, true, "The pages named show this very course.")
		must(t, err)
		must(t, w.accounts.Erase(w.ctx, w.ada, "ada"))
		stopped, err := w.Suspended(w.ctx, w.mod)
		must(t, err)
		same(t, "it is not on the list", 0, len(stopped))
		_, err = w.Reinstate(w.ctx, w.mod, row.ID, "The chapter in question was rewritten.")
		same(t, "nobody could answer for it", "work_state", says(err))
	})
}

func TestModeratorsKeepOutOfTheirOwnCases(t *testing.T) {
	t.Parallel()
	w := openPress(t, dbtest.New(t))
	reason := "A reason of twenty characters."
	row := w.adds(t, w.mod, course())
	c, err := w.Claim(w.ctx, w.eve, row.ID, reason, "")
	must(t, err)
	_, err = w.DecideClaim(w.ctx, w.mod, c.ID, false, reason)
	same(t, "on an own work", "own_case", says(err))
	row = w.adds(t, w.ada, course(with("judge")))
	c, err = w.Claim(w.ctx, w.eve, row.ID, reason, "")
	must(t, err)
	_, err = w.DecideClaim(w.ctx, w.mod, c.ID, false, reason)
	same(t, "on a work with an own part", "own_case", says(err))
	c, err = w.Claim(w.ctx, w.mod, row.ID, reason, "")
	must(t, err)
	_, err = w.DecideClaim(w.ctx, w.mod, c.ID, true, reason)
	same(t, "on an own claim", "own_case", says(err))
	_, err = w.DecideClaim(w.ctx, w.olga, c.ID, true, reason)
	must(t, err)
	_, err = w.Reinstate(w.ctx, w.mod, row.ID, reason)
	same(t, "nor back", "own_case", says(err))
	stopped, err := w.Suspended(w.ctx, w.mod)
	must(t, err)
	same(t, "and the list says so", true, len(stopped) == 1 && stopped[0].Own)
	row = w.adds(t, w.ada, course())
	_, err = w.Claim(w.ctx, w.mod, row.ID, reason, "")
	must(t, err)
	c, err = w.Claim(w.ctx, w.eve, row.ID, reason, "")
	must(t, err)
	_, err = w.DecideClaim(w.ctx, w.mod, c.ID, true, reason)
	same(t, "another's claim to what one claims too", "own_case", says(err))
	open, err := w.OpenClaims(w.ctx, w.mod)
	must(t, err)
	for _, x := range open {
		same(t, "the queue says so", true, x.Own)
	}
	_, err = w.DecideClaim(w.ctx, w.olga, c.ID, true, reason)
	must(t, err)
	_, err = w.Reinstate(w.ctx, w.mod, row.ID, reason)
	same(t, "nor its end", "own_case", says(err))
	for i := range licence.MaxOpenClaims + 1 {
		row := w.adds(t, w.ada, course())
		_, err = w.Claim(w.ctx, w.bob, row.ID, reason, "")
		if i < licence.MaxOpenClaims {
			must(t, err)
		}
	}
	same(t, "a flood", "too_many_claims", says(err))
}

// TestTheDatabaseRefusesRights tries with raw SQL what the verbs never do.
func TestTheDatabaseRefusesRights(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course(with("bob")))
		shared := w.adds(t, w.ada, course(community))
		a := w.adopts(t)
		x, err := w.Accept(w.ctx, w.bob, a.N)
		must(t, err)
		draft, err := w.DraftAgreement(w.ctx, w.olga, "два", "two")
		must(t, err)
		k, err := w.Consent(w.ctx, w.bob, row.ID, "")
		must(t, err)
		o := w.sells(t, w.ada, row.ID, terms())
		c, err := w.Claim(w.ctx, w.eve, shared.ID, "It is a copy of my course.", "")
		must(t, err)
		now, other := w.Clock.Now(), "00000000-0000-4000-8000-000000000000"
		orReplace := "INSERT"
		if w.Engine() == db.SQLite {
			orReplace = "INSERT OR REPLACE"
		}
		for what, q := range map[string]struct {
			sql  string
			args []any
		}{
			"another branch":                   {"INSERT INTO work_holder VALUES (?, 2, 'collective', 'x', 'https://other.example.org', ?)", []any{shared.ID, now}},
			"a second organiser":               {"INSERT INTO work_holder VALUES (?, 2, 'organiser', 'x', 'https://board.example.org', ?)", []any{shared.ID, now}},
			"a third holder":                   {"INSERT INTO work_holder VALUES (?, 3, 'collective', 'x', 'https://board.example.org', ?)", []any{shared.ID, now}},
			"a holder of an owner's work":      {"INSERT INTO work_holder VALUES (?, 1, 'organiser', 'x', 'https://board.example.org', ?)", []any{row.ID, now}},
			"a holder edited":                  {"UPDATE work_holder SET name = 'x' WHERE work_id = ?", []any{shared.ID}},
			"a holder deleted":                 {"DELETE FROM work_holder WHERE work_id = ?", []any{shared.ID}},
			"a holder replaced":                {orReplace + " INTO work_holder VALUES (?, 1, 'organiser', 'x', 'https://other.example.org', ?)", []any{shared.ID, now}},
			"a version edited":                 {"UPDATE work_version SET sha256 = '' WHERE work_id = ?", []any{row.ID}},
			"a version deleted":                {"DELETE FROM work_version WHERE work_id = ?", []any{row.ID}},
			"a version skipped":                {"INSERT INTO work_version VALUES (?, 3, 'x', '', ?)", []any{row.ID, now}},
			"another owner":                    {"UPDATE work SET account_id = ? WHERE id = ?", []any{w.eve.ID, row.ID}},
			"another basis":                    {"UPDATE work SET basis = 'community' WHERE id = ?", []any{row.ID}},
			"another licence for all":          {"UPDATE work SET base_licence = 'CC-BY-4.0' WHERE id = ?", []any{row.ID}},
			"a draft adopted":                  {"UPDATE agreement SET state = 'adopted', adopted_at = ?, decision = 'x' WHERE n = ?", []any{now, draft.N}},
			"an agreement born adopted":        {"INSERT INTO agreement VALUES (9, 'a', 'b', ?, 'adopted', 'x', ?, ?, 'x', ?, ?)", []any{a.SHA256, now.Add(-day), now, now, now}},
			"another text":                     {"UPDATE agreement SET text_en = 'all is mine' WHERE n = ?", []any{a.N}},
			"a text replaced":                  {orReplace + " INTO agreement VALUES (1, 'a', 'b', ?, 'draft', '', NULL, NULL, '', ?, NULL)", []any{a.SHA256, now}},
			"an agreement deleted":             {"DELETE FROM agreement WHERE n = ?", []any{draft.N}},
			"a draft accepted":                 {"INSERT INTO agreement_acceptance VALUES (?, ?, ?, ?)", []any{other, draft.N, w.eve.ID, now}},
			"accepted before it was adopted":   {"INSERT INTO agreement_acceptance VALUES (?, ?, ?, ?)", []any{other, a.N, w.eve.ID, now.Add(-day)}},
			"an acceptance moved back":         {"UPDATE agreement_acceptance SET accepted_at = ? WHERE id = ?", []any{now.Add(-day), x.ID}},
			"an acceptance of another":         {"UPDATE agreement_acceptance SET account_id = ? WHERE id = ?", []any{w.eve.ID, x.ID}},
			"an acceptance deleted":            {"DELETE FROM agreement_acceptance WHERE id = ?", []any{x.ID}},
			"ground by a later acceptance":     {"UPDATE contribution SET ground = 'agreement', agreement = ?, acceptance_id = ?, consent_id = NULL WHERE contributor_id = ?", []any{a.N, x.ID, w.bob.ID}},
			"ground by another's acceptance":   {"UPDATE contribution SET ground = 'agreement', agreement = ?, acceptance_id = ?, made_at = ? WHERE contributor_id = ? AND work_id = ?", []any{a.N, x.ID, now.Add(day), w.ada.ID, shared.ID}},
			"ground by another's consent":      {"UPDATE contribution SET ground = 'consent', consent_id = ? WHERE contributor_id = ? AND work_id = ?", []any{k.ID, w.ada.ID, shared.ID}},
			"a consent for another payee":      {"UPDATE consent SET payee = 'x' WHERE id = ?", []any{k.ID}},
			"a consent deleted":                {"DELETE FROM consent WHERE id = ?", []any{k.ID}},
			"a consent replaced":               {orReplace + " INTO consent VALUES (?, ?, 1, ?, 'x', ?, NULL)", []any{other, row.ID, w.bob.ID, now}},
			"a claim silenced":                 {"DELETE FROM rights_claim WHERE id = ?", []any{c.ID}},
			"a claim rewritten":                {"UPDATE rights_claim SET text = 'never mind' WHERE id = ?", []any{c.ID}},
			"a claim decided without a reason": {"UPDATE rights_claim SET state = 'rejected', decided_on = ? WHERE id = ?", []any{now, c.ID}},
			"a claim decided by its maker":     {"UPDATE rights_claim SET state = 'rejected', decided_on = ?, decision = 'a reason of twenty characters', decider_id = claimant_id WHERE id = ?", []any{now, c.ID}},
			"an endless price":                 {"UPDATE offer_price SET days = 1097 WHERE offer_id = ?", []any{o.ID}},
			"a negative price":                 {"UPDATE offer_price SET amount = -1 WHERE offer_id = ?", []any{o.ID}},
			"maybe the fund":                   {"UPDATE offer SET not_fund = FALSE WHERE id = ?", []any{o.ID}},
			"an offer of another seller":       {"UPDATE offer SET account_id = ? WHERE id = ?", []any{w.eve.ID, o.ID}},
			"an offer for another work":        {"UPDATE offer SET work_id = ? WHERE id = ?", []any{shared.ID, o.ID}},
			"an open offer of what is claimed": {offerSQL, []any{other, shared.ID, w.olga.ID, now}},
		} {
			if err := w.raws(q.sql, q.args...); err == nil {
				t.Errorf("%s: the database took it", what)
			}
		}
		must(t, w.WithdrawConsent(w.ctx, w.bob, row.ID))
		if err := w.raws(offerSQL, other, row.ID, w.ada.ID, now); err == nil {
			t.Error("an open offer while a part lacks its ground: the database took it")
		}
		if err := w.raws(strings.Replace(offerSQL, "'open'", "'paused'", 1), other, row.ID, w.ada.ID, now); err != nil {
			t.Errorf("the same offer paused: %v", err) // the statement itself is right
		}
	})
}

const offerSQL = `INSERT INTO offer VALUES (?, ?, 1, ?, '["present"]', 'teaching', '["WW"]', 0, 0, 0, 'ada', TRUE, '[]', '', 'CL-1.0', 'open', ?, 1)`

// TestNothingIsSoldWithoutGrounds lets people do anything in any order: whatever
// happened, an offer is taken and sold exactly while the gate is open.
func TestNothingIsSoldWithoutGrounds(t *testing.T) {
	t.Parallel()
	w := openPress(t, dbtest.New(t))
	var mu sync.Mutex
	rapid.Check(t, func(rt *rapid.T) {
		mu.Lock()
		defer mu.Unlock()
		row := w.adds(t, w.ada, course(with("bob", "judge")))
		var offers []licence.Offer
		said := map[string]bool{}
		for _, act := range rapid.SliceOfN(rapid.SampledFrom([]string{"bob yes", "bob no", "mod yes", "mod no", "version", "withdraw", "publish", "claim", "unclaim", "offer"}), 1, 14).Draw(rt, "acts") {
			w.act(row.ID, act, said, &offers)
			v := w.see(t, w.ada, row.ID)
			claimed := false
			for _, c := range v.Claims {
				claimed = claimed || c.State == licence.ClaimOpen
			}
			want := said["bob"] && said["mod"] && !claimed && v.State == licence.WorkPublished
			if got := w.missing(t, row.ID) == ""; got != want {
				rt.Fatalf("after %q the gate is open: %v, want %v: %s", act, got, want, w.missing(t, row.ID))
			}
			for _, o := range offers {
				if err := w.buy(w.olga, o); (err == nil) && !want {
					rt.Fatalf("after %q offer %s was sold", act, o.ID)
				}
			}
		}
	})
}

func (w *press) act(id, act string, said map[string]bool, offers *[]licence.Offer) {
	switch act {
	case "bob yes", "mod yes":
		who, by := act[:3], map[string]account.Actor{"bob": w.bob, "mod": w.mod}
		if _, err := w.Consent(w.ctx, by[who], id, ""); err == nil {
			said[who] = true
		}
	case "bob no", "mod no":
		who, by := act[:3], map[string]account.Actor{"bob": w.bob, "mod": w.mod}
		if w.WithdrawConsent(w.ctx, by[who], id) == nil {
			said[who] = false
		}
	case "version":
		if _, err := w.AddVersion(w.ctx, w.ada, id, licence.VersionInput{Label: "next"}); err == nil {
			clear(said)
		}
	case "withdraw":
		_, _ = w.MoveWork(w.ctx, w.ada, id, licence.WorkWithdrawn)
	case "publish":
		_, _ = w.MoveWork(w.ctx, w.ada, id, licence.WorkPublished)
	case "claim":
		_, _ = w.Claim(w.ctx, w.eve, id, "It is a copy of my course.", "")
	case "unclaim":
		list, _ := w.OpenClaims(w.ctx, w.mod)
		for _, c := range list {
			if c.WorkID == id {
				_ = w.WithdrawClaim(w.ctx, w.eve, c.ID)
			}
		}
	case "offer":
		if o, err := w.AddOffer(w.ctx, w.ada, id, terms()); err == nil {
			*offers = append(*offers, o)
		}
	}
}
