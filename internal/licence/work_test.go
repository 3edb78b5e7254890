package licence_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/search"
)

// grounds writes the parts of a work's newest version as "name ground".
func grounds(v licence.WorkView) (out []string) {
	for _, c := range v.Contributions {
		out = append(out, c.Shown+" "+string(c.Ground))
	}
	return out
}

func TestAWorkIsRegistered(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course(with("@bob", "ada", " bob ")))
		v := w.see(t, account.Actor{}, row.ID)
		same(t, "parts", []string{"ada own", "bob open"}, grounds(v))
		same(t, "told", []string{"bob work_consent asked ada"}, w.heard())
		same(t, "missing", "ground_missing", says(v.Missing))
		same(t, "first missing", any("bob"), v.Missing[0].Args["Name"])
		same(t, "payee", "ada", v.Paid)
		same(t, "version", "1.0 "+strings.Repeat("ab", 32), v.Current.Label+" "+v.Current.SHA256)
		same(t, "skills", []string{"python"}, v.Skills)
		same(t, "attribution", "Graphs · ada, bob · CC-BY-NC-4.0 · https://ada.example.org/graphs", v.Attribution())
		same(t, "no secrets", "", v.ProofToken)
		if w.see(t, w.ada, row.ID).ProofToken == "" {
			t.Error("its steward does not see the proof's token")
		}
		same(t, "not the reader's", true, v.Asked == nil && !v.Mine)
		same(t, "bob's part", licence.GroundOpen, w.see(t, w.bob, row.ID).Asked.Ground)
	})
}

func TestWhatCannotBeRegistered(t *testing.T) {
	t.Parallel()
	w := openPress(t, dbtest.New(t))
	for what, c := range map[string]struct {
		change func(*licence.WorkInput)
		want   string
	}{
		"nothing":          {func(in *licence.WorkInput) { *in = licence.WorkInput{} }, "required:title required:url required:kind required:base_licence"},
		"all rights":       {func(in *licence.WorkInput) { in.BaseLicence = "all-rights-reserved" }, "value_unknown:base_licence"},
		"a kind":           {func(in *licence.WorkInput) { in.Kind = "car" }, "value_unknown:kind"},
		"a basis":          {func(in *licence.WorkInput) { in.Basis = "mine" }, "value_unknown:basis"},
		"a script":         {func(in *licence.WorkInput) { in.URL = "javascript:alert(1)" }, "link_form:url"},
		"a machine":        {func(in *licence.WorkInput) { in.URL = "https://127.0.0.1/x" }, "link_form:url"},
		"a user":           {func(in *licence.WorkInput) { in.URL = "https://a:b@example.org/" }, "link_form:url"},
		"a short digest":   {func(in *licence.WorkInput) { in.SHA256 = "abc" }, "sha256_form:sha256"},
		"a nobody":         {with("nobody-here"), "handle_unknown:authors"},
		"the fund":         {func(in *licence.WorkInput) { in.Payee = "to " + fundAccount }, "fund_destination:payee"},
		"a suspended one":  {func(in *licence.WorkInput) { in.State = licence.WorkSuspended }, "work_state"},
		"a state":          {func(in *licence.WorkInput) { in.State = "x" }, "state_unknown:state"},
		"a language":       {func(in *licence.WorkInput) { in.Languages = []string{"klingon"} }, "language_unknown:languages"},
		"broken text":      {func(in *licence.WorkInput) { in.Title = "a\x00b" }, "text_form:title"},
		"a long title":     {func(in *licence.WorkInput) { in.Title = strings.Repeat("x", licence.MaxWorkTitle+1) }, "too_long:title"},
		"an author's byte": {with("bo\xffb", "b\x00b"), "handle_unknown:authors handle_unknown:authors"},
	} {
		_, err := w.AddWork(w.ctx, w.ada, course(c.change))
		same(t, what, c.want, says(err))
	}
	_, err := w.AddWork(w.ctx, account.Actor{}, course())
	same(t, "nobody", "sign_in_needed", says(err))
	mine, err := w.Mine(w.ctx, w.ada)
	must(t, err)
	same(t, "nothing was kept", 0, len(mine))
}

func TestWorksAreTheirOwners(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course(func(in *licence.WorkInput) { in.State = "" }))
		for who, by := range map[string]account.Actor{"stranger": w.eve, "moderator": w.mod, "operator": w.olga} {
			_, err := w.Work(w.ctx, by, row.ID)
			same(t, who+" reads a draft", "work_unknown", says(err))
			_, err = w.EditWork(w.ctx, by, row.ID, course())
			same(t, who+" edits", "work_unknown", says(err))
			_, err = w.MoveWork(w.ctx, by, row.ID, licence.WorkPublished)
			same(t, who+" publishes", "work_unknown", says(err))
			_, err = w.AddVersion(w.ctx, by, row.ID, licence.VersionInput{Label: "2"})
			same(t, who+" adds a version", "work_unknown", says(err))
			_, err = w.AddOffer(w.ctx, by, row.ID, terms())
			same(t, who+" offers", "work_unknown", says(err))
			_, err = w.Prove(w.ctx, by, row.ID)
			same(t, who+" proves", "work_unknown", says(err))
			same(t, who+" removes", "work_unknown", says(w.RemoveWork(w.ctx, by, row.ID)))
		}
		_, err := w.EditWork(w.ctx, w.ada, row.ID, course(func(in *licence.WorkInput) { in.Edit = 9 }))
		same(t, "another tab", "changed_meanwhile", says(err))
		row, err = w.EditWork(w.ctx, w.ada, row.ID, course(func(in *licence.WorkInput) { in.Title, in.State = "Trees", "" }))
		must(t, err)
		same(t, "edited", "Trees draft", row.Title+" "+string(row.State))
		must(t, w.RemoveWork(w.ctx, w.ada, row.ID))
		same(t, "removed twice", "work_unknown", says(w.RemoveWork(w.ctx, w.ada, row.ID)))
		row = w.adds(t, w.ada, course())
		same(t, "published stays", "work_state", says(w.RemoveWork(w.ctx, w.ada, row.ID)))
		_, err = w.MoveWork(w.ctx, w.ada, row.ID, licence.WorkDraft)
		same(t, "never a draft again", "work_state", says(err))
		_, err = w.MoveWork(w.ctx, w.ada, row.ID, licence.WorkSuspended)
		same(t, "suspension is a moderator's", "work_state", says(err))
	})
}

func TestApprovalIsNotGoneAround(t *testing.T) {
	t.Parallel()
	w := openPress(t, dbtest.New(t))
	must(t, w.Write(w.ctx, func(tx *db.Tx) error {
		s := branch.Defaults()
		s.Approval = true
		return branch.Save(w.ctx, tx, s)
	}))
	_, err := w.AddWork(w.ctx, w.ada, course())
	same(t, "without a profile", "profile_needed", says(err))
	_, _, err = w.profiles.Save(w.ctx, w.ada, profile.Input{Creator: true, Name: "Ada", Headline: "writes", Languages: []string{"ru"}, State: profile.Open})
	must(t, err)
	_, err = w.AddWork(w.ctx, w.ada, course())
	same(t, "before a moderator looked", "profile_needed", says(err))
	row := w.adds(t, w.ada, course(func(in *licence.WorkInput) { in.State = "" }))
	_, err = w.MoveWork(w.ctx, w.ada, row.ID, licence.WorkPublished)
	same(t, "a draft", "profile_needed", says(err))
}

func TestNewVersionsAskAgain(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course(with("bob")))
		_, err := w.AddContribution(w.ctx, w.ada, row.ID, licence.PartInput{Name: "Some site", Ground: licence.GroundThird, Licence: "CC-BY-4.0", Source: "https://pics.example.org/1"})
		must(t, err)
		_, err = w.Consent(w.ctx, w.bob, row.ID, "")
		must(t, err)
		o := w.sells(t, w.ada, row.ID, terms())
		must(t, w.buy(w.eve, o))
		w.heard()
		v, err := w.AddVersion(w.ctx, w.ada, row.ID, licence.VersionInput{Label: "2.0", SHA256: "SHA256:" + strings.Repeat("CD", 32)})
		must(t, err)
		same(t, "version", 2, v.N)
		same(t, "digest", strings.Repeat("cd", 32), v.SHA256)
		same(t, "asked anew", []string{"bob work_consent asked ada"}, w.heard())
		view := w.see(t, w.ada, row.ID)
		same(t, "parts", []string{"ada own", "bob open", "Some site third"}, grounds(view))
		same(t, "offer", licence.OfferPaused, view.Offers[0].State)
		same(t, "a buyer", "ground_missing", says(w.buy(w.eve, o)))
		_, err = w.Consent(w.ctx, w.bob, row.ID, "ada")
		must(t, err)
		same(t, "the paused offer", "offer_closed", says(w.buy(w.eve, o)))
		_, err = w.MoveOffer(w.ctx, w.ada, o.ID, licence.OfferOpen)
		must(t, err)
		must(t, w.buy(w.mod, o))

		alone := w.adds(t, w.ada, course())
		o = w.sells(t, w.ada, alone.ID, terms())
		_, err = w.AddVersion(w.ctx, w.ada, alone.ID, licence.VersionInput{Label: "2"})
		must(t, err)
		got := w.see(t, account.Actor{}, alone.ID).Offers
		same(t, "of one author it goes on", "open 2", string(got[0].State)+" "+string(rune('0'+got[0].Version)))
		_, err = w.AddVersion(w.ctx, w.ada, alone.ID, licence.VersionInput{Label: "", SHA256: "x"})
		same(t, "wrong", "required:label sha256_form:sha256", says(err))
	})
}

func TestContentIsHashedAndForgotten(t *testing.T) {
	t.Parallel()
	sum, err := licence.HashContent(strings.NewReader("abc"))
	must(t, err)
	same(t, "FIPS 180-2's example", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sum)
	if _, err := licence.HashContent(failing{}); err == nil {
		t.Error("half a content has a digest")
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errAway }

func TestTheAddressIsProved(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course())
		at := licence.ProofURL(row.URL)
		same(t, "where", "https://ada.example.org/.well-known/oduvan.txt", at)
		token := w.see(t, w.ada, row.ID).ProofToken
		for _, text := range []string{"", "x" + token, token + "x", "<p>" + token + "</p>"} {
			w.files[at] = text
			_, err := w.Prove(w.ctx, w.ada, row.ID)
			same(t, "wrong file", "proof_missing", says(err))
			_, err = w.Prove(w.ctx, w.ada, row.ID)
			same(t, "at once again", fault.RateLimited, fault.KindOf(err))
			w.Clock.Advance(licence.ProofPause)
		}
		w.files[at] = "other\r\n " + token + " \r\nthird"
		_, err := w.Prove(w.ctx, w.ada, row.ID)
		must(t, err)
		same(t, "proved", w.Clock.Now().Truncate(day), w.see(t, account.Actor{}, row.ID).ProvedOn.UTC())
		edit := func(url string) licence.Work {
			out, err := w.EditWork(w.ctx, w.ada, row.ID, course(func(in *licence.WorkInput) { in.URL = url }))
			must(t, err)
			return out
		}
		same(t, "same host", false, edit("https://ada.example.org/other").ProvedOn.IsZero())
		same(t, "another host", true, edit("https://bob.example.org/graphs").ProvedOn.IsZero())
		edit("http://кот.рф/")
		_, err = w.Prove(w.ctx, w.ada, row.ID)
		same(t, "nothing to call", "proof_address", says(err))
	})
}

func TestWorksAreFound(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		found := func(q search.Query) (out []string) {
			must(t, w.catalogue.CatchUp(w.ctx))
			page, err := w.catalogue.Search(w.ctx, q)
			must(t, err)
			for _, l := range page.Listings {
				if l.Kind == licence.WorkKind {
					out = append(out, l.Title)
				}
			}
			return out
		}
		row := w.adds(t, w.ada, course())
		w.adds(t, w.ada, course(func(in *licence.WorkInput) { in.Title, in.State = "Secret", "" }))
		same(t, "by a word", []string{"Graphs"}, found(search.Query{Text: "graphs"}))
		same(t, "by licence", []string{"Graphs"}, found(search.Query{Licences: []string{"CC-BY-NC-4.0"}}))
		same(t, "by kind", []string{"Graphs"}, found(search.Query{Formats: []string{"course"}}))
		same(t, "by skill", []string{"Graphs"}, found(search.Query{Skills: []string{"python"}}))
		prices := func() (out []search.Price) {
			must(t, w.Read(w.ctx, func(tx *db.Tx) error {
				docs, err := w.Kind().Documents(w.ctx, tx, []string{row.ID})
				if len(docs) == 1 {
					out = docs[0].Prices
				}
				return err
			}))
			return out
		}
		same(t, "not for money yet", 0, len(prices()))
		o := w.sells(t, w.ada, row.ID, terms(func(in *licence.OfferInput) {
			in.Prices = append(in.Prices, licence.Price{Days: 7, Amount: 0, Currency: "RUB"})
		}))
		same(t, "for money from", []search.Price{{Minor: 50_000, Currency: "RUB"}}, prices())
		same(t, "for free", []string{"Graphs"}, found(search.Query{Free: true}))
		claim, err := w.Claim(w.ctx, w.eve, row.ID, "This is my course, see there.", "")
		must(t, err)
		same(t, "while it is claimed", 0, len(prices())+len(found(search.Query{Free: true})))
		same(t, "but shown", []string{"Graphs"}, found(search.Query{Text: "graphs"}))
		must(t, w.WithdrawClaim(w.ctx, w.eve, claim.ID))
		same(t, "and again", []string{"Graphs"}, found(search.Query{Free: true}))
		_, err = w.MoveOffer(w.ctx, w.ada, o.ID, licence.OfferPaused)
		must(t, err)
		same(t, "paused", 0, len(found(search.Query{Free: true})))
		n, err := w.catalogue.Counts(w.ctx)
		must(t, err)
		same(t, "counted", 1, n[licence.WorkKind])
		_, err = w.MoveWork(w.ctx, w.ada, row.ID, licence.WorkWithdrawn)
		must(t, err)
		same(t, "withdrawn", 0, len(found(search.Query{Text: "graphs"})))
		same(t, "its page stands", licence.WorkWithdrawn, w.see(t, account.Actor{}, row.ID).State)
	})
}

func TestNamesFollowProfiles(t *testing.T) {
	t.Parallel()
	w := openPress(t, dbtest.New(t))
	row := w.adds(t, w.ada, course(with("bob")))
	save := func(state profile.State) {
		_, _, err := w.profiles.Save(w.ctx, w.bob, profile.Input{Creator: true, Name: "Bob B.", Headline: "draws", Languages: []string{"ru"}, State: state})
		must(t, err)
	}
	save(profile.Draft)
	same(t, "a draft's name is its owner's", []string{"ada own", "bob open"}, grounds(w.see(t, account.Actor{}, row.ID)))
	save(profile.Open)
	same(t, "an open one's is everybody's", []string{"ada own", "Bob B. open"}, grounds(w.see(t, account.Actor{}, row.ID)))
	must(t, w.catalogue.CatchUp(w.ctx))
	page, err := w.catalogue.Search(w.ctx, search.Query{Text: "graphs"})
	must(t, err)
	same(t, "one", 1, len(page.Listings))
}

func TestAnAccountTakesItsWorksAway(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		sold := w.adds(t, w.ada, course(with("bob")))
		_, err := w.Consent(w.ctx, w.bob, sold.ID, "")
		must(t, err)
		o := w.sells(t, w.ada, sold.ID, terms(func(in *licence.OfferInput) { in.Prices[0].Amount = 0 }))
		grant, err := w.Buy(w.ctx, w.eve, licence.Purchase{OfferID: o.ID, Days: 30, AcceptedTerms: termsHash()})
		must(t, err)
		draft := w.adds(t, w.ada, course(func(in *licence.WorkInput) { in.State = "" }))
		bobs := w.adds(t, w.bob, course(with("ada")))
		_, err = w.Consent(w.ctx, w.ada, bobs.ID, "")
		must(t, err)
		var b strings.Builder
		must(t, w.Read(w.ctx, func(tx *db.Tx) error { return w.Licences.Export(w.ctx, tx, w.ada.ID, &b) }))
		var out struct {
			Works    []struct{ Title string }
			Consents []struct{ Payee string }
		}
		must(t, json.Unmarshal([]byte(b.String()), &out))
		same(t, "exported", "2 1 bob", strings.Join([]string{string(rune('0' + len(out.Works))), string(rune('0' + len(out.Consents))), out.Consents[0].Payee}, " "))

		must(t, w.accounts.Erase(w.ctx, w.ada, "ada"))
		_, err = w.Work(w.ctx, w.bob, draft.ID)
		same(t, "a draft is gone", "work_unknown", says(err))
		v := w.see(t, w.bob, sold.ID)
		same(t, "withdrawn without names", []string{"withdrawn", "", "", "", ""}, []string{string(v.State), v.Handle, v.Paid, v.Summary, v.Name})
		same(t, "the address that a licence names", sold.URL, v.URL)
		same(t, "nothing more is sold", "work_withdrawn consent_payee", says(w.buy(w.mod, o)))
		same(t, "nor on her word", "ground_missing", w.missing(t, bobs.ID))
		list, err := w.Grants(w.ctx, w.eve, licence.GrantFilter{})
		must(t, err)
		same(t, "what was sold holds", licence.Active, list[0].State)
		same(t, "of that order", grant.ID, list[0].OrderID)
		var left int
		must(t, w.Read(w.ctx, func(tx *db.Tx) error {
			return tx.NewRaw(`SELECT (SELECT count(*) FROM work WHERE payee LIKE '%ada%' OR account_id = ?0) + (SELECT count(*) FROM offer WHERE payee LIKE '%ada%')
				+ (SELECT count(*) FROM consent WHERE account_id = ?0) + (SELECT count(*) FROM contribution WHERE contributor_id = ?0)`, w.ada.ID).Scan(w.ctx, &left)
		}))
		same(t, "rows that know her", 0, left)
	})
}

func TestStatesOfWorks(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range licence.WorkSteps() {
		b.WriteString("work " + string(s.From) + " → " + string(s.To) + " by " + s.Who + "\n")
	}
	for _, s := range licence.OfferSteps() {
		b.WriteString("offer " + string(s.From) + " → " + string(s.To) + "\n")
	}
	for _, s := range licence.AgreementSteps() {
		b.WriteString("agreement " + string(s[0]) + " → " + string(s[1]) + "\n")
	}
	for _, s := range licence.ClaimSteps() {
		b.WriteString("claim " + string(s[0]) + " → " + string(s[1]) + "\n")
	}
	golden(t, "testdata/work_states.txt", b.String())
	// The verbs go exactly these ways.
	w := openPress(t, dbtest.New(t))
	for _, from := range licence.WorkStates() {
		for _, to := range licence.WorkStates() {
			row := w.adds(t, w.ada, course())
			must(t, w.raws("UPDATE work SET state = ?, reason = ? WHERE id = ?", from, "a reason of twenty characters", row.ID))
			_, err := w.MoveWork(w.ctx, w.ada, row.ID, to)
			legal := from == to
			for _, s := range licence.WorkSteps() {
				legal = legal || s.From == from && s.To == to && s.Who == "steward"
			}
			same(t, string(from)+" → "+string(to), legal, err == nil)
		}
	}
}

func FuzzWorks(f *testing.F) {
	w := openPress(f, dbtest.New(f))
	f.Add("Graphs", "https://ada.example.org/", "1", "ab", "bob", "python", "ru")
	f.Add("a\x00", "https://[::1]/", "\u202e1", strings.Repeat("g", 64), "@b\xff", "\u200b", "und")
	f.Add("x", "https://a.b/%zz", "1", "sha256:", "admin'--", strings.Repeat("я", 50), "")
	f.Fuzz(func(t *testing.T, title, url, label, sum, author, skill, lang string) {
		row, err := w.AddWork(w.ctx, w.ada, course(func(in *licence.WorkInput) {
			in.Title, in.URL, in.Label, in.SHA256, in.Authors, in.Skills, in.Languages = title, url, label, sum, []string{author}, []string{skill}, []string{lang}
			in.State = ""
		}))
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				t.Fatalf("%q %q %q: %v", title, url, author, err)
			}
			return
		}
		v, err := w.Work(w.ctx, w.ada, row.ID)
		must(t, err)
		if v.Title == "" || v.Current.Label == "" || len([]rune(v.Attribution())) > 1000 || v.URL != strings.TrimSpace(url) {
			t.Fatalf("stored %+v", v.Work)
		}
		must(t, w.RemoveWork(w.ctx, w.ada, row.ID))
	})
}
