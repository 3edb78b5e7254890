package site

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

const (
	ownWorksPath = "/me/works"
	newWorkPath  = "/me/works/new"
)

// workshopPath is where a work is made ready by who looks after it.
func workshopPath(id string) string { return ownWorksPath + "/" + id }

// mountOwnWorks registers what a person does with works of their own.
func (s *Site) mountOwnWorks(r gin.IRouter) {
	r.GET(ownWorksPath, s.page(s.ownWorks))
	r.GET(newWorkPath, s.page(s.newWork))
	r.POST(newWorkPath, s.typed(s.addWork))
	r.GET("/me/works/:id", s.page(s.workshop))
	r.GET("/me/works/:id/edit", s.page(s.workForm))
	r.POST("/me/works/:id/edit", s.typed(s.saveWork))
	r.POST("/me/works/:id/state", s.act(s.moveWork))
	r.GET("/me/works/:id/delete", s.page(s.askWorkRemoval))
	r.POST("/me/works/:id/delete", s.act(s.removeWork))
	r.POST("/me/works/:id/versions", s.typed(s.addVersion))
	r.POST("/me/works/:id/upload", s.limited(classUpload, s.page(s.uploadVersion)))
	r.POST("/me/works/:id/authors", s.typed(s.addAuthor))
	r.POST("/me/works/:id/authors/:part", s.act(s.changeGround))
	r.GET("/me/works/:id/authors/:part/remove", s.page(s.askAuthorRemoval))
	r.POST("/me/works/:id/authors/:part/remove", s.act(s.removeAuthor))
	r.POST("/me/works/:id/proof", s.act(s.proveWork))
	r.GET("/me/works/:id/offers/new", s.page(s.newLicenceOffer))
	r.POST("/me/works/:id/offers/new", s.typed(s.addLicenceOffer))
	r.GET("/me/works/:id/offers/:offer", s.page(s.licenceOfferForm))
	r.POST("/me/works/:id/offers/:offer", s.typed(s.saveLicenceOffer))
	r.POST("/me/works/:id/offers/:offer/state", s.act(s.moveOffer))
}

func (s *Site) ownWorks(c *gin.Context) error {
	f, v, err := s.signed(c, "mywork.list")
	if err != nil {
		return err
	}
	list, err := s.Licences.Mine(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	asked, err := s.Licences.Asked(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	p := web.OwnWorksPage{Full: len(list) >= licence.MaxWorks}
	for i := range list {
		p.List = append(p.List, ownWork(f, &list[i]))
	}
	for i := range asked {
		if asked[i].Asked != nil {
			p.Asked = append(p.Asked, askedWork(f, &asked[i]))
		}
	}
	return s.show(c, http.StatusOK, web.OwnWorks(f, p))
}

func ownWork(f web.Frame, w *licence.WorkView) web.OwnWork {
	out := web.OwnWork{Title: w.Title, URL: workshopPath(w.ID), LookURL: licence.WorkPath(w.ID), State: string(w.State),
		StateWord: f.T("mywork.state_" + string(w.State)),
		Meta:      f.Texts.WorkKind(w.Kind) + " · " + w.Current.Label + " · " + web.BaseName(w.BaseLicence)}
	if n := countOpen(w.Offers); n > 0 {
		out.Offers = f.N("mywork.open_offers", n)
	}
	for _, step := range gateSteps(f, w) {
		if !step.OK && step.Must {
			out.Next = step.Text
			break
		}
	}
	return out
}

func countOpen(list []licence.Offer) (n int) {
	for i := range list {
		if list[i].State == licence.OfferOpen {
			n++
		}
	}
	return n
}

// ofWork is the work of the address when the viewer looks after it; another's
// is not found, public or not.
func (s *Site) ofWork(c *gin.Context) (licence.WorkView, *visit, error) {
	v, err := s.visit(c)
	if err != nil {
		return licence.WorkView{}, nil, err
	}
	if v.actor.Anonymous() {
		return licence.WorkView{}, nil, fault.Of(fault.Unauthenticated, "signed_out")
	}
	w, err := s.Licences.Work(c.Request.Context(), v.actor, c.Param("id"))
	if err == nil && !w.Mine {
		err = fault.Of(fault.NotFound, "work_unknown")
	}
	return w, v, err
}

// typedWork reads the form of a work.
func typedWork(c *gin.Context) licence.WorkInput {
	return licence.WorkInput{Title: value(c, "title"), Kind: value(c, "kind"), Summary: value(c, "summary"), URL: value(c, "url"),
		Label: value(c, "label"), SHA256: value(c, "sha256"), BaseLicence: value(c, "base_licence"), Basis: licence.Basis(value(c, "basis")),
		Authors: listed(value(c, "authors")), Skills: listed(value(c, "skills")), Languages: values(c, "languages"), Payee: value(c, "payee"),
		Edit: number(c, "version")}
}

// listed is a text of words with commas.
func listed(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

func (s *Site) newWork(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	page, err := s.workEditor(c, "", licence.WorkInput{Kind: "course", BaseLicence: licence.BaseLicences()[0], Basis: licence.Owner,
		Label: "1.0", Languages: []string{v.lang}}, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) addWork(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	in := typedWork(c)
	var w licence.Work
	if err = s.mayWrite(c); err == nil {
		w, err = s.Licences.AddWork(c.Request.Context(), v.actor, in)
	}
	if err != nil {
		if v.actor.Anonymous() {
			return err
		}
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.workEditor(c, "", in, bad) })
	}
	s.say(c, "ok", "mywork.added")
	return s.see(c, workshopPath(w.ID))
}

func (s *Site) workForm(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	page, err := s.workEditor(c, w.ID, s.savedWork(&w, v.lang), problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// savedWork is what the form begins with; skills are shown by their names.
func (s *Site) savedWork(w *licence.WorkView, lang string) licence.WorkInput {
	in := licence.WorkInput{Title: w.Title, Kind: w.Kind, Summary: w.Summary, URL: w.URL, Languages: w.Languages, Payee: w.Payee, Edit: w.Edit}
	for _, id := range w.Skills {
		in.Skills = append(in.Skills, s.Skills.Name(id, lang))
	}
	return in
}

func (s *Site) saveWork(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	in := typedWork(c)
	if err = s.mayWrite(c); err == nil {
		_, err = s.Licences.EditWork(c.Request.Context(), v.actor, w.ID, in)
	}
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.workEditor(c, w.ID, in, bad) })
	}
	s.say(c, "ok", "mywork.saved")
	return s.see(c, workshopPath(w.ID))
}

// workEditor is the form with what is typed. Where somebody saved meanwhile it
// shows what is there now and can be sent again.
func (s *Site) workEditor(c *gin.Context, id string, in licence.WorkInput, bad problems) (templ.Component, error) {
	title := "mywork.edit"
	if id == "" {
		title = "mywork.new"
	}
	f, v, err := s.signed(c, title)
	if err != nil {
		return nil, err
	}
	p := web.WorkForm{ID: id, Action: newWorkPath, Back: ownWorksPath, BackText: f.T("mywork.list"), Troubles: bad.Summary}
	if id == "" {
		workBeginning(f, &p, in, bad)
	} else {
		p.Action, p.Back = workshopPath(id)+"/edit", workshopPath(id)
		w, err := s.Licences.Work(c.Request.Context(), v.actor, id)
		if err != nil {
			return nil, err
		}
		p.BackText = w.Title
		if len(bad.Summary) > 0 && w.Edit != in.Edit {
			saved := s.savedWork(&w, f.Lang)
			p.Theirs, in.Edit = compareWork(f, in, saved), saved.Edit
		}
	}
	p.Version = strconv.FormatInt(in.Edit, 10)
	workFields(f, &p, in, bad)
	return web.WorkEditor(f, p), nil
}

func compareWork(f web.Frame, in, saved licence.WorkInput) []web.Compare {
	var out []web.Compare
	for _, x := range []struct{ key, mine, theirs string }{
		{"mywork.title", in.Title, saved.Title}, {"mywork.kind", f.Texts.WorkKind(in.Kind), f.Texts.WorkKind(saved.Kind)},
		{"mywork.summary", in.Summary, saved.Summary}, {"mywork.url", in.URL, saved.URL},
		{"mywork.skills", strings.Join(in.Skills, ", "), strings.Join(saved.Skills, ", ")},
		{"mywork.languages", strings.Join(in.Languages, ", "), strings.Join(saved.Languages, ", ")}, {"mywork.payee", in.Payee, saved.Payee}} {
		if x.mine != x.theirs {
			out = append(out, web.Compare{Label: f.T(x.key), Text: cmp.Or(x.theirs, "—")})
		}
	}
	return out
}

// workBeginning are the fields that only a registration has.
func workBeginning(f web.Frame, p *web.WorkForm, in licence.WorkInput, bad problems) {
	for _, id := range licence.BaseLicences() {
		hint := f.T("mywork.base_no_sale")
		if licence.NonCommercial(id) {
			hint = f.T("mywork.base_sale")
		}
		p.Bases = append(p.Bases, web.Choice{Value: id, Label: web.BaseName(id), Hint: f.Texts.BaseText(id) + " " + hint, Selected: id == in.BaseLicence})
	}
	for _, b := range licence.Bases() {
		p.Regimes = append(p.Regimes, web.Choice{Value: string(b), Label: f.T("mywork.basis_" + string(b)), Hint: f.T("mywork.basis_" + string(b) + "_hint"),
			Selected: b == in.Basis})
	}
	p.BaseBad, p.RegimeBd = bad.of("base_licence"), bad.of("basis")
	p.Label, p.Digest = labelField(f, in.Label, bad), digestField(f, in.SHA256, bad)
	p.Authors = web.Field{Name: "authors", Label: f.T("mywork.authors_list"), Hint: f.T("mywork.authors_list_hint"),
		Value: strings.Join(in.Authors, ", "), Error: bad.of("authors"), Max: 1000}
}

func labelField(f web.Frame, value string, bad problems) web.Field {
	return web.Field{Name: "label", Label: f.T("mywork.label"), Hint: f.T("mywork.label_hint"), Value: value, Error: bad.of("label"),
		Required: true, Max: licence.MaxLabel}
}

func digestField(f web.Frame, value string, bad problems) web.Field {
	return web.Field{Name: "sha256", Label: f.T("mywork.digest"), Hint: f.T("mywork.digest_hint"), Value: value, Error: bad.of("sha256"), Max: 80}
}

func workFields(f web.Frame, p *web.WorkForm, in licence.WorkInput, bad problems) {
	p.Name = web.Field{Name: "title", Label: f.T("mywork.title"), Value: in.Title, Error: bad.of("title"), Required: true, Max: licence.MaxWorkTitle}
	p.Kinds, p.KindBad = choices(licence.WorkKinds(), []string{in.Kind}, f.Texts.WorkKind), bad.of("kind")
	p.Summary = web.Field{Name: "summary", Label: f.T("mywork.summary"), Hint: f.T("mywork.summary_hint"), Value: in.Summary,
		Error: bad.of("summary"), Max: licence.MaxWorkSummary, Rows: 6, Preview: f.Link("/me/preview")}
	p.URL = web.Field{Name: "url", Label: f.T("mywork.url"), Hint: f.T("mywork.url_hint"), Value: in.URL, Error: bad.of("url"),
		Type: "url", Required: true, Max: licence.MaxWorkURL}
	p.Skills = web.Field{Name: "skills", Label: f.T("mywork.skills"), Hint: f.T("mywork.skills_hint"), Value: strings.Join(in.Skills, ", "),
		Error: bad.of("skills"), Max: 500}
	known := profile.Languages()
	for _, l := range in.Languages {
		if !slices.Contains(known, l) {
			known = append(known, l)
		}
	}
	p.Langs, p.LangsBad = choices(known, in.Languages, f.Texts.Language), bad.of("languages")
	for i := range p.Langs {
		if p.Langs[i].Value != f.Lang {
			p.Langs[i].Lang = p.Langs[i].Value
		}
	}
	p.Payee = web.Field{Name: "payee", Label: f.T("mywork.payee"), Hint: f.T("mywork.payee_hint"), Value: in.Payee, Error: bad.of("payee"), Max: licence.MaxPayee}
}

// moveWork brings a work into another state with one click.
func (s *Site) moveWork(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	to := licence.WorkState(value(c, "state"))
	if !slices.Contains(licence.WorkStates(), to) {
		return fault.Bad("state", "state_unknown")
	}
	if _, err := s.Licences.MoveWork(c.Request.Context(), v.actor, w.ID, to); err != nil {
		return s.workshopAgain(c, err, "")
	}
	s.say(c, "ok", "mywork.did_"+string(to))
	return s.see(c, workshopPath(w.ID))
}

func (s *Site) askWorkRemoval(c *gin.Context) error {
	w, _, err := s.ofWork(c)
	if err != nil {
		return err
	}
	f, _, err := s.signed(c, "mywork.remove")
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, web.Confirm(f, web.ConfirmPage{Title: f.T("mywork.remove_title", "title", w.Title),
		Text: f.T("mywork.remove_text"), Action: workshopPath(w.ID) + "/delete", Label: f.T("mywork.remove"), Back: workshopPath(w.ID)}))
}

func (s *Site) removeWork(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	if err := s.Licences.RemoveWork(c.Request.Context(), v.actor, w.ID); err != nil {
		return err
	}
	s.say(c, "ok", "mywork.removed")
	return s.see(c, ownWorksPath)
}

func askedWork(f web.Frame, w *licence.WorkView) web.AskedWork {
	state, turn, _ := consentState(w)
	return web.AskedWork{Title: w.Title, URL: licence.WorkPath(w.ID) + "/consent", State: state, StateWord: f.T("consent.state_" + state), Turn: turn}
}
