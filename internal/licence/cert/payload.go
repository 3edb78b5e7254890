package cert

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // what RFC 9562 makes a version 5 id with; nothing relies on its strength
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/tmoeg/oduvan/internal/money"
)

// The fixed words of a certificate.
const (
	contextVC   = "https://www.w3.org/ns/credentials/v2"
	contextOpen = "https://www.w3.org/ns/credentials/undefined-terms/v2" // gives our own words a meaning of their own
	typeVC      = "VerifiableCredential"
	typeLicence = "CommercialLicenceCredential"
	purposeSold = "commercial"
	schemaPath  = "/schemas/licence.json"
	statusPath  = "/licences/status/"
)

// credential is the payload: what a certificate says, in the order in which it
// says it. Exclusive and its sisters are written from constants.
type credential struct {
	Context []string   `json:"@context"`
	ID      string     `json:"id"`
	Type    []string   `json:"type"`
	Issuer  string     `json:"issuer"`
	Iat     int64      `json:"iat"`
	From    time.Time  `json:"validFrom"`
	Until   time.Time  `json:"validUntil"`
	Subject subject    `json:"credentialSubject"`
	Status  []entry    `json:"credentialStatus"`
	Terms   terms      `json:"termsOfUse"`
	Schema  typedThing `json:"credentialSchema"`
}

type subject struct {
	Licence     string   `json:"licence"`
	VerifyAt    string   `json:"verifyAt"`
	Licensor    party    `json:"licensor"`
	Licensee    party    `json:"licensee"`
	Work        work     `json:"work"`
	Scope       scope    `json:"scope"`
	Attribution string   `json:"attribution"`
	Exclusive   bool     `json:"exclusive"`
	Sub         bool     `json:"sublicensable"`
	Transfer    bool     `json:"transferable"`
	AfterEnd    afterEnd `json:"afterEnd"`
	Price       price    `json:"price"`
	Order       string   `json:"order"`
	PaidAt      string   `json:"paidAt"`
	Renewal     *renewal `json:"renewal,omitempty"`
}

type party struct {
	Name       string `json:"name"`
	Commitment string `json:"nameCommitment,omitempty"`
}

type work struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Version string `json:"version"`
	URL     string `json:"url"`
	SHA256  string `json:"sha256,omitempty"`
	Base    string `json:"baseLicence"`
}

type scope struct {
	Purpose   string   `json:"purpose"`
	Uses      []Use    `json:"uses"`
	Channel   string   `json:"channel"`
	Territory []string `json:"territory"`
	Learners  int      `json:"learners"`
}

type afterEnd struct {
	Keep      bool `json:"keepPublished"`
	NewCopies bool `json:"newCopies"`
	GraceDays int  `json:"graceDays"`
}

type price struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type renewal struct {
	Previous string `json:"previous,omitempty"`
	Chain    string `json:"chain,omitempty"`
}

// entry is a BitstringStatusListEntry; the index is text by the standard.
type entry struct {
	ID      string  `json:"id"`
	Type    string  `json:"type"`
	Purpose Purpose `json:"statusPurpose"`
	Index   string  `json:"statusListIndex"`
	List    string  `json:"statusListCredential"`
}

type terms struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

type typedThing struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// payload writes the facts as a verifiable credential.
func (f Facts) payload() ([]byte, error) {
	c := credential{
		Context: []string{contextVC, contextOpen}, ID: "urn:uuid:" + uuidOf(f.VerifyURL()), Type: []string{typeVC, typeLicence},
		Issuer: f.Issuer, Iat: f.PaidAt.Unix(), From: f.ValidFrom, Until: f.ValidUntil,
		Subject: subject{
			Licence: f.ID, VerifyAt: f.VerifyURL(), Licensor: party{Name: f.Licensor}, Licensee: party{Name: f.Licensee, Commitment: f.NameCommitment},
			Work:        work{f.WorkID, f.WorkTitle, f.WorkVersion, f.WorkURL, f.WorkSHA256, f.BaseLicence},
			Scope:       scope{purposeSold, f.Uses, f.Channel, f.Territory, f.Learners},
			Attribution: f.Attribution, AfterEnd: afterEnd{Keep: f.KeepPublished, GraceDays: f.GraceDays},
			Price: price{f.Price.Minor, f.Price.Currency}, Order: f.OrderID, PaidAt: f.PaidAt.Format(time.RFC3339),
		},
		Terms:  terms{f.TermsURL, "CommercialLicenceTerms", f.TermsVersion, f.TermsSHA256},
		Schema: typedThing{f.Issuer + schemaPath, "JsonSchema"},
	}
	if f.Previous != "" || f.Chain != "" {
		c.Subject.Renewal = &renewal{f.Previous, f.Chain}
	}
	for _, list := range []int{RevocationList(f.StatusList), SuspensionList(f.StatusList)} {
		address, index := StatusURL(f.Issuer, list), strconv.Itoa(f.StatusIndex)
		c.Status = append(c.Status, entry{address + "#" + index, "BitstringStatusListEntry", PurposeOf(list), index, address})
	}
	return write(c)
}

// facts reads a payload back; the caller compares what payload makes of them
// with what was read, so whatever is not read here is not believed either.
func (c *credential) facts() (Facts, error) {
	f := Facts{
		ID: c.Subject.Licence, Issuer: c.Issuer, Licensor: c.Subject.Licensor.Name, Licensee: c.Subject.Licensee.Name,
		WorkID: c.Subject.Work.ID, WorkTitle: c.Subject.Work.Title, WorkVersion: c.Subject.Work.Version, WorkURL: c.Subject.Work.URL,
		WorkSHA256: c.Subject.Work.SHA256, BaseLicence: c.Subject.Work.Base,
		Uses: c.Subject.Scope.Uses, Channel: c.Subject.Scope.Channel, Territory: c.Subject.Scope.Territory, Learners: c.Subject.Scope.Learners,
		Attribution: c.Subject.Attribution, NameCommitment: c.Subject.Licensee.Commitment,
		ValidFrom: c.From, ValidUntil: c.Until, PaidAt: time.Unix(c.Iat, 0).UTC(),
		Price: money.Amount{Minor: c.Subject.Price.Amount, Currency: c.Subject.Price.Currency}, OrderID: c.Subject.Order,
		TermsVersion: c.Terms.Version, TermsSHA256: c.Terms.SHA256, TermsURL: c.Terms.ID,
		KeepPublished: c.Subject.AfterEnd.Keep, GraceDays: c.Subject.AfterEnd.GraceDays,
	}
	if r := c.Subject.Renewal; r != nil {
		f.Previous, f.Chain = r.Previous, r.Chain
	}
	if len(c.Status) != 2 {
		return Facts{}, fmt.Errorf("cert: %d status entries instead of 2", len(c.Status))
	}
	list, ok := listOf(c.Issuer, c.Status[0].List)
	if !ok {
		return Facts{}, fmt.Errorf("cert: %q is not a status list of %s", c.Status[0].List, c.Issuer)
	}
	index, err := strconv.Atoi(c.Status[0].Index)
	if err != nil {
		return Facts{}, fmt.Errorf("cert: status index: %w", err)
	}
	f.StatusList, f.StatusIndex = (list-1)/2, index
	return f, nil
}

// read takes a payload apart and demands that it is written as we write it.
func read(payload []byte) (Facts, error) {
	var c credential
	if err := json.Unmarshal(payload, &c); err != nil {
		return Facts{}, fmt.Errorf("cert: the payload is not a licence: %w", err)
	}
	f, err := c.facts()
	if err != nil {
		return Facts{}, err
	}
	if err := f.Check(); err != nil {
		return Facts{}, err
	}
	again, err := f.payload()
	if err != nil {
		return Facts{}, err
	}
	if !bytes.Equal(again, payload) {
		return Facts{}, fmt.Errorf("cert: the payload is not written as this program writes a licence")
	}
	return f, nil
}

// write is JSON without escapes that only HTML needs: people read certificates.
func write(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("cert: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// uuidOf is the RFC 9562 version 5 id of an address, so that the same licence
// has the same id for whoever works it out.
func uuidOf(address string) string {
	space := [16]byte{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8} // URLs
	sum := sha1.Sum(append(space[:], address...))                                                                     //nolint:gosec // see above
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
