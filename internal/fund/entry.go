package fund

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/money"
)

// The bounds of texts, in characters.
const (
	MaxGiver   = 200
	MaxPurpose = 300
	MaxReason  = 300
)

// Genesis is what stands for the checksum before the first entry.
const Genesis = "0000000000000000000000000000000000000000000000000000000000000000"

// Input is what an operator writes down. Amount is what came or went, always
// above zero.
type Input struct {
	Kind         Kind
	Amount       money.Amount
	Day          time.Time // of the payment; zero: today
	Channel      string    // one of Channels
	Goal         string    // of crowdfunding
	Giver        string    // of a subsidy: the organisation
	Conditions   string    // of a subsidy, in the giver's words: anything here refuses it
	Category     string    // of an expense, one of Categories
	Purpose      string    // of an expense
	GiverIsPayee bool      // the giver also sells on the board
	Head         string    // checksum of the last entry that the writer saw; empty: whatever it is
}

// Record writes an entry. It needs an operator. Faults: Unauthenticated,
// Forbidden; Invalid by field: fund_kind (kind), required, those of money
// (amount), fund_day (day), fund_channel (channel), fund_names_nobody (giver),
// fund_subsidy_conditional (conditions), fund_category (category),
// fund_advertising (category, purpose), fund_order_reference, fund_contact,
// too_long (giver, purpose), fund_expense_only (category, purpose),
// fund_gift_only (payee), fund_goal_without_collection (goal),
// fund_goal_currency (amount); NotFound fund_goal_unknown; Conflict
// fund_goal_closed, fund_moved when the books went on since Head.
func (f *Fund) Record(ctx context.Context, by account.Actor, in Input) (out Entry, err error) {
	if err := need(by); err != nil {
		return Entry{}, err
	}
	row, err := entry(in)
	if err != nil {
		return Entry{}, err
	}
	err = f.db.Write(ctx, func(tx *db.Tx) error {
		out = row
		if out.Day.IsZero() {
			out.Day = tx.Today()
		}
		if out.Day.After(tx.Today().AddDate(0, 0, 1)) || out.Day.Before(firstDay) { // a day ahead of UTC is today somewhere
			return fault.Bad("day", "fund_day")
		}
		head, err := f.lock(ctx, tx)
		if err != nil {
			return err
		}
		if in.Head != "" && in.Head != head.Hash {
			return fault.Of(fault.Conflict, "fund_moved")
		}
		if err := goalTakes(ctx, tx, out); err != nil {
			return err
		}
		return chain(ctx, tx, head, &out)
	})
	if err != nil {
		return Entry{}, err
	}
	return out, nil
}

// firstDay is before any community of ours.
var firstDay = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

// entry makes the row of an input, or says all that is wrong with it.
func entry(in Input) (Entry, error) {
	row := Entry{Kind: in.Kind, Currency: in.Amount.Currency, Channel: in.Channel, GoalID: in.Goal, GiverIsPayee: in.GiverIsPayee,
		Category: in.Category, Giver: tidy(in.Giver), Purpose: tidy(in.Purpose)}
	if !in.Day.IsZero() {
		row.Day = db.Day(in.Day)
	}
	var bad fault.Fields
	if !slices.Contains(Kinds(), in.Kind) {
		bad.Add(fault.Bad("kind", "fund_kind"))
	}
	bad.Add(amountOf(in.Amount))
	if !slices.Contains(Channels(), in.Channel) {
		bad.Add(fault.Bad("channel", "fund_channel"))
	}
	switch {
	case in.Kind == Crowdfunding && in.Goal == "":
		bad.Add(fault.Bad("goal", "required"))
	case in.Kind != Crowdfunding && in.Goal != "":
		bad.Add(fault.Bad("goal", "fund_goal_without_collection"))
	}
	bad.Add(giverOf(in.Kind, row.Giver))
	if strings.TrimSpace(in.Conditions) != "" {
		bad.Add(fault.Bad("conditions", "fund_subsidy_conditional"))
	}
	for _, e := range spent(in, row) {
		bad.Add(e)
	}
	row.Amount = in.Amount.Minor
	if in.Kind == Expense {
		row.Amount = -row.Amount
	}
	return row, bad.Err()
}

func amountOf(a money.Amount) *fault.Error {
	if _, err := money.New(a.Minor, a.Currency); err != nil {
		e := *fault.All(err)[0]
		e.Field = "amount"
		return &e
	}
	if a.Minor == 0 {
		return fault.Bad("amount", "required")
	}
	return nil
}

func giverOf(kind Kind, giver string) *fault.Error {
	switch {
	case kind != Subsidy && giver != "":
		return fault.Bad("giver", "fund_names_nobody")
	case kind != Subsidy:
		return nil
	case giver == "":
		return fault.Bad("giver", "required")
	}
	return plain("giver", giver, MaxGiver)
}

// spent checks what only an expense has.
func spent(in Input, row Entry) (bad []*fault.Error) {
	if in.Kind != Expense {
		if in.Category != "" {
			bad = append(bad, fault.Bad("category", "fund_expense_only"))
		}
		if row.Purpose != "" {
			bad = append(bad, fault.Bad("purpose", "fund_expense_only"))
		}
		return bad
	}
	switch {
	case in.Category == "advertising":
		bad = append(bad, fault.Bad("category", "fund_advertising"))
	case !slices.Contains(Categories(), in.Category):
		bad = append(bad, fault.Bad("category", "fund_category"))
	}
	switch {
	case row.Purpose == "":
		bad = append(bad, fault.Bad("purpose", "required"))
	case advertises(row.Purpose):
		bad = append(bad, fault.Bad("purpose", "fund_advertising"))
	default:
		bad = append(bad, plain("purpose", row.Purpose, MaxPurpose))
	}
	if in.GiverIsPayee {
		bad = append(bad, fault.Bad("payee", "fund_gift_only"))
	}
	return bad
}

// What advertising is called stands in a data file, in several languages.
//
//go:embed words.txt
var advertisingFile string

// advertises tells that a purpose names advertising at the beginning of a word.
// It keeps an honest operator from a mistake; the public books do the rest.
func advertises(purpose string) bool {
	text := " " + strings.Join(strings.FieldsFunc(strings.ToLower(purpose), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
	for word := range strings.Lines(advertisingFile) {
		if word = strings.TrimSpace(word); word != "" && word[0] != '#' && strings.Contains(text, " "+word) {
			return true
		}
	}
	return false
}

// reference finds what names an order or a licence: a number of a row, a
// licence's number, or nine signs of an order's code with digits and letters.
var (
	reference = regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\bL-[0-9A-HJKMNP-TV-Z]{10}\b`)
	orderCode = regexp.MustCompile(`(?i)(?:^|[^\pL\pN])([0-9A-HJKMNP-TV-Z]{4}[- ]?[0-9A-HJKMNP-TV-Z]{4}[- ]?[0-9A-Z*~$=])(?:$|[^\pL\pN])`)
)

func refers(text string) bool {
	if reference.MatchString(text) {
		return true
	}
	for _, m := range orderCode.FindAllStringSubmatch(text, -1) {
		digits := strings.IndexFunc(m[1], unicode.IsDigit) >= 0
		if digits && strings.IndexFunc(m[1], unicode.IsLetter) >= 0 {
			return true
		}
	}
	return false
}

// plain refuses texts that are too long or say what the books never say.
func plain(field, text string, most int) *fault.Error {
	switch {
	case utf8.RuneCountInString(text) > most:
		return fault.Bad(field, "too_long").With("Max", most)
	case refers(text):
		return fault.Bad(field, "fund_order_reference")
	case len(markup.Contacts(text)) > 0:
		return fault.Bad(field, "fund_contact")
	}
	return nil
}

// tidy is a text on one line without what cannot be seen.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.Join(strings.Fields(text), " ")
}

// Reverse writes the entry that undoes a mistaken one, as a whole. It needs an
// operator and a reason. Faults: Unauthenticated, Forbidden; Invalid required,
// too_long, fund_order_reference, fund_contact (field reason); NotFound
// fund_entry_unknown; Conflict fund_reversed when that was done already, or the
// entry is a reversal itself.
func (f *Fund) Reverse(ctx context.Context, by account.Actor, seq int64, reason string) (out Entry, err error) {
	if err := need(by); err != nil {
		return Entry{}, err
	}
	if reason = tidy(reason); reason == "" {
		return Entry{}, fault.Bad("reason", "required")
	}
	if e := plain("reason", reason, MaxReason); e != nil {
		return Entry{}, e
	}
	err = f.db.Write(ctx, func(tx *db.Tx) error {
		head, err := f.lock(ctx, tx)
		if err != nil {
			return err
		}
		if err := db.One(ctx, tx.NewSelect().Model(&out).Where("seq = ?", seq), fault.Of(fault.NotFound, "fund_entry_unknown")); err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*Entry)(nil)).Where("reverses = ?", seq).Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 || out.Reverses != 0 {
			return fault.Of(fault.Conflict, "fund_reversed")
		}
		out.Amount, out.Reverses, out.Reason = -out.Amount, seq, reason
		return chain(ctx, tx, head, &out)
	})
	if err != nil {
		return Entry{}, err
	}
	return out, nil
}

// lock makes writers follow each other and reads the last entry; of empty books
// it is number 0 with the checksum Genesis.
func (f *Fund) lock(ctx context.Context, tx *db.Tx) (Entry, error) {
	if f.db.Engine() == db.PostgreSQL {
		if _, err := tx.NewRaw("LOCK TABLE fund_entry IN SHARE ROW EXCLUSIVE MODE").Exec(ctx); err != nil {
			return Entry{}, err
		}
	}
	return last(ctx, tx)
}

func last(ctx context.Context, tx *db.Tx) (Entry, error) {
	var rows []Entry
	err := tx.NewSelect().Model(&rows).OrderExpr("seq DESC").Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return Entry{Hash: Genesis}, err
	}
	return rows[0], nil
}

// chain puts an entry behind the last one.
func chain(ctx context.Context, tx *db.Tx, head Entry, row *Entry) error {
	row.Seq, row.PrevHash, row.RecordedOn = head.Seq+1, head.Hash, tx.Today()
	row.Hash = Hash(*row)
	_, err := tx.NewInsert().Model(row).Exec(ctx)
	return err
}

// Hash is the checksum of an entry: SHA-256 in hex of the checksum before it, a
// line feed, and its fields as one JSON array of texts, without spaces and with
// every letter as itself. The order of the fields is that of the CSV file.
func Hash(e Entry) string {
	var b bytes.Buffer
	b.WriteString(e.PrevHash + "\n")
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(fields(e)) // texts only: it cannot fail
	sum := sha256.Sum256(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return hex.EncodeToString(sum[:])
}

// fields are what the checksum is of, as texts.
func fields(e Entry) []string {
	reverses := ""
	if e.Reverses != 0 {
		reverses = strconv.FormatInt(e.Reverses, 10)
	}
	return []string{strconv.FormatInt(e.Seq, 10), db.Date(e.Day), string(e.Kind), strconv.FormatInt(e.Amount, 10), e.Currency, e.Channel,
		e.GoalID, e.Giver, e.Category, e.Purpose, strconv.FormatBool(e.GiverIsPayee), reverses, e.Reason, db.Date(e.RecordedOn)}
}
