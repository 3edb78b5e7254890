package transfer

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/profile"
)

// Input is one import.
type Input struct {
	Format string
	Reader io.Reader
	// Publish says that the operator has the people's consent: names stay and
	// profiles are open. Without it what is public already stays public, under
	// its name, with the newer texts.
	Publish bool
	DryRun  bool // do everything, tell what it did, keep nothing
	// Claims gets the claim codes as CSV once everything is committed: nothing
	// is written to it when the import fails or is a dry run. It holds every
	// entry of the file that nobody has claimed yet, also those imported
	// earlier, with the codes they had. Needed unless Publish or DryRun.
	Claims   io.Writer
	Progress func(done, total int) // called after each entry; it starts anew when the database asks for another try
}

// errDry ends a dry run's transaction without keeping it.
var errDry = errors.New("transfer: a dry run keeps nothing")

// errSilent stops before anything is done: codes that are shown to nobody
// would make drafts that nobody can ever claim.
var errSilent = fault.Bad("claims", "import_claims_needed")

// Import reads a file and writes all of it in one transaction, or nothing.
// The caller is the operator at the machine; nobody else may be let here.
// Faults: those of Read; Invalid import_claims_needed (field claims);
// import_entry_refused (Field is the path, argument reason a code of package
// profile or market); Conflict import_handle_none; Unavailable
// import_claims_unwritten, when everything was imported but the codes could not
// be written: importing once more writes them.
func (t *Transfer) Import(ctx context.Context, in Input) (Report, error) {
	if in.Claims == nil && !in.Publish && !in.DryRun {
		return Report{}, errSilent
	}
	list, err := read(in.Format, in.Reader)
	if err != nil {
		return Report{}, err
	}
	r := &run{t: t, in: in, own: in.Format == Oduvan && list.source == t.url}
	err = t.db.Write(ctx, func(tx *db.Tx) error {
		r.report, r.claims, r.taken = newReport(), nil, map[string]bool{}
		if err := r.remember(ctx, tx); err != nil {
			return err
		}
		for i := range list.entries {
			if err := r.entry(ctx, tx, &list.entries[i]); err != nil {
				return err
			}
			if in.Progress != nil {
				in.Progress(i+1, len(list.entries))
			}
		}
		if in.DryRun {
			return errDry
		}
		return nil
	})
	switch {
	case in.DryRun && errors.Is(err, errDry):
		return r.report, nil
	case err != nil:
		return Report{}, err
	}
	return r.report, r.tell()
}

// run is one import on its way; a second try of the transaction starts it anew.
type run struct {
	t      *Transfer
	in     Input
	own    bool // the file is this very branch's export
	report Report
	claims []claim
	seen   map[string]bool // hashes of all entries that were ever here
	taken  map[string]bool // handles that are known to be taken
}

// remember reads which entries were ever here: 32 bytes for each, in one query
// instead of two for each entry of the file.
func (r *run) remember(ctx context.Context, tx *db.Tx) error {
	var rows []seen
	if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return err
	}
	r.seen = make(map[string]bool, len(rows))
	for i := range rows {
		r.seen[string(rows[i].SourceMAC)] = true
	}
	return nil
}

// tell writes the claims file at once, so that it is whole or absent.
func (r *run) tell() error {
	if r.in.Claims == nil {
		return nil
	}
	var b bytes.Buffer
	if err := writeClaims(&b, r.claims); err != nil {
		return err
	}
	if _, err := r.in.Claims.Write(b.Bytes()); err != nil {
		return fault.Of(fault.Unavailable, "import_claims_unwritten").Wrap(err)
	}
	return nil
}

// entry writes one entry and counts it.
func (r *run) entry(ctx context.Context, tx *db.Tx, e *Entry) error {
	d := r.t.decide(r.in.Format, e, r.in.Publish)
	act, err := r.put(ctx, tx, e, &d)
	if err != nil {
		return placed(err, e)
	}
	r.report.add(act, e, d)
	if r.in.DryRun {
		r.report.show(act, e, d)
	}
	return nil
}

// placed gives a fault that a feature found in an entry its place in the file.
func placed(err error, e *Entry) error {
	var known *fault.Error
	if !errors.As(err, &known) {
		if list := fault.All(err); len(list) > 0 {
			known = list[0]
		}
	}
	if known == nil || known.Kind != fault.Invalid {
		return err
	}
	return broken(e.At, join(e.Path, known.Field), "import_entry_refused").With("reason", known.Code)
}

// put decides whether an entry is new here, another than last time, or not to
// be touched: its person has claimed or erased it, or it is this branch's own.
func (r *run) put(ctx context.Context, tx *db.Tx, e *Entry, d *draft) (Act, error) {
	if r.seen[string(d.seen)] {
		row, err := account.ImportedBy(ctx, tx, d.source)
		if fault.Is(err, fault.NotFound) {
			return Unchanged, nil
		}
		if err != nil {
			return "", err
		}
		return r.again(ctx, tx, row, e, d)
	}
	if r.own {
		if free, err := r.free(ctx, tx, e.Handle); !free || err != nil {
			return Unchanged, err
		}
	}
	return r.create(ctx, tx, e, d)
}

// again updates an entry that nobody has claimed, where it changed.
func (r *run) again(ctx context.Context, tx *db.Tx, row account.Imported, e *Entry, d *draft) (Act, error) {
	acc, err := account.ByID(ctx, tx, row.AccountID)
	if fault.Is(err, fault.NotFound) {
		return Unchanged, nil // erased between two statements
	}
	if err != nil {
		return "", err
	}
	if err := r.keep(ctx, tx, acc.ID, e, d); err != nil {
		return "", err
	}
	content := r.t.content(*d)
	d.Handle = acc.Handle
	if bytes.Equal(row.ContentMAC, content) {
		r.claim(e, d)
		return Unchanged, nil
	}
	// The row is taken before anything is shown: a claim at this moment either
	// waits until the import is over, or has removed the row and is the last word.
	res, err := tx.NewUpdate().Model((*account.Imported)(nil)).Set("content_mac = ?", content).
		Where("source_mac = ? AND account_id = ?", d.source, acc.ID).Exec(ctx)
	if err := db.Must(res, err, errClaimed); errors.Is(err, errClaimed) {
		d.kept = false
		return Unchanged, nil
	} else if err != nil {
		return "", err
	}
	r.claim(e, d)
	return Updated, r.fill(ctx, tx, acc.ID, d)
}

// keep makes an entry that is public already stay so under the name it has,
// when the operator says nothing of consent this time: it was given before, and
// people are taken off the board by erasing them, not by a forgotten option.
func (r *run) keep(ctx context.Context, tx *db.Tx, accountID string, e *Entry, d *draft) error {
	if r.in.Publish {
		return nil
	}
	p, err := profile.ByID(ctx, tx, accountID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || p.State == profile.Draft || !p.Approved {
		return err
	}
	*d = r.t.decide(r.in.Format, e, true)
	d.Name, d.kept = p.Name, true
	return nil
}

// errClaimed says that an entry got its owner while the import ran.
var errClaimed = fault.Of(fault.Conflict, "account_claimed")

// create makes the account that waits for its person, and what it shows.
func (r *run) create(ctx context.Context, tx *db.Tx, e *Entry, d *draft) (Act, error) {
	content := r.t.content(*d)
	var err error
	if d.Handle, err = r.freeHandle(ctx, tx, d); err != nil {
		return "", err
	}
	acc, err := account.Unclaimed(ctx, tx, d.Handle)
	if err != nil {
		return "", err
	}
	r.taken[d.Handle] = true
	if err := r.fill(ctx, tx, acc.ID, d); err != nil {
		return "", err
	}
	if err := r.since(ctx, tx, acc.ID, d); err != nil {
		return "", err
	}
	row := account.Imported{SourceMAC: d.source, AccountID: acc.ID, ContentMAC: content, Format: r.in.Format,
		ClaimMAC: account.ClaimMAC(r.t.keys, d.code)}
	if err := account.PutImported(ctx, tx, row); err != nil {
		return "", err
	}
	r.claim(e, d)
	_, err = tx.NewInsert().Model(&seen{SourceMAC: d.seen}).Exec(ctx)
	return Created, err
}

// fill writes the profile and its services.
func (r *run) fill(ctx context.Context, tx *db.Tx, accountID string, d *draft) error {
	in := profile.Input{Tutor: d.Tutor, Creator: d.Creator, Name: d.Name, Headline: d.Headline, About: d.About,
		Skills: d.Skills, Levels: d.Levels, Languages: d.Languages, Formats: d.Formats, Timezone: d.Timezone, State: profile.Draft}
	switch {
	case d.kept:
		in.State = "" // as it is, also where silence paused it
	case d.Publish:
		in.State = profile.Open
	}
	for _, l := range d.Links {
		in.Links = append(in.Links, profile.Link(l))
	}
	if err := r.t.profiles.Put(ctx, tx, accountID, in); err != nil {
		return err
	}
	state := market.Draft // nothing is offered without the person's own act
	if d.Publish {
		state = market.Published
	}
	services := make([]market.ServiceInput, len(d.Services))
	for i, s := range d.Services {
		services[i] = market.ServiceInput{Title: s.Title, Summary: s.Summary, Format: s.Format, Minutes: s.Minutes,
			Price: s.Price, ByAgreement: s.Price == nil, FreeTrial: s.FreeTrial, Rules: s.Rules, State: state}
	}
	return r.t.market.PutServices(ctx, tx, accountID, services)
}

// since keeps the day on which a published entry and its services first
// appeared, where our own format knows it: an old hand is no newcomer for having
// moved.
func (r *run) since(ctx context.Context, tx *db.Tx, accountID string, d *draft) error {
	if !d.Publish || d.Since.IsZero() || !d.Since.Before(tx.Today()) {
		return nil
	}
	for _, model := range []any{(*profile.Profile)(nil), (*market.Service)(nil)} {
		if _, err := tx.NewUpdate().Model(model).Set("published_on = ?", d.Since).
			Where("account_id = ?", accountID).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// claim adds a line to the claims file.
func (r *run) claim(e *Entry, d *draft) {
	if r.in.Claims != nil {
		r.claims = append(r.claims, claim{handle: d.Handle, code: d.code, url: r.t.url + "/claim", source: e.source()})
	}
}

// handleTries bounds the numbers tried behind a taken handle.
const handleTries = 6

// freeHandle is the wished handle, the nickname's where that cannot be had, or
// the first free one with a number. The numbers come from the entry's hash, so
// that a dry run tells what the import will do.
func (r *run) freeHandle(ctx context.Context, tx *db.Tx, d *draft) (string, error) {
	base := d.Handle
	if account.CheckHandle(base, account.Member) != nil {
		base = d.spare
	}
	numbers := []string{"", "2", "3", "4", "5", "6", "7", "8", "9"}
	for i := range handleTries {
		numbers = append(numbers, strconv.Itoa(int(1000+binary.BigEndian.Uint32(d.number[4*i:])%999_000)))
	}
	for _, number := range numbers {
		handle := numbered(base, number)
		if account.CheckHandle(handle, account.Member) != nil {
			continue
		}
		if ok, err := r.free(ctx, tx, handle); ok || err != nil {
			return handle, err
		}
	}
	return "", fault.Of(fault.Conflict, "import_handle_none")
}

// free tells whether no account has a handle.
func (r *run) free(ctx context.Context, tx *db.Tx, handle string) (bool, error) {
	if r.taken[handle] {
		return false, nil
	}
	taken, err := tx.NewSelect().Model((*account.Account)(nil)).Where("handle = ?", handle).Exists(ctx)
	r.taken[handle] = taken
	return !taken, err
}

// source is the id by which the operator knows the person.
func (e *Entry) source() string { return e.ID[slices.Index([]byte(e.ID), '\n')+1:] }
