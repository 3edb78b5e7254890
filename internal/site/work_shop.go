package site

import (
	"cmp"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

// The parts of a workshop that a refused form belongs to.
const (
	shopAuthors  = "authors"
	shopVersions = "versions"
	shopProof    = "proof"
)

func (s *Site) workshop(c *gin.Context) error {
	page, err := s.workshopPage(c, "", problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// workshopAgain shows the workshop with what is wrong in one part of it.
func (s *Site) workshopAgain(c *gin.Context, err error, part string) error {
	return s.again(c, err, func(bad problems) (templ.Component, error) { return s.workshopPage(c, part, bad) })
}

func (s *Site) workshopPage(c *gin.Context, part string, bad problems) (templ.Component, error) {
	w, _, err := s.ofWork(c)
	if err != nil {
		return nil, err
	}
	f, _, err := s.signed(c, "mywork.list")
	if err != nil {
		return nil, err
	}
	f.Title = w.Title
	at := workshopPath(w.ID)
	p := web.Workshop{ID: w.ID, Title: w.Title, State: string(w.State), StateWord: f.T("mywork.state_" + string(w.State)),
		StateText: f.T("mywork.text_" + string(w.State)), LookURL: licence.WorkPath(w.ID), EditURL: at + "/edit", StateURL: at + "/state",
		Version: strconv.FormatInt(w.Edit, 10), Gate: gateSteps(f, &w), Ready: len(w.Missing) == 0, Meta: workMeta(f, &w), Claims: claimWords(f, w.Claims)}
	if w.State == licence.WorkSuspended && w.Reason != "" {
		p.StateText += " " + w.Reason
	}
	for _, step := range licence.WorkSteps() {
		if step.From == w.State && step.Who == "steward" {
			p.Can = append(p.Can, web.Choice{Value: string(step.To), Label: f.T("mywork.do_" + string(step.To)), Selected: step.To == licence.WorkPublished})
		}
	}
	if w.State == licence.WorkDraft && w.PublishedOn.IsZero() {
		p.RemoveURL = at + "/delete"
	}
	p.Authors = s.shopAuthors(c, f, &w, of(part, shopAuthors, bad))
	p.Edition = shopEdition(c, f, &w, of(part, shopVersions, bad))
	p.Proof = shopProofOf(f, &w, of(part, shopProof, bad))
	s.shopOffers(f, &w, &p)
	if part == "" {
		p.Troubles = bad.Summary
	}
	return web.MakeReady(f, p), nil
}

// of gives problems to the part of the page that they belong to.
func of(part, wanted string, bad problems) problems {
	if part != wanted {
		return problems{}
	}
	return bad
}

func workMeta(f web.Frame, w *licence.WorkView) [][2]string {
	return [][2]string{{f.T("mywork.meta_kind"), f.Texts.WorkKind(w.Kind)}, {f.T("mywork.meta_base"), web.BaseName(w.BaseLicence)},
		{f.T("mywork.meta_basis"), f.T("mywork.basis_" + string(w.Basis))}, {f.T("mywork.meta_version"), w.Current.Label},
		{f.T("offering.payee"), cmp.Or(w.Paid, "—")}}
}

// gateSteps are what has to be there before anything can be offered, and what
// helps, each done or with the place where it is done.
func gateSteps(f web.Frame, w *licence.WorkView) []web.GateStep {
	lacks := map[string]bool{}
	for _, e := range w.Missing {
		lacks[e.Code] = true
	}
	sold := licence.NonCommercial(w.BaseLicence)
	steps := []struct {
		key      string
		ok, must bool
		url      string
	}{
		{"mywork.step_base", sold, true, ""},
		{"mywork.step_grounds", !lacks["ground_missing"], true, "#authors"},
		{"mywork.step_parts", !lacks["part_blocks"], true, "#authors"},
		{"mywork.step_agreement", !lacks["agreement_none"], true, "/agreements"},
		{"mywork.step_claim", !lacks["claim_open"] && !lacks["work_suspended"], true, "#h-wclaims"},
		{"mywork.step_published", w.State == licence.WorkPublished, true, ""},
		{"mywork.step_offer", countOpen(w.Offers) > 0, sold, "#offers"},
		{"mywork.step_hash", w.Current.SHA256 != "", false, "#versions"},
		{"mywork.step_proof", !w.ProvedOn.IsZero(), false, "#proof"},
	}
	var out []web.GateStep
	for _, x := range steps {
		if x.ok && (x.key == "mywork.step_parts" || x.key == "mywork.step_agreement" || x.key == "mywork.step_claim") {
			continue // said only where it stands in the way
		}
		g := web.GateStep{OK: x.ok, Must: x.must, Text: f.T(x.key)}
		if !x.ok {
			g.URL = x.url
		}
		out = append(out, g)
	}
	return out
}

func (s *Site) shopAuthors(c *gin.Context, f web.Frame, w *licence.WorkView, bad problems) web.WorkshopAuthors {
	at := workshopPath(w.ID) + "/authors"
	p := web.WorkshopAuthors{Troubles: bad.Summary, GroundBd: bad.of("ground")}
	for i := range w.Contributions {
		p.List = append(p.List, contributor(f, w, &w.Contributions[i], at))
	}
	if w.State == licence.WorkWithdrawn {
		return p
	}
	p.Action = at
	for _, field := range []string{"handle", "name"} { // one input stands for both
		if bad.of(field) != "" {
			bad.at(field, "who")
		}
	}
	ground, third := cmp.Or(value(c, "ground"), string(licence.GroundOpen)), value(c, "licence")
	p.Who = web.Field{Name: "who", Label: f.T("mywork.who"), Hint: f.T("mywork.who_hint"), Value: value(c, "who"), Error: bad.of("who"), Required: true, Max: licence.MaxPartName}
	p.Part = web.Field{Name: "part", Label: f.T("mywork.part"), Hint: f.T("mywork.part_hint"), Value: value(c, "part"), Error: bad.of("part"), Max: licence.MaxPart}
	p.MadeOn = web.Field{Name: "made_on", Label: f.T("mywork.made_on"), Hint: f.T("mywork.made_on_hint"), Value: value(c, "made_on"), Error: bad.of("made_on"), Type: "date"}
	p.Source = web.Field{Name: "source", Label: f.T("mywork.source"), Hint: f.T("mywork.source_hint"), Value: value(c, "source"), Error: bad.of("source"),
		Type: "url", Max: licence.MaxPartSource}
	for _, g := range groundsFor(w) {
		p.Grounds = append(p.Grounds, web.Choice{Value: string(g), Label: f.T("mywork.ground_" + string(g)), Hint: f.T("mywork.ground_" + string(g) + "_hint"),
			Selected: string(g) == ground})
	}
	p.Licence = web.Field{Name: "licence", Label: f.T("mywork.third"), Hint: f.T("mywork.third_hint"), Error: bad.of("licence")}
	p.Licences = append(p.Licences, web.Choice{Label: f.T("mywork.third_none"), Selected: third == ""})
	for _, id := range licence.PartLicences() {
		p.Licences = append(p.Licences, web.Choice{Value: id, Label: partLicence(f, id), Selected: id == third})
	}
	return p
}

// partLicence names a licence of a third party's part, with what it hinders.
func partLicence(f web.Frame, id string) string {
	word := web.BaseName(id)
	switch id {
	case "public-domain":
		word = f.T("mywork.public_domain")
	case "other":
		word = f.T("mywork.other_licence")
	}
	if licence.Blocks(id) {
		return f.T("mywork.blocks", "licence", word)
	}
	return word
}

// groundsFor are the grounds that can be named for another's part of a work:
// an open one asks its author.
func groundsFor(w *licence.WorkView) []licence.PartGround {
	if w.Basis == licence.Community {
		return []licence.PartGround{licence.GroundOpen, licence.GroundAgreement, licence.GroundThird}
	}
	return []licence.PartGround{licence.GroundOpen, licence.GroundPatch, licence.GroundThird}
}

func contributor(f web.Frame, w *licence.WorkView, c *licence.Contribution, at string) web.Contributor {
	out := web.Contributor{ID: c.ID, Name: cmp.Or(c.Shown, f.T("work.erased")), Part: c.Part}
	word, missing := groundWord(f, c)
	out.Ground, out.OK = word, !missing
	if c.Handle != "" && c.ContributorID != w.AccountID {
		out.URL = profile.Path(profile.CreatorKind, c.Handle)
	}
	if w.State == licence.WorkWithdrawn {
		return out
	}
	owner := c.ContributorID != "" && c.ContributorID == w.AccountID
	if missing && c.ContributorID != "" && !owner {
		out.Wait = f.T("mywork.wait_consent")
		if !w.Public() {
			out.Wait = f.T("mywork.wait_publish")
		}
	}
	switch {
	case c.ContributorID == "" || c.Ground == licence.GroundConsent:
	case w.Basis == licence.Community && c.Ground != licence.GroundAgreement:
		out.Grounds = []web.Choice{{Value: string(licence.GroundAgreement), Label: f.T("mywork.ground_agreement")}}
	case w.Basis == licence.Owner && !owner && c.Ground != licence.GroundPatch:
		out.Grounds = []web.Choice{{Value: string(licence.GroundPatch), Label: f.T("mywork.ground_patch")}}
	}
	if len(out.Grounds) > 0 {
		out.ChangeURL = at + "/" + c.ID
	}
	if !owner && c.Ground != licence.GroundConsent {
		out.RemoveURL = at + "/" + c.ID + "/remove"
	}
	return out
}

func shopEdition(c *gin.Context, f web.Frame, w *licence.WorkView, bad problems) web.WorkshopEdition {
	p := web.WorkshopEdition{Troubles: bad.Summary, MaxFile: f.T("mywork.upload_size"),
		Label: labelField(f, value(c, "label"), bad), Digest: digestField(f, value(c, "sha256"), bad),
		File:   web.Field{Name: "file", Label: f.T("mywork.upload_file"), Hint: f.T("mywork.upload_hint"), Error: bad.of("file")},
		Upload: workshopPath(w.ID) + "/upload"}
	p.FileLabel = p.Label
	p.FileLabel.ID = "f-file-label"
	for _, v := range w.Versions {
		p.List = append(p.List, edition(f, v, w.Version))
	}
	if w.State != licence.WorkWithdrawn {
		p.Action = workshopPath(w.ID) + "/versions"
	}
	return p
}

func shopProofOf(f web.Frame, w *licence.WorkView, bad problems) web.WorkshopProof {
	p := web.WorkshopProof{URL: licence.ProofURL(w.URL), Token: w.ProofToken, Action: workshopPath(w.ID) + "/proof"}
	if len(bad.Summary) > 0 {
		p.Bad = bad.Summary[0].Text
	}
	switch {
	case !w.ProvedOn.IsZero():
		p.Done = f.Texts.Date(w.ProvedOn)
	case p.URL == "":
		p.None = f.T("mywork.proof_none")
	}
	return p
}

func (s *Site) shopOffers(f web.Frame, w *licence.WorkView, p *web.Workshop) {
	at := workshopPath(w.ID) + "/offers"
	for i := range w.Offers {
		o := &w.Offers[i]
		row := web.OwnOffer{ID: o.ID, Title: f.Texts.Channel(o.Channel), Meta: useWords(f, o.Uses) + " · " + whereWord(f, o), Spans: spanWords(f, o.Prices),
			State: string(o.State), StateWord: f.T("offering.state_" + string(o.State)), StateURL: at + "/" + o.ID + "/state", Version: strconv.FormatInt(o.Edit, 10)}
		for _, step := range licence.OfferSteps() {
			if step.From == o.State {
				row.Can = append(row.Can, web.Choice{Value: string(step.To), Label: f.T("offering.as_" + string(step.To))})
			}
		}
		if o.State != licence.OfferWithdrawn {
			row.EditURL = at + "/" + o.ID
		}
		p.Offers = append(p.Offers, row)
	}
	switch {
	case !licence.NonCommercial(w.BaseLicence):
		p.NoOffer = f.T("mywork.offer_not_needed")
	case len(w.Missing) > 0:
		p.NoOffer = f.T("mywork.offer_blocked")
		p.Why = missingWords(f, w.Missing)
	default:
		p.NewURL = at + "/new"
	}
}

func (s *Site) addVersion(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	if err = s.mayWrite(c); err == nil {
		_, err = s.Licences.AddVersion(c.Request.Context(), v.actor, w.ID, licence.VersionInput{Label: value(c, "label"), SHA256: value(c, "sha256")})
	}
	if err != nil {
		return s.workshopAgain(c, err, shopVersions)
	}
	s.say(c, "ok", "mywork.version_added")
	return s.see(c, workshopPath(w.ID)+"#versions")
}

// uploadVersion makes a version of a file: it is read once, hashed and
// forgotten. Nothing of it is kept, its name neither.
func (s *Site) uploadVersion(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	if err = s.mayWrite(c); err != nil {
		return err
	}
	up, err := readWork(c)
	if err == nil {
		c.Request.PostForm = url.Values{"label": {up.label}} // takes the place of what ParseForm would make
		err = s.checkToken(c, up.token)
	}
	if err != nil {
		return err
	}
	if up.sha256 == "" {
		err = fault.Bad("file", "work_file_missing")
	} else {
		_, err = s.Licences.AddVersion(c.Request.Context(), v.actor, w.ID, licence.VersionInput{Label: up.label, SHA256: up.sha256})
	}
	if err != nil {
		return s.workshopAgain(c, err, shopVersions)
	}
	s.say(c, "ok", "mywork.uploaded")
	return s.see(c, workshopPath(w.ID)+"#versions")
}

// uploadedWork is what is left of an uploaded file.
type uploadedWork struct{ label, sha256, token string }

// readWork reads the form of an upload; a file without content is none.
func readWork(c *gin.Context) (up uploadedWork, err error) {
	r := c.Request
	if c.ContentType() != "multipart/form-data" {
		return up, fault.Of(fault.Invalid, "form_malformed")
	}
	r.Body = http.MaxBytesReader(c.Writer, r.Body, uploadBytes)
	parts, err := r.MultipartReader()
	if err != nil {
		return up, formFault(err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return up, nil
		}
		if err == nil {
			err = up.take(part)
		}
		if err != nil {
			return up, formFault(err)
		}
	}
}

// uploadsWork tells whether a path takes the file of a work.
func uploadsWork(path string) bool {
	return strings.HasPrefix(path, ownWorksPath+"/") && strings.HasSuffix(path, "/upload")
}

const maxLabelBytes = 4 * licence.MaxLabel

func (u *uploadedWork) take(part *multipart.Part) error {
	text := func(most int64) (string, error) {
		b, err := io.ReadAll(io.LimitReader(part, most))
		return string(b), err
	}
	var err error
	switch part.FormName() {
	case "label":
		u.label, err = text(maxLabelBytes)
	case web.CSRFField:
		u.token, err = text(maxToken)
	case "file":
		count := counting{Reader: part}
		if u.sha256, err = licence.HashContent(&count); count.n == 0 {
			u.sha256 = ""
		}
	}
	return err
}

// counting counts what is read through it.
type counting struct {
	io.Reader
	n int64
}

// Read implements io.Reader.
func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func (s *Site) proveWork(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	if _, err := s.Licences.Prove(c.Request.Context(), v.actor, w.ID); err != nil {
		return s.workshopAgain(c, err, shopProof)
	}
	s.say(c, "ok", "mywork.proof_done")
	return s.see(c, workshopPath(w.ID)+"#proof")
}

func (s *Site) addAuthor(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	in, err := typedPart(c)
	if err == nil && !slices.Contains(groundsFor(&w), in.Ground) {
		err = fault.Bad("ground", "required")
	}
	if err == nil {
		err = s.mayWrite(c)
	}
	if err == nil {
		_, err = s.Licences.AddContribution(c.Request.Context(), v.actor, w.ID, in)
	}
	if err != nil {
		return s.workshopAgain(c, err, shopAuthors)
	}
	s.say(c, "ok", "mywork.author_added")
	return s.see(c, workshopPath(w.ID)+"#authors")
}

// typedPart reads the form of a contribution. Third parties are named by their
// name, everybody else by a handle.
func typedPart(c *gin.Context) (licence.PartInput, error) {
	who, ground := value(c, "who"), licence.PartGround(value(c, "ground"))
	in := licence.PartInput{Part: value(c, "part"), Ground: ground}
	if ground == licence.GroundThird {
		in.Name, in.Licence, in.Source = who, value(c, "licence"), value(c, "source")
		return in, nil
	}
	in.Handle = who
	if day := value(c, "made_on"); day != "" {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return in, fault.Bad("made_on", "day_form")
		}
		in.MadeOn = at
	}
	return in, nil
}

// partOf is the part of a work that the address names.
func partOf(c *gin.Context, w *licence.WorkView) (*licence.Contribution, error) {
	i := slices.IndexFunc(w.Contributions, func(x licence.Contribution) bool { return x.ID == c.Param("part") })
	if i < 0 {
		return nil, fault.Of(fault.NotFound, "contribution_unknown")
	}
	return &w.Contributions[i], nil
}

// changeGround names another ground for a part with one click.
func (s *Site) changeGround(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	part, err := partOf(c, &w)
	if err != nil {
		return err
	}
	in := licence.PartInput{Part: part.Part, Ground: licence.PartGround(value(c, "ground"))}
	if _, err := s.Licences.EditContribution(c.Request.Context(), v.actor, c.Param("part"), in); err != nil {
		return s.workshopAgain(c, err, "")
	}
	s.say(c, "ok", "mywork.author_changed")
	return s.see(c, workshopPath(w.ID)+"#authors")
}

// askAuthorRemoval says what goes with a part before it goes.
func (s *Site) askAuthorRemoval(c *gin.Context) error {
	w, _, err := s.ofWork(c)
	if err != nil {
		return err
	}
	part, err := partOf(c, &w)
	if err != nil {
		return err
	}
	f, _, err := s.signed(c, "mywork.author_remove_go")
	if err != nil {
		return err
	}
	at := workshopPath(w.ID)
	p := web.ConfirmPage{Title: f.T("mywork.author_remove_title", "name", author(f, part).Name, "title", w.Title), Text: f.T("mywork.author_remove_text"),
		List:   []string{f.T("mywork.author_remove_ground"), f.T("mywork.author_remove_name"), f.T("mywork.author_remove_sold")},
		Action: at + "/authors/" + part.ID + "/remove", Label: f.T("mywork.author_remove_go"), Back: at}
	if part.Ground == licence.GroundOpen || part.Ground == licence.GroundConsent {
		p.List[0] = f.T("mywork.author_remove_consent")
	}
	return s.show(c, http.StatusOK, web.Confirm(f, p))
}

func (s *Site) removeAuthor(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	if err := s.Licences.RemoveContribution(c.Request.Context(), v.actor, c.Param("part")); err != nil {
		return s.workshopAgain(c, err, "")
	}
	s.say(c, "ok", "mywork.author_removed")
	return s.see(c, workshopPath(w.ID)+"#authors")
}
