package demo

import (
	"context"
	_ "embed" // the works
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/secret"
)

//go:embed works.json
var worksFile []byte

// work is one made-up work as the file writes it. Prices are minor units by
// days.
type work struct {
	Handle    string   `json:"handle"`
	Title     string   `json:"title"`
	Kind      string   `json:"kind"`
	Label     string   `json:"label"`
	Summary   string   `json:"summary"`
	URL       string   `json:"url"`
	Base      string   `json:"base"`
	SHA256    string   `json:"sha256"`
	Languages []string `json:"languages"`
	Skills    []string `json:"skills"`
	Parts     []struct {
		Name    string `json:"name"`
		Part    string `json:"part"`
		Licence string `json:"licence"`
	} `json:"parts"`
	Offers []struct {
		Uses      []cert.Use       `json:"uses"`
		Channel   string           `json:"channel"`
		Territory []string         `json:"territory"`
		Learners  int              `json:"learners"`
		Currency  string           `json:"currency"`
		Prices    map[string]int64 `json:"prices"`
		Refund    int              `json:"refund"`
	} `json:"offers"`
}

// Works registers works of the made-up people and offers licences for them; it
// returns how many. Call it after Load has filled an empty branch. The people
// are unclaimed until somebody plays them, see Claims.
// Faults: those of the verbs of licence.
func Works(ctx context.Context, d *db.DB, l *licence.Licences) (int, error) {
	var list []work
	if err := json.Unmarshal(worksFile, &list); err != nil {
		return 0, err
	}
	for i := range list {
		by, err := maker(ctx, d, list[i].Handle)
		if err == nil {
			err = list[i].register(ctx, l, by)
		}
		if err != nil {
			return i, err
		}
	}
	return len(list), nil
}

// maker is the account of somebody made up.
func maker(ctx context.Context, d *db.DB, handle string) (by account.Actor, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		var a account.Account
		if err := tx.NewSelect().Model(&a).Where("handle = ?", handle).Scan(ctx); err != nil {
			return err
		}
		by = a.Actor()
		return nil
	})
	return by, err
}

func (w *work) register(ctx context.Context, l *licence.Licences, by account.Actor) error {
	row, err := l.AddWork(ctx, by, licence.WorkInput{Title: w.Title, Kind: w.Kind, Summary: w.Summary, URL: w.URL, Label: w.Label, SHA256: w.SHA256,
		BaseLicence: w.Base, Basis: licence.Owner, Skills: w.Skills, Languages: w.Languages, State: licence.WorkPublished})
	if err != nil {
		return err
	}
	for _, p := range w.Parts {
		if _, err := l.AddContribution(ctx, by, row.ID, licence.PartInput{Name: p.Name, Part: p.Part, Ground: licence.GroundThird, Licence: p.Licence}); err != nil {
			return err
		}
	}
	for _, o := range w.Offers {
		in := licence.OfferInput{Uses: o.Uses, Channel: o.Channel, Territory: o.Territory, Learners: o.Learners, RefundDays: o.Refund,
			GraceDays: licence.DefaultGrace, NotFund: true}
		for _, text := range slices.Sorted(maps.Keys(o.Prices)) {
			days, err := strconv.Atoi(text)
			if err != nil {
				return err
			}
			in.Prices = append(in.Prices, licence.Price{Days: days, Amount: o.Prices[text], Currency: o.Currency})
		}
		if _, err := l.AddOffer(ctx, by, row.ID, in); err != nil {
			return err
		}
	}
	return nil
}

// Players are the made-up people whom a newcomer may play: a mentor who can be
// written to, and a seller of works who can be paid.
func Players() []string { return []string{"lesnoy-klyuch", "svetlyachok-v-banke"} }

// Claims gives each of the Players a new claim code, by handle: who enters it
// at /claim becomes that person. Whoever was claimed already is left out. Call
// it after Load has filled an empty branch.
func Claims(ctx context.Context, d *db.DB, keys *secret.Keys) (map[string]string, error) {
	codes := map[string]string{}
	err := d.Write(ctx, func(tx *db.Tx) error {
		clear(codes)
		for _, handle := range Players() {
			acc, err := account.ByHandle(ctx, tx, handle)
			if err != nil {
				return err
			}
			var rows []account.Imported
			if err := tx.NewSelect().Model(&rows).Where("account_id = ?", acc.ID).Scan(ctx); err != nil || len(rows) == 0 {
				return err
			}
			codes[handle] = secret.NewCode()
			rows[0].ClaimMAC = account.ClaimMAC(keys, codes[handle])
			if err := account.PutImported(ctx, tx, rows[0]); err != nil {
				return err
			}
		}
		return nil
	})
	return codes, err
}
