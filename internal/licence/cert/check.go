package cert

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/internal/money"
)

// The bounds of what a certificate says.
const (
	maxText     = 500  // runes of a title or a party's words
	maxLine     = 1000 // runes of the attribution line
	maxURL      = 2000
	maxGrace    = 365
	maxLearners = 1_000_000
	maxLists    = 1_000_000
)

var (
	grantID    = regexp.MustCompile(`^L-[0-9A-HJKMNP-TV-Z]{10}$`)
	token      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	commitment = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	territory  = regexp.MustCompile(`^[A-Z]{2}$`)
)

// IsID tells whether the word can be a licence's id.
func IsID(word string) bool { return grantID.MatchString(word) }

// Check says what is wrong with the facts, each fact once, or nothing. Facts
// that pass are in their Canonical form, and only they become a certificate.
func (f Facts) Check() error {
	return errors.Join(f.checkParties(), f.checkWork(), f.checkScope(), f.checkTerm(), f.checkPrice(), f.checkPlace())
}

func (f Facts) checkParties() error {
	return errors.Join(
		wrong(!IsID(f.ID), "id"),
		wrong(!isOrigin(f.Issuer), "issuer"),
		wrong(!isText(f.Licensor, maxText), "licensor"),
		wrong(!isText(f.Licensee, maxText), "licensee"),
		wrong(f.NameCommitment != "" && !isCommitment(f.NameCommitment), "name_commitment"),
	)
}

func (f Facts) checkWork() error {
	return errors.Join(
		wrong(!token.MatchString(f.WorkID), "work_id"),
		wrong(!isText(f.WorkTitle, maxText), "work_title"),
		wrong(!isText(f.WorkVersion, maxText), "work_version"),
		wrong(!isAddress(f.WorkURL), "work_url"),
		wrong(f.WorkSHA256 != "" && !isSHA256(f.WorkSHA256), "work_sha256"),
		wrong(!token.MatchString(f.BaseLicence), "base_licence"),
		wrong(!isText(f.Attribution, maxLine), "attribution"),
	)
}

func (f Facts) checkScope() error {
	known, ordered := Uses(), f.Canonical()
	uses := len(f.Uses) > 0 && slices.Equal(f.Uses, ordered.Uses)
	for _, u := range f.Uses {
		uses = uses && slices.Contains(known, u)
	}
	places := len(f.Territory) > 0 && slices.Equal(f.Territory, ordered.Territory) &&
		(len(f.Territory) == 1 || !slices.Contains(f.Territory, Worldwide))
	for _, t := range f.Territory {
		places = places && territory.MatchString(t)
	}
	return errors.Join(
		wrong(!uses, "uses"),
		wrong(!slices.Contains(Channels(), f.Channel), "channel"),
		wrong(!places, "territory"),
		wrong(f.Learners < 0 || f.Learners > maxLearners, "learners"),
	)
}

func (f Facts) checkTerm() error {
	length := f.ValidUntil.Sub(f.ValidFrom)
	return errors.Join(
		wrong(!isInstant(f.PaidAt), "paid_at"),
		wrong(!isInstant(f.ValidFrom) || f.ValidFrom.Before(f.PaidAt), "valid_from"),
		wrong(!isInstant(f.ValidUntil) || length <= 0 || length > MaxDays*24*time.Hour, "valid_until"),
		wrong(!f.KeepPublished, "keep_published"),
		wrong(f.GraceDays < 0 || f.GraceDays > maxGrace, "grace_days"),
		wrong(f.Previous != "" && (!IsID(f.Previous) || f.Previous == f.ID || f.Chain == ""), "previous"),
		wrong(f.Chain != "" && !token.MatchString(f.Chain), "chain"),
	)
}

func (f Facts) checkPrice() error {
	_, err := money.New(f.Price.Minor, f.Price.Currency)
	free := f.Price == money.Amount{}
	return errors.Join(
		wrong(err != nil && !free, "price"),
		wrong(!token.MatchString(f.OrderID), "order_id"),
		wrong(!token.MatchString(f.TermsVersion), "terms_version"),
		wrong(!isSHA256(f.TermsSHA256), "terms_sha256"),
		wrong(!isAddress(f.TermsURL), "terms_url"),
	)
}

func (f Facts) checkPlace() error {
	return errors.Join(
		wrong(f.StatusList < 0 || f.StatusList > maxLists, "status_list"),
		wrong(f.StatusIndex < 0 || f.StatusIndex >= Entries, "status_index"),
	)
}

func wrong(is bool, what string) error {
	if is {
		return fmt.Errorf("cert: %s is missing or cannot be said", what)
	}
	return nil
}

// isOrigin takes https://host, and http on this machine for a branch that is
// being tried out.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURL || u.Host == "" || u.Scheme+"://"+u.Host != text {
		return false
	}
	local := u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost") || u.Hostname() == "127.0.0.1"
	return u.Scheme == "https" || u.Scheme == "http" && local
}

func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxURL && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && isText(text, maxURL)
}

// isText takes one line of visible text.
func isText(text string, most int) bool {
	if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > most || strings.TrimSpace(text) != text {
		return false
	}
	// An invisible direction mark could make a scope read backwards.
	return !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
	})
}

func isSHA256(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == 32 && strings.ToLower(text) == text
}

// isCommitment takes exactly the texts that 32 bytes are written as.
func isCommitment(text string) bool {
	raw, err := decode64(text)
	return err == nil && len(raw) == 32 && commitment.MatchString(text)
}

// isInstant takes what RFC 3339 writes and reads back as the same time.
func isInstant(t time.Time) bool {
	return !t.IsZero() && t.Location() == time.UTC && t.Nanosecond() == 0 && t.Year() >= 2000 && t.Year() <= 9999
}
