package site

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

const dateForm = "2006-01-02" // of an HTML date input

// draft is a profile as the form holds it: what was typed, good or bad.
type draft struct {
	profile.Input

	skills []string // as typed, not yet folded to ids
	until  string   // of the date input
}

// typedProfile reads the form. Nothing is refused here: Save says what is wrong.
func typedProfile(c *gin.Context) draft {
	roles := values(c, "roles")
	d := draft{skills: values(c, "skill"), until: value(c, "paused_until")}
	d.Input = profile.Input{Tutor: slices.Contains(roles, web.KindTutor), Creator: slices.Contains(roles, web.KindCreator),
		Name: value(c, "name"), Headline: value(c, "headline"), About: value(c, "about"), Skills: d.skills,
		Levels: values(c, "levels"), Languages: values(c, "languages"), Formats: values(c, "formats"),
		Timezone: value(c, "timezone"), State: profile.State(value(c, "state")), Version: number(c, "version")}
	titles, addresses := c.Request.PostForm["link_title"], c.Request.PostForm["link_url"]
	for i := range min(len(titles), len(addresses), 2*profile.MaxLinks) {
		d.Links = append(d.Links, profile.Link{Title: strings.TrimSpace(titles[i]), URL: strings.TrimSpace(addresses[i])})
	}
	if d.State == profile.Paused && d.until != "" {
		at, err := time.ParseInLocation(dateForm, d.until, zone(d.Timezone))
		if err != nil {
			at = time.Unix(0, 0) // long ago: refused with the field's own words
		}
		d.PausedUntil = at
	}
	return d
}

// number is a whole number that our own form carries, 0 for anything else.
func number(c *gin.Context, name string) int64 {
	n, err := strconv.ParseInt(value(c, name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// savedProfile is what the form begins with.
func (s *Site) savedProfile(p *profile.Profile, lang string) draft {
	if p == nil {
		return draft{Input: profile.Input{Tutor: true, Languages: []string{lang}, State: profile.Draft}}
	}
	d := draft{Input: profile.Input{Tutor: p.Tutor, Creator: p.Creator, Name: p.Name, Headline: p.Headline, About: p.About,
		Levels: p.Levels, Languages: p.Languages, Formats: p.Formats, Timezone: p.Timezone, Links: p.Links, State: p.State,
		Version: p.Version}}
	for _, id := range p.Skills {
		d.skills = append(d.skills, s.Skills.Name(id, lang))
	}
	if !p.PausedUntil.IsZero() {
		d.until = p.PausedUntil.In(zone(p.Timezone)).Format(dateForm)
	}
	return d
}

func (s *Site) profileForm(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	own, err := s.ownProfile(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	page, err := s.editor(c, s.savedProfile(own, v.lang), own, problems{}, nil)
	if err != nil {
		return err
	}
	return s.show(c, 200, page)
}

func (s *Site) saveProfile(c *gin.Context) error {
	ctx := c.Request.Context()
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	own, err := s.ownProfile(ctx, v.actor)
	if err != nil {
		return err
	}
	typed := typedProfile(c)
	shown := func(status int, bad problems, change func(*web.EditorPage, web.Frame)) error {
		page, err := s.editor(c, typed, own, bad, change)
		if err != nil {
			return err
		}
		return s.show(c, status, page)
	}
	if value(c, "preview") != "" {
		return shown(200, problems{}, func(p *web.EditorPage, _ web.Frame) { p.AboutHTML = previewHTML(typed.About) })
	}
	if found := profile.Warnings(typed.Input); len(found) > 0 && value(c, "confirm") == "" && typed.State != profile.Draft {
		return shown(422, problems{}, func(p *web.EditorPage, f web.Frame) { p.Warnings = warningWords(f, found) })
	}
	if own != nil && typed.Version == 0 { // begun in two tabs: the other one was first
		err = fault.Of(fault.Conflict, "changed_meanwhile")
	} else if err = s.mayWrite(c); err == nil {
		_, _, err = s.Profiles.Save(ctx, v.actor, typed.Input)
	}
	if err == nil {
		s.say(c, "ok", "editor.saved")
		return s.see(c, "/me/profile")
	}
	return s.again(c, err, func(bad problems) (templ.Component, error) { return s.refusedEditor(c, typed, bad) })
}

// refusedEditor shows what was typed, and beside it what another tab has saved
// meanwhile, as the database has it now.
func (s *Site) refusedEditor(c *gin.Context, typed draft, bad problems) (templ.Component, error) {
	v, err := s.visit(c)
	if err != nil {
		return nil, err
	}
	own, err := s.ownProfile(c.Request.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	return s.editor(c, typed, own, bad, func(p *web.EditorPage, f web.Frame) {
		if own != nil && own.Version != typed.Version {
			p.Theirs, p.Version = s.compare(f, typed, own), strconv.FormatInt(own.Version, 10)
		}
	})
}

// previewHTML is never empty, so that an asked-for preview always shows.
func previewHTML(text string) string {
	if html := markup.Render(text); html != "" {
		return html
	}
	return " "
}

// compare lists the fields that another tab saved otherwise than they are
// typed here.
func (s *Site) compare(f web.Frame, typed draft, own *profile.Profile) []web.Compare {
	saved := s.savedProfile(own, f.Lang)
	var out []web.Compare
	for _, x := range []struct{ key, mine, theirs string }{
		{"editor.name", typed.Name, saved.Name}, {"editor.headline", typed.Headline, saved.Headline},
		{"editor.about", typed.About, saved.About},
		{"editor.skills_label", strings.Join(typed.skills, ", "), strings.Join(saved.skills, ", ")},
		{"editor.links", linkLines(typed.Links), linkLines(saved.Links)},
		{"editor.formats", words(typed.Formats, f.Texts.Format), words(saved.Formats, f.Texts.Format)},
		{"editor.levels", words(typed.Levels, f.Texts.Level), words(saved.Levels, f.Texts.Level)},
		{"editor.languages", words(typed.Languages, f.Texts.Language), words(saved.Languages, f.Texts.Language)},
		{"editor.zone", typed.Timezone, saved.Timezone},
		{"editor.state_label", string(typed.State), f.T("editor.state_" + string(saved.State))},
	} {
		if x.mine == x.theirs || x.key == "editor.state_label" && typed.State == saved.State {
			continue
		}
		if x.theirs == "" {
			x.theirs = "—"
		}
		out = append(out, web.Compare{Label: f.T(x.key), Text: x.theirs})
	}
	return out
}

func linkLines(list []profile.Link) string {
	var out []string
	for _, l := range list {
		if l != (profile.Link{}) {
			out = append(out, strings.TrimSpace(l.Title+" "+l.URL))
		}
	}
	return strings.Join(out, "\n")
}

func words(list []string, word func(string) string) string {
	var out []string
	for _, v := range list {
		out = append(out, word(v))
	}
	return strings.Join(out, ", ")
}

func warningWords(f web.Frame, list []profile.Warning) []string {
	var out []string
	for _, w := range list {
		label := map[string]string{"name": "editor.name", "headline": "editor.headline", "about": "editor.about",
			"skills": "editor.skills_label", "goal": "ask.goal", "background": "ask.background",
			"expectation": "ask.expectation", "text": "thread.text", "title": "offer.name", "summary": "offer.summary", "rules": "offer.rules"}[w.Field]
		out = append(out, f.T("editor.contact_in", "field", strings.TrimSuffix(f.T(label), "?"), "what", f.T("editor.contact_"+string(w.Kind))))
	}
	return out
}

// editor is the form with what is typed; change adds what only some answers have.
func (s *Site) editor(c *gin.Context, d draft, own *profile.Profile, bad problems, change func(*web.EditorPage, web.Frame)) (templ.Component, error) {
	f, _, err := s.signed(c, "editor.title")
	if err != nil {
		return nil, err
	}
	p := web.EditorPage{Fresh: own == nil, Portrait: f.Viewer.Portrait, Troubles: bad.Summary, Version: strconv.FormatInt(d.Version, 10),
		Confirm: web.Field{Name: "confirm", Label: f.T("editor.contacts_confirm")}}
	if own != nil {
		p.PublicURL = own.Path()
	}
	s.editorWords(f, &p, d, bad)
	s.editorChoices(f, &p, d, bad)
	if change != nil {
		change(&p, f)
	}
	return web.Editor(f.With("editor.js"), p), nil
}

func (s *Site) editorWords(f web.Frame, p *web.EditorPage, d draft, bad problems) {
	text := func(name, value string, most int) web.Field {
		return web.Field{Name: name, Label: f.T("editor." + name), Hint: f.T("editor." + name + "_hint"), Value: value, Error: bad.of(name), Max: most}
	}
	p.Name = text("name", d.Name, profile.MaxName)
	p.Headline = text("headline", d.Headline, profile.MaxHeadline)
	p.About = text("about", d.About, profile.MaxAbout)
	p.About.Rows, p.About.Preview = 10, f.Link("/me/preview")
	p.Skills = filled(d.skills, profile.MaxSkills)
	p.SkillsBad = bad.of("skills")
	for _, known := range s.Skills.Names(f.Lang) {
		p.Known = append(p.Known, known.Name)
	}
	for _, l := range d.Links {
		p.Links = append(p.Links, web.LinkRow{Title: l.Title, URL: l.URL})
	}
	for len(p.Links) < profile.MaxLinks {
		p.Links = append(p.Links, web.LinkRow{})
	}
	p.LinksBad = bad.of("links")
}

// filled is a list with empty places up to n.
func filled(list []string, n int) []string {
	out := slices.Clone(list)
	for len(out) < n {
		out = append(out, "")
	}
	return out
}

func (s *Site) editorChoices(f web.Frame, p *web.EditorPage, d draft, bad problems) {
	p.Roles = []web.Choice{
		{Value: web.KindTutor, Label: f.T("editor.role_tutor"), Hint: f.T("editor.role_tutor_hint"), Selected: d.Tutor},
		{Value: web.KindCreator, Label: f.T("editor.role_creator"), Hint: f.T("editor.role_creator_hint"), Selected: d.Creator}}
	p.RolesBad = bad.of("roles")
	p.Levels, p.LevelsBad = choices(profile.Levels(), d.Levels, f.Texts.Level), bad.of("levels")
	p.Formats, p.FormsBad = choices(profile.Formats(), d.Formats, f.Texts.Format), bad.of("formats")
	known := profile.Languages()
	for _, l := range d.Languages { // one that only the API offers stays
		if !slices.Contains(known, l) {
			known = append(known, l)
		}
	}
	p.Languages, p.LangsBad = choices(known, d.Languages, f.Texts.Language), bad.of("languages")
	for i := range p.Languages {
		if p.Languages[i].Value != f.Lang {
			p.Languages[i].Lang = p.Languages[i].Value
		}
	}
	p.Zone = web.Field{Name: "timezone", Label: f.T("editor.zone"), Hint: f.T("editor.zone_hint"), Error: bad.of("timezone")}
	p.Zones = zoneChoices(f, d.Timezone, s.Now())
	for _, st := range []profile.State{profile.Draft, profile.Open, profile.Paused} {
		p.States = append(p.States, web.Choice{Value: string(st), Label: f.T("editor.state_" + string(st)),
			Hint: f.T("editor.state_" + string(st) + "_hint"), Selected: d.State == st})
	}
	p.StateBad = bad.of("state")
	p.Until = web.Field{Name: "paused_until", Label: f.T("editor.until"), Hint: f.T("editor.until_hint"), Type: "date",
		Value: d.until, Error: bad.of("paused_until")}
}

func choices(known, chosen []string, word func(string) string) []web.Choice {
	var out []web.Choice
	for _, v := range known {
		out = append(out, web.Choice{Value: v, Label: word(v), Selected: slices.Contains(chosen, v)})
	}
	return out
}

// zones are the clocks most of our people live by, from west to east.
const zones = `America/Los_Angeles America/New_York Europe/London UTC Europe/Belgrade Europe/Berlin Europe/Paris Europe/Prague
	Europe/Warsaw Europe/Chisinau Europe/Kaliningrad Europe/Kyiv Europe/Riga Asia/Jerusalem Europe/Istanbul Europe/Minsk
	Europe/Moscow Asia/Baku Asia/Dubai Asia/Tbilisi Asia/Yerevan Europe/Samara Europe/Volgograd Asia/Almaty Asia/Dushanbe
	Asia/Samarkand Asia/Tashkent Asia/Yekaterinburg Asia/Bishkek Asia/Omsk Asia/Krasnoyarsk Asia/Novosibirsk
	Asia/Irkutsk Asia/Yakutsk Asia/Vladivostok Asia/Magadan Asia/Kamchatka`

// zoneChoices are the clocks with their present offset, in its order.
func zoneChoices(f web.Frame, chosen string, now time.Time) []web.Choice {
	names := strings.Fields(zones)
	if chosen != "" && !slices.Contains(names, chosen) {
		names = append(names, chosen)
	}
	offset := func(name string) int { _, seconds := now.In(zone(name)).Zone(); return seconds }
	slices.SortStableFunc(names, func(a, b string) int { return offset(a) - offset(b) })
	out := []web.Choice{{Label: f.T("editor.zone_none"), Selected: chosen == ""}}
	for _, name := range names {
		out = append(out, web.Choice{Value: name, Label: f.Texts.Zone(zone(name), now), Selected: name == chosen})
	}
	return out
}
