package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// The groups of operations in the document.
const (
	tagSearch    = "search"
	tagProfiles  = "profiles"
	tagWorks     = "works"
	tagOrders    = "orders"
	tagLicences  = "licences"
	tagMoney     = "money"
	tagInquiries = "inquiries"
	tagInbox     = "inbox"
	tagOwn       = "me"
)

const about = `Search a board, keep your own profile and services, license works, and talk with those you learn from or teach.

- A token is made on the page /me/settings, or by ` + "`oduvan account create HANDLE --json`" + `. Send it as ` + "`Authorization: Bearer odt_…`" + `. Reading what is public needs none.
- Bodies are JSON in UTF-8, up to 1 MiB. Unknown fields and unknown query parameters are refused.
- Money is in minor units with a currency; times are RFC 3339 in UTC; a list repeats its query key for several values.
- Every error is a problem (RFC 9457) with a stable ` + "`code`" + ` and the fields at fault. Its texts follow Accept-Language (ru, en).
- Limits: by account, or by neighbourhood of addresses without a token. RateLimit-Policy tells quota (q) and window in seconds (w); over it the answer is 429 with Retry-After.
- Public reading is open to pages of any origin (CORS), without credentials. Everything else is not for browsers' scripts of other origins.
- What two people write to each other is theirs: to everybody else, moderators too, it is 404.
- A public change is found by search within two seconds.`

// describe is the document's frame and huma's settings. huma's own pages stay
// off: its documentation loads a script from another host.
func (a *API) describe() huma.Config {
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: decode}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Oduvan", Version: "1", Description: about,
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}},
			Servers: []*huma.Server{{URL: a.URL + prefix, Description: "This branch"}},
			Tags: []*huma.Tag{
				{Name: tagSearch, Description: "Find tutors, creators, services and works"},
				{Name: tagProfiles, Description: "Read public profiles"},
				{Name: tagWorks, Description: "Register works, gather the grounds on which their parts may be licensed, and offer licences"},
				{Name: tagOrders, Description: "Buy from each other: money goes between the two of you, and the board writes down what you say of it"},
				{Name: tagLicences, Description: "Commercial licences with a term, and their certificates"},
				{Name: tagMoney, Description: "What the board tells everybody of money: that none passes through it, and the central fund's books"},
				{Name: tagInquiries, Description: "Ask a tutor for help and write to each other; nobody but the two of you learns that you did"},
				{Name: tagInbox, Description: "What you are told, and how"},
				{Name: tagOwn, Description: "Your own account, profile and services"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{securityName: {Type: "http", Scheme: "bearer", BearerFormat: "odt_…",
					Description: "An API token of an account, good for a year, shown once when it is made"}},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format}, // "json" stands for every media type ending in +json
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{a.translate},
	}
}

// finish writes the document and the page once all routes stand in it.
func (a *API) finish() error {
	doc := a.huma.OpenAPI()
	for _, name := range []string{"ErrorModel", "ErrorDetail"} { // huma's own, which never leave here
		delete(doc.Components.Schemas.Map(), name)
	}
	compact, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("api: document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		return fmt.Errorf("api: document: %w", err)
	}
	out.WriteByte('\n')
	a.document = out.Bytes()
	a.docs, a.links, a.brands = map[string][]byte{}, map[string][]byte{}, map[string]string{}
	for _, lang := range []string{english, russian} {
		if a.docs[lang], err = a.page(lang); err != nil {
			return fmt.Errorf("api: page: %w", err)
		}
	}
	return nil
}

// Document is the OpenAPI document, the same bytes for the same program and address.
func (a *API) Document() []byte { return bytes.Clone(a.document) }

func (a *API) serveDocument(c *gin.Context, _ *request) error {
	open(c.Writer.Header())
	c.Data(http.StatusOK, "application/openapi+json; version=3.1", a.document)
	return nil
}
