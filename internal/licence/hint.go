package licence

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/internal/db"
)

// The bounds of a hint: a shorter title would be found in every text, and a
// longer list is no hint any more.
const (
	hintTitle = 8 // characters
	hintMost  = 5
)

// Unlicensed finds the works under a non-commercial licence that the text of a
// paid service names, by title or address, and for whose commercial use its
// account holds no valid licence: a hint for its owner, not a verdict. Works of
// the account itself are not named.
func (l *Licences) Unlicensed(ctx context.Context, accountID, text string) (out []Work, err error) {
	plain := plain(text)
	if plain == "" {
		return nil, nil
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		var all []Work
		held := tx.NewSelect().Model((*Grant)(nil)).ColumnExpr("1").Where("g.work_id = w.id AND g.buyer_id = ? AND g.state = ?", accountID, Active).
			Where("g.valid_from <= ? AND g.valid_until > ?", tx.Now, tx.Now)
		err := tx.NewSelect().Model(&all).Where("w.state = ? AND (w.account_id IS NULL OR w.account_id <> ?) AND w.base_licence LIKE '%-NC-%'", WorkPublished, accountID).
			Where("NOT EXISTS (?)", held).OrderExpr("w.id").Scan(ctx)
		for _, w := range all {
			if len(out) < hintMost && named(plain, text, &w) {
				out = append(out, w)
			}
		}
		return err
	})
	return out, err
}

// named tells whether a text names a work.
func named(plainText, text string, w *Work) bool {
	if address := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(w.URL, "https://"), "http://"), "/"); address != "" && has(text, address) {
		return true
	}
	title := strings.TrimSpace(plain(w.Title))
	return utf8.RuneCountInString(title) >= hintTitle && strings.Contains(plainText, " "+title+" ")
}

// has finds an address that does not go on: example.org/a is not in
// example.org/abc.
func has(text, address string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], address)
		if i < 0 {
			return false
		}
		from += i + len(address)
		next, _ := utf8.DecodeRuneInString(text[from:])
		if next == utf8.RuneError || next != '-' && next != '_' && !unicode.IsLetter(next) && !unicode.IsDigit(next) {
			return true
		}
	}
}

// plain is a text's words in lower case, each between two spaces.
func plain(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '+' && r != '#' })
	if len(words) == 0 {
		return ""
	}
	return " " + strings.Join(words, " ") + " "
}
