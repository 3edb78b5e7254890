package licence

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

// Entry is one licence in a seller's register. It knows the licensee only by
// the pseudonym of that licence.
type Entry struct {
	ID          string     `json:"id"`
	OrderID     string     `json:"order_id"`
	Previous    string     `json:"previous,omitempty"` // the licence that it renews
	WorkID      string     `json:"work_id"`
	WorkTitle   string     `json:"work_title"`
	WorkVersion string     `json:"work_version"`
	Licensee    string     `json:"licensee"`
	Uses        []string   `json:"uses"`
	Channel     string     `json:"channel"`
	Territory   []string   `json:"territory"`
	Learners    int        `json:"learners"` // 0 is no limit
	Amount      int64      `json:"amount"`   // minor units
	Currency    string     `json:"currency"`
	PaidAt      time.Time  `json:"paid_at"`
	ValidFrom   time.Time  `json:"valid_from"`
	ValidUntil  time.Time  `json:"valid_until"`
	State       GrantState `json:"state"`
	Word        string     `json:"word"` // what it is worth when the register is read, see package cert
	Ground      Ground     `json:"ground,omitempty"`
	RevokedAt   *time.Time `json:"revoked_at,omitempty"`
}

// registerColumns are the head of the CSV.
var registerColumns = [...]string{"id", "order_id", "previous", "work_id", "work_title", "work_version", "licensee", "uses", "channel", "territory",
	"learners", "amount", "currency", "paid_at", "valid_from", "valid_until", "state", "word", "ground", "revoked_at"}

// WriteRegisterCSV writes entries as CSV (RFC 4180) with a head. Amounts are
// in minor units, times RFC 3339. A cell that a spreadsheet would take for a
// formula begins with an apostrophe.
func WriteRegisterCSV(w io.Writer, entries []Entry) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write(registerColumns[:]); err != nil {
		return err
	}
	for _, e := range entries {
		revoked := ""
		if e.RevokedAt != nil {
			revoked = e.RevokedAt.UTC().Format(time.RFC3339)
		}
		row := []string{e.ID, e.OrderID, e.Previous, e.WorkID, e.WorkTitle, e.WorkVersion, e.Licensee, strings.Join(e.Uses, " "), e.Channel,
			strings.Join(e.Territory, " "), strconv.Itoa(e.Learners), strconv.FormatInt(e.Amount, 10), e.Currency,
			e.PaidAt.UTC().Format(time.RFC3339), e.ValidFrom.UTC().Format(time.RFC3339), e.ValidUntil.UTC().Format(time.RFC3339),
			string(e.State), e.Word, string(e.Ground), revoked}
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// harmless keeps a spreadsheet from running a cell: it would be read as a
// formula by its first character, also where that is written full width.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(cell)[0]) {
		return "'" + cell
	}
	return cell
}

// WriteRegisterJSON writes entries as one JSON list.
func WriteRegisterJSON(w io.Writer, entries []Entry) error {
	if entries == nil {
		entries = []Entry{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(entries)
}
