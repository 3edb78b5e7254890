package site

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/sheet"
	"github.com/tmoeg/oduvan/web"
)

// file answers with something to keep. What is public may be cached for a
// while, what is somebody's may not.
func (s *Site) file(c *gin.Context, name, media string, content []byte, public time.Duration) error {
	secureHeaders(c.Writer.Header())
	c.Header("Cache-Control", "private, no-store")
	if public > 0 {
		c.Header("Cache-Control", "public, max-age="+strconv.Itoa(int(public.Seconds())))
		c.Header("Access-Control-Allow-Origin", "*")
		c.Header("Cross-Origin-Resource-Policy", "cross-origin") // others check what we sign
	}
	c.Header("X-Robots-Tag", "noindex")
	if name != "" {
		c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	c.Data(http.StatusOK, media, content)
	return nil
}

// certificateFile is a licence's certificate, the compact JWS.
func (s *Site) certificateFile(c *gin.Context) error {
	g, jwt, err := s.certified(c, c.GetString(licenceID))
	if err != nil {
		return err
	}
	if jwt == "" {
		return errNoLicence
	}
	return s.file(c, g.ID+".jwt", "application/vc+jwt", []byte(jwt), 0)
}

// certificatePDF is the same to be printed, in the reader's language.
func (s *Site) certificatePDF(c *gin.Context) error {
	g, jwt, err := s.certified(c, c.GetString(licenceID))
	if err != nil {
		return err
	}
	if jwt == "" {
		return errNoLicence
	}
	x, err := g.Facts()
	if err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	content, err := sheet.PDF(s.printed(s.public(c, v), v, x, jwt))
	if err != nil {
		return err
	}
	return s.file(c, g.ID+".pdf", "application/pdf", content, 0)
}

// printed are the words of the paper.
func (s *Site) printed(f web.Frame, v *visit, x cert.Facts, jwt string) sheet.Certificate {
	brand := v.branch.Name
	if brand == "" {
		brand = f.T("brand.name")
	}
	price := x.Price.Format(f.Lang)
	if x.Price.IsZero() {
		price = f.T("licence.free")
	}
	p := licence.Public{Facts: x}
	out := sheet.Certificate{Lang: f.Lang, Dated: x.PaidAt, Brand: brand + " · " + s.URL.Host, Heading: f.T("licence.paper"), ID: x.ID,
		Summary:   f.T("licence.paper_summary", "title", x.WorkTitle, "from", f.Texts.Date(x.ValidFrom), "until", f.Texts.Date(x.ValidUntil)),
		WorkLabel: f.T("licence.paper_work"), Work: x.WorkTitle, WorkNote: f.T("licence.paper_note", "version", x.WorkVersion, "base", web.BaseName(x.BaseLicence)),
		FromLabel: f.T("licence.paper_from"), From: f.Texts.Moment(x.ValidFrom.UTC()), UntilLabel: f.T("licence.paper_until"), Until: f.Texts.Moment(x.ValidUntil.UTC()),
		TermNote: f.T("licence.paper_after", "date", f.Texts.Date(x.GraceUntil())),
		Rows: []sheet.Row{{Label: f.T("licence.paper_licensor"), Text: x.Licensor}, {Label: f.T("licence.paper_licensee"), Text: x.Licensee},
			{Label: f.T("licence.can"), Text: strings.Join(licenceCan(f, x), "; ")}, {Label: f.T("licence.paper_price"), Text: price},
			{Label: f.T("licence.paper_terms"), Text: x.TermsVersion + ", " + x.TermsURL}},
		AttributionLabel: f.T("licence.cite"), Attribution: x.Attribution,
		VerifyLabel: f.T("licence.paper_check"), Verify: []string{f.T("licence.paper_check_code"), f.T("licence.paper_check_file")},
		Link: x.VerifyURL(), QR: cert.PrintedURL(x, jwt), Notes: append(licenceEver(f, p), f.T("licence.paper_board"))}
	if x.WorkSHA256 != "" {
		out.Rows = append(out.Rows, sheet.Row{Label: f.T("licence.print"), Text: "sha256 " + x.WorkSHA256})
	}
	return out
}

// statusList is one of the signed lists of what is revoked or suspended.
func (s *Site) statusList(c *gin.Context) error {
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil {
		return fault.Of(fault.NotFound, "status_unknown")
	}
	jwt, err := s.Licences.StatusList(c.Request.Context(), n)
	if err != nil {
		return err
	}
	return s.file(c, "", "application/vc+jwt", []byte(jwt), 5*time.Minute)
}

// publicKeys are the keys by which certificates are checked.
func (s *Site) publicKeys(c *gin.Context) error {
	keys, err := s.Licences.PublicKeys()
	if err != nil {
		return err
	}
	content, err := cert.MarshalJWKS(keys)
	if err != nil {
		return err
	}
	return s.file(c, "", "application/jwk-set+json", content, 5*time.Minute)
}

func (s *Site) licenceSchema(c *gin.Context) error {
	return s.file(c, "", "application/schema+json", cert.Schema(), time.Hour)
}

// terms is the text of a version of the terms: a page in the reader's language,
// or with ".md" the file whose hash certificates name.
func (s *Site) terms(c *gin.Context) error {
	version, raw := strings.CutSuffix(c.Param("version"), ".md")
	text, hash, ok := web.Terms(version)
	if !ok {
		return fault.Of(fault.NotFound, "terms_unknown")
	}
	if raw {
		return s.file(c, version+".md", "text/markdown; charset=utf-8", text, time.Hour)
	}
	f, _, err := s.frameFor(c, "")
	if err != nil {
		return err
	}
	f.Title = f.T("terms.title", "version", version)
	s.indexable(&f, "/terms/"+version)
	return s.show(c, http.StatusOK, web.LicenceTerms(f, web.TermsPage{Title: f.Title, SHA256: hash, FileURL: "/terms/" + version + ".md",
		BodyHTML: markup.Document(inLanguage(string(text), f.Lang))}))
}

// inLanguage is the part of a bilingual text that is in the language, and all
// of it where the text has no such parts.
func inLanguage(text, lang string) string {
	parts := strings.Split(text, "\n# ")
	if len(parts) != 3 {
		return text
	}
	part := parts[2]
	if lang == web.Russian {
		part = parts[1]
	}
	_, body, _ := strings.Cut(part, "\n")
	return strings.TrimSuffix(strings.TrimSpace(body), "---")
}

// verifyBytes bounds the file of a licence.
const verifyBytes = 64 << 10

func (s *Site) verifyForm(c *gin.Context) error { return s.verifyPage(c, problems{}) }

func (s *Site) verifyPage(c *gin.Context, bad problems) error {
	f, _, err := s.frameFor(c, "licence.check_title")
	if err != nil {
		return err
	}
	status := http.StatusOK
	if len(bad.Summary) > 0 {
		status = http.StatusUnprocessableEntity
	} else {
		s.indexable(&f, "/verify")
	}
	return s.show(c, status, web.CheckFile(f, web.CheckFilePage{Action: "/verify", Troubles: bad.Summary, Bad: bad.of("file"), Command: "oduvan licence verify L-….jwt --jwks jwks.json"}))
}

// verifyFile checks what a stranger sends. It changes nothing and keeps
// nothing, so the form needs no token.
func (s *Site) verifyFile(c *gin.Context) error {
	content, err := fileOf(c)
	if err != nil {
		v, verr := s.visit(c)
		if verr != nil {
			return verr
		}
		return s.verifyPage(c, s.problems(s.public(c, v), err))
	}
	res, err := s.Licences.Verify(c.Request.Context(), []byte(strings.TrimSpace(string(content))))
	if err != nil {
		return err
	}
	f, _, err := s.frameFor(c, "licence.check_title")
	if err != nil {
		return err
	}
	f.NoIndex = true
	state := licenceState(res.Word)
	p := web.CheckFilePage{Action: "/verify", Result: state, Title: f.T("licence.is_" + state), Text: f.T("licence.says_" + state),
		Checks: checkRows(f, res.Checks, res.KeyID), Command: "oduvan licence verify L-….jwt --jwks jwks.json"}
	if x := res.Facts; x.ID != "" {
		if x.Issuer == strings.TrimSuffix(s.URL.String(), "/") {
			p.PageURL = licence.CheckPath(x.ID)
		}
		p.Facts = [][2]string{{f.T("licence.number"), x.ID}, {f.T("licence.paper_work"), x.WorkTitle + ", " + x.WorkVersion},
			{f.T("licence.paper_licensor"), x.Licensor}, {f.T("licence.paper_licensee"), x.Licensee},
			{f.T("licence.paper_from"), f.Texts.Moment(x.ValidFrom.UTC())}, {f.T("licence.paper_until"), f.Texts.Moment(x.ValidUntil.UTC())},
			{f.T("licence.can"), strings.Join(licenceCan(f, x), "; ")}}
	}
	return s.show(c, http.StatusOK, web.CheckFile(f, p))
}

// fileOf reads the one file of a form into memory.
func fileOf(c *gin.Context) ([]byte, error) {
	r := c.Request
	r.Body = http.MaxBytesReader(c.Writer, r.Body, verifyBytes)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fault.Bad("file", "file_missing")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, fault.Bad("file", "file_missing")
		}
		if err == nil && part.FormName() == "file" {
			var content []byte
			if content, err = io.ReadAll(part); err == nil && len(content) == 0 {
				return nil, fault.Bad("file", "file_missing")
			} else if err == nil {
				return content, nil
			}
		}
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, fault.Bad("file", "file_too_large")
		}
		if err != nil {
			return nil, fault.Bad("file", "file_missing")
		}
	}
}
