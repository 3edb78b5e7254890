package licence

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/outbound"
)

// ProofPath is where the file of a proof stands on the work's host.
const ProofPath = "/.well-known/oduvan.txt"

// ProofPause is how long one has to wait between two tries.
const ProofPause = 30 * time.Second

// ProofURL is where the file that proves a work's address has to be: at the
// root of its host, where only who runs the host can put it. Empty for an
// address that cannot be proved.
func ProofURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	out := "https://" + u.Host + ProofPath
	if outbound.Check(out) != nil {
		return ""
	}
	return out
}

// Prove looks for the work's token in the file at ProofURL: one line of it, as
// several works may be at home there. The page says that the source is
// confirmed from then on, until the host of the address changes. Faults:
// Unauthenticated; NotFound (work_unknown); Conflict (proof_address where the
// address cannot be proved, proof_missing where no such file with the token is
// there, changed_meanwhile when the address changed meanwhile); RateLimited
// (proof_soon) within ProofPause; Unavailable (proof_away) where nothing can be
// looked up, or the host takes too long.
func (l *Licences) Prove(ctx context.Context, by account.Actor, id string) (out Work, err error) {
	var asked Work
	err = l.writeWork(ctx, by, id, func(tx *db.Tx, w *Work) error {
		switch {
		case l.fetch == nil:
			return fault.Of(fault.Unavailable, "proof_away")
		case ProofURL(w.URL) == "":
			return conflict("proof_address")
		case !w.ProofTriedAt.IsZero() && tx.Now.Sub(w.ProofTriedAt) < ProofPause:
			return fault.Of(fault.RateLimited, "proof_soon")
		}
		w.ProofTriedAt = tx.Now
		asked = *w
		_, err := tx.NewUpdate().Model(w).Column("proof_tried_at").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return Work{}, err
	}
	body, err := l.fetch(ctx, ProofURL(asked.URL))
	switch {
	case errors.Is(err, context.Canceled):
		return Work{}, err
	case errors.Is(err, context.DeadlineExceeded):
		return Work{}, fault.Of(fault.Unavailable, "proof_away")
	case err != nil || !holdsLine(body, asked.ProofToken):
		return Work{}, conflict("proof_missing")
	}
	err = l.writeWork(ctx, by, id, func(tx *db.Tx, w *Work) error {
		if ProofURL(w.URL) != ProofURL(asked.URL) || w.ProofToken != asked.ProofToken {
			return errChanged
		}
		w.ProvedOn = tx.Today()
		out = *w
		if _, err := tx.NewUpdate().Model(w).Column("proved_on").WherePK().Exec(ctx); err != nil {
			return err
		}
		return l.changed(ctx, tx, w)
	})
	if err != nil {
		return Work{}, err
	}
	return out, nil
}

// holdsLine tells whether one line of a text is this word.
func holdsLine(text []byte, word string) bool {
	for line := range bytes.Lines(text) {
		if string(bytes.TrimSpace(line)) == word {
			return word != ""
		}
	}
	return false
}
