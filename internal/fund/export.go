package fund

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/money"
)

// The file of the books, in JSON. Amounts are minor units of their currency;
// what left the fund is negative.
type (
	// Book is all that is public of the fund.
	Book struct {
		Licence      string            `json:"licence"`
		LicenceURL   string            `json:"licence_url"`
		At           time.Time         `json:"at"`
		Head         Head              `json:"head"`
		HashIs       string            `json:"hash_is"` // how to check
		Balances     []Balance         `json:"balances"`
		Goals        []BookGoal        `json:"goals"`
		Destinations []BookDestination `json:"destinations"`
		Entries      []BookEntry       `json:"entries"` // the oldest first
	}
	// BookGoal is one goal.
	BookGoal struct {
		ID       string `json:"id"`
		Title    string `json:"title"`
		About    string `json:"about"`
		Amount   int64  `json:"amount"`
		Raised   int64  `json:"raised"`
		Currency string `json:"currency"`
		State    string `json:"state"`
		OpenedOn string `json:"opened_on"`
		EndsOn   string `json:"ends_on,omitempty"`
		ClosedOn string `json:"closed_on,omitempty"`
	}
	// BookDestination is one place where the fund takes gifts, or took them.
	BookDestination struct {
		ID          string `json:"id"`
		Kind        Form   `json:"kind"`
		Text        string `json:"text"`
		Label       string `json:"label"`
		State       string `json:"state"`
		PublishedOn string `json:"published_on"`
		EndedOn     string `json:"ended_on,omitempty"`
	}
	// BookEntry is one entry.
	BookEntry struct {
		Seq          int64  `json:"seq"`
		Day          string `json:"day"`
		Kind         Kind   `json:"kind"`
		Amount       int64  `json:"amount"`
		Currency     string `json:"currency"`
		Channel      string `json:"channel"`
		Goal         string `json:"goal"`
		Giver        string `json:"giver"`
		Category     string `json:"category"`
		Purpose      string `json:"purpose"`
		GiverIsPayee bool   `json:"giver_is_payee"`
		Reverses     int64  `json:"reverses,omitempty"`
		Reason       string `json:"reason"`
		RecordedOn   string `json:"recorded_on"`
		PrevHash     string `json:"prev_hash"`
		Hash         string `json:"hash"`
	}
)

const hashIs = "SHA-256 in hex of prev_hash, a line feed, and a JSON array of texts without spaces: seq, day, kind, amount, currency, " +
	"channel, goal, giver, category, purpose, giver_is_payee (true or false), reverses (or an empty text), reason, recorded_on"

// Book reads all that is public of the fund, at one instant.
func (f *Fund) Book(ctx context.Context) (out Book, err error) {
	err = f.db.Read(ctx, func(tx *db.Tx) error {
		out, err = book(ctx, tx)
		return err
	})
	return out, err
}

func book(ctx context.Context, tx *db.Tx) (Book, error) {
	out := Book{Licence: Licence, LicenceURL: LicenceURL, At: tx.Now, HashIs: hashIs, Head: Head{Hash: Genesis},
		Goals: []BookGoal{}, Destinations: []BookDestination{}, Entries: []BookEntry{}}
	var rows []Entry
	if err := tx.NewSelect().Model(&rows).OrderExpr("seq").Scan(ctx); err != nil {
		return out, err
	}
	for _, e := range rows {
		out.Head = Head{Seq: e.Seq, Hash: e.Hash}
		out.Entries = append(out.Entries, BookEntry{Seq: e.Seq, Day: db.Date(e.Day), Kind: e.Kind, Amount: e.Amount, Currency: e.Currency,
			Channel: e.Channel, Goal: e.GoalID, Giver: e.Giver, Category: e.Category, Purpose: e.Purpose, GiverIsPayee: e.GiverIsPayee,
			Reverses: e.Reverses, Reason: e.Reason, RecordedOn: db.Date(e.RecordedOn), PrevHash: e.PrevHash, Hash: e.Hash})
	}
	all, err := goals(ctx, tx)
	if err != nil {
		return out, err
	}
	for _, g := range all {
		out.Goals = append(out.Goals, BookGoal{ID: g.ID, Title: g.Title, About: g.About, Amount: g.Amount, Raised: g.Raised, Currency: g.Currency,
			State: g.State, OpenedOn: db.Date(g.OpenedOn), EndsOn: db.Date(g.EndsOn), ClosedOn: db.Date(g.ClosedOn)})
	}
	places, err := destinations(ctx, tx)
	if err != nil {
		return out, err
	}
	for _, d := range places {
		out.Destinations = append(out.Destinations, BookDestination{ID: d.ID, Kind: d.Kind, Text: d.Text, Label: d.Label, State: d.State,
			PublishedOn: db.Date(d.PublishedOn), EndedOn: db.Date(d.EndedOn)})
	}
	out.Balances, err = balances(ctx, tx)
	return out, err
}

// JSON is the file of the books, under Licence. It is made whole before it is
// sent, so that a slow reader holds no view of the database.
func (f *Fund) JSON(ctx context.Context) ([]byte, error) {
	b, err := f.Book(ctx)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(b)
	return out.Bytes(), err
}

// CSV is the entries as a table, under Licence: the same fields in the same
// order as in the checksum, then both checksums, then the amount as people
// write it. A text that a spreadsheet would run as a formula gets an
// apostrophe.
func (f *Fund) CSV(ctx context.Context) ([]byte, error) {
	b, err := f.Book(ctx)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	rows := [][]string{{"seq", "day", "kind", "amount_minor", "currency", "channel", "goal", "giver", "category", "purpose",
		"giver_is_payee", "reverses", "reason", "recorded_on", "prev_hash", "hash", "amount"}}
	for _, e := range b.Entries {
		reverses := ""
		if e.Reverses != 0 {
			reverses = strconv.FormatInt(e.Reverses, 10)
		}
		rows = append(rows, []string{strconv.FormatInt(e.Seq, 10), e.Day, string(e.Kind), strconv.FormatInt(e.Amount, 10), e.Currency, e.Channel,
			e.Goal, inert(e.Giver), e.Category, inert(e.Purpose), strconv.FormatBool(e.GiverIsPayee), reverses, inert(e.Reason), e.RecordedOn,
			e.PrevHash, e.Hash, decimal(e.Amount, e.Currency)})
	}
	err = w.WriteAll(rows)
	return out.Bytes(), err
}

// decimal writes an amount with a point and all its decimals: -1500.50.
func decimal(minor int64, currency string) string {
	minus, n := "", money.Decimals(currency)
	if minor < 0 {
		minus, minor = "-", -minor
	}
	text := strconv.FormatInt(minor, 10)
	if n == 0 {
		return minus + text
	}
	if len(text) <= n {
		text = strings.Repeat("0", n+1-len(text)) + text
	}
	return minus + text[:len(text)-n] + "." + text[len(text)-n:]
}
