package account

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Passkey is one passkey of an account: one row. Nothing tells which device or
// program holds it.
type Passkey struct {
	bun.BaseModel `bun:"table:passkey"`

	ID           string    `bun:"id,pk"`
	AccountID    string    `bun:"account_id"`
	CredentialID []byte    `bun:"credential_id"`
	Key          PublicKey `bun:"credential,type:jsonb"`
	Name         string    `bun:"name"`     // the owner's word for it
	AddedOn      time.Time `bun:"added_on"` // the day only
	UsedOn       time.Time `bun:"used_on,nullzero"`
}

// PublicKey is what checking a passkey needs. The model number of the
// authenticator (AAGUID), its transports and the attestation are dropped.
type PublicKey struct {
	COSE      []byte `json:"cose"`       // RFC 9052 public key
	SignCount uint32 `json:"sign_count"` // 0 for passkeys that are kept in several places
	Flags     byte   `json:"flags"`      // of the registration, WebAuthn §6.1
}

// The bounds of a ceremony.
const (
	ceremonyFor   = 10 * time.Minute
	maxCeremony   = 16384
	maxCredential = 1023
	maxKeyText    = 4096
)

// ceremony is what the site keeps in its session between two steps.
type ceremony struct {
	Kind    string               `json:"kind"` // registration and login cannot stand in for each other
	Until   time.Time            `json:"until"`
	Session webauthn.SessionData `json:"session"`
}

const (
	registering = "register"
	loggingIn   = "login"
)

// relyingParty is nil where passkeys cannot work: an IP address is no relying party.
func relyingParty(origin string) *webauthn.WebAuthn {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	required := true
	rp, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: u.Hostname(), RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &required, ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired,
		},
		// Browsers and extensions add outputs that nobody asked for.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil
	}
	return rp
}

// person is an account as the WebAuthn module wants it.
type person struct {
	account Account
	keys    []Passkey
}

// WebAuthnID is the account's random id.
func (p person) WebAuthnID() []byte { return []byte(p.account.ID) }

// WebAuthnName is the handle, as the browser's list of passkeys shows it.
func (p person) WebAuthnName() string { return p.account.Handle }

// WebAuthnDisplayName is the handle too.
func (p person) WebAuthnDisplayName() string { return p.account.Handle }

// WebAuthnCredentials are the account's passkeys.
func (p person) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, len(p.keys))
	for i, k := range p.keys {
		out[i] = webauthn.Credential{
			ID: k.CredentialID, PublicKey: k.Key.COSE, AttestationFormat: "none",
			Flags:         webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(k.Key.Flags)),
			Authenticator: webauthn.Authenticator{SignCount: k.Key.SignCount},
		}
	}
	return out
}

// BeginRegister begins adding a passkey: options are for
// navigator.credentials.create, state is for FinishRegister and stays on the
// server. Faults: Unauthenticated; Unavailable passkeys_unavailable; Conflict
// passkeys_held (see HoldFor) or too_many_passkeys from 20 on.
func (a *Accounts) BeginRegister(ctx context.Context, by Actor) (options any, state []byte, err error) {
	if a.rp == nil {
		return nil, nil, errNoPasskeys
	}
	var who person
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		who, err = changing(ctx, tx, by)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	known := webauthn.Credentials(who.WebAuthnCredentials()).CredentialDescriptors()
	creation, session, err := a.rp.BeginRegistration(who, webauthn.WithExclusions(known))
	if err != nil {
		return nil, nil, err
	}
	state, err = json.Marshal(ceremony{registering, a.db.Now().Add(ceremonyFor), *session})
	return creation, state, err
}

var errNoPasskeys = fault.Of(fault.Unavailable, "passkeys_unavailable")

// changing reads who wants to add a passkey and whether they may.
func changing(ctx context.Context, tx *db.Tx, by Actor) (who person, err error) {
	if who.account, err = owner(ctx, tx, by); err != nil {
		return who, err
	}
	if err := notHeld(tx, who.account); err != nil {
		return who, err
	}
	if err := tx.NewSelect().Model(&who.keys).Where("account_id = ?", by.ID).OrderExpr("added_on, id").Scan(ctx); err != nil {
		return who, err
	}
	if len(who.keys) >= MaxPasskeys {
		return who, fault.Of(fault.Conflict, "too_many_passkeys").With("Max", MaxPasskeys)
	}
	return who, nil
}

func notHeld(tx *db.Tx, acc Account) error {
	if acc.HeldUntil.After(tx.Now) {
		return fault.Of(fault.Conflict, "passkeys_held").With("Until", acc.HeldUntil)
	}
	return nil
}

// FinishRegister adds the passkey that the browser made for BeginRegister. The
// state is good once: the site drops it before it calls. Faults, beside those
// of BeginRegister: Invalid passkey_refused, passkey_expired, name_form;
// Conflict passkey_known.
func (a *Accounts) FinishRegister(ctx context.Context, by Actor, name string, state, response []byte) (Passkey, error) {
	if err := own(by); err != nil {
		return Passkey{}, err
	}
	name, err := label(name, "Passkey")
	if err != nil {
		return Passkey{}, err
	}
	c, err := a.resume(registering, state, response)
	if err != nil {
		return Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Passkey{}, refused(err)
	}
	cred, err := a.rp.CreateCredential(person{account: Account{ID: by.ID}}, c.Session, parsed)
	if err != nil {
		return Passkey{}, refused(err)
	}
	if len(cred.ID) > maxCredential || len(cred.PublicKey) > maxKeyText {
		return Passkey{}, refused(errors.New("key too large"))
	}
	row := Passkey{AccountID: by.ID, CredentialID: cred.ID, Name: name,
		Key: PublicKey{COSE: cred.PublicKey, SignCount: cred.Authenticator.SignCount, Flags: byte(cred.Flags.ProtocolValue())}}
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockOwn(ctx, tx, by); err != nil {
			return err
		}
		if _, err := changing(ctx, tx, by); err != nil {
			return err
		}
		row.ID, row.AddedOn = tx.RandomID(), tx.Today()
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	if db.Duplicate(err, "passkey", "credential_id") {
		return Passkey{}, fault.Of(fault.Conflict, "passkey_known")
	}
	return row, err
}

// BeginLogin begins a sign-in by passkey; the browser lists those it has, so no
// handle is asked for. Fault: Unavailable passkeys_unavailable.
func (a *Accounts) BeginLogin(context.Context) (options any, state []byte, err error) {
	if a.rp == nil {
		return nil, nil, errNoPasskeys
	}
	assertion, session, err := a.rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, nil, err
	}
	state, err = json.Marshal(ceremony{loggingIn, a.db.Now().Add(ceremonyFor), *session})
	return assertion, state, err
}

// FinishLogin finds the account whose passkey answered BeginLogin's challenge.
// The state is good once: the site drops it before it calls. Faults:
// Unauthenticated passkey_refused, also for unknown passkeys and for one whose
// counter went back, which a copied key shows; Invalid passkey_expired;
// Unavailable passkeys_unavailable.
func (a *Accounts) FinishLogin(ctx context.Context, state, response []byte) (Account, error) {
	c, err := a.resume(loggingIn, state, response)
	if err != nil {
		return Account{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return Account{}, refused(err)
	}
	var who person
	find := func(rawID, handle []byte) (webauthn.User, error) {
		err := a.db.Read(ctx, func(tx *db.Tx) (err error) {
			who, err = bearer(ctx, tx, rawID, handle)
			return err
		})
		return who, err
	}
	_, cred, err := a.rp.ValidatePasskeyLogin(find, c.Session, parsed)
	if err != nil {
		if fault.Is(err, fault.Unavailable) {
			return Account{}, err
		}
		return Account{}, refusedLogin(err)
	}
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		// Writing first holds the row: the same answer sent twice at once must
		// find the counter that its twin has left.
		_, err := tx.NewUpdate().Model((*Passkey)(nil)).Set("used_on = ?", tx.Today()).
			Where("credential_id = ?", []byte(parsed.RawID)).Exec(ctx)
		if err != nil {
			return err
		}
		now, err := bearer(ctx, tx, parsed.RawID, parsed.Response.UserHandle)
		if err != nil {
			return refusedLogin(err)
		}
		key := now.keys[0]
		count := parsed.Response.AuthenticatorData.Counter
		if cred.Authenticator.CloneWarning || count > 0 && count <= key.Key.SignCount {
			return refusedLogin(errors.New("sign counter went back"))
		}
		key.Key.SignCount, key.Key.Flags, key.UsedOn = count, byte(cred.Flags.ProtocolValue()), tx.Today()
		who = now
		_, err = tx.NewUpdate().Model(&key).Column("credential", "used_on").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	return who.account, nil
}

// bearer reads the account that a passkey and its user handle name together.
func bearer(ctx context.Context, tx *db.Tx, rawID, handle []byte) (who person, err error) {
	unknown := fault.Of(fault.NotFound, "passkey_unknown")
	var key Passkey
	err = db.One(ctx, tx.NewSelect().Model(&key).Where("credential_id = ? AND account_id = ?", rawID, string(handle)), unknown)
	if err != nil {
		return who, err
	}
	err = db.One(ctx, tx.NewSelect().Model(&who.account).Where("id = ? AND state = ?", key.AccountID, Active), unknown)
	who.keys = []Passkey{key}
	return who, err
}

// resume reads a ceremony's state back and bounds the browser's answer.
func (a *Accounts) resume(kind string, state, response []byte) (c ceremony, err error) {
	if a.rp == nil {
		return c, errNoPasskeys
	}
	if len(response) > maxCeremony || json.Unmarshal(state, &c) != nil || c.Kind != kind {
		return c, fault.Of(fault.Invalid, "passkey_refused")
	}
	if a.db.Now().After(c.Until) {
		return c, fault.Of(fault.Invalid, "passkey_expired")
	}
	return c, nil
}

// refused hides what was wrong from the asker; the log gets the module's own words.
func refused(err error) error { return fault.Of(fault.Invalid, "passkey_refused").Wrap(reason(err)) }

func refusedLogin(err error) error {
	return fault.Of(fault.Unauthenticated, "passkey_refused").Wrap(reason(err))
}

// reason keeps the kind of failure and drops details that quote the input.
func reason(err error) error {
	var e *protocol.Error
	if errors.As(err, &e) {
		return errors.New(e.Type)
	}
	return errors.New("passkey")
}

// Passkeys lists the actor's passkeys, oldest first. Faults: Unauthenticated.
func (a *Accounts) Passkeys(ctx context.Context, by Actor) (out []Passkey, err error) {
	if err := own(by); err != nil {
		return nil, err
	}
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewSelect().Model(&out).Where("account_id = ?", by.ID).OrderExpr("added_on, id").Scan(ctx)
	})
	return out, err
}

// RenamePasskey changes the owner's word for a passkey. Faults:
// Unauthenticated; Invalid name_form; NotFound passkey_unknown; Conflict passkeys_held.
func (a *Accounts) RenamePasskey(ctx context.Context, by Actor, id, name string) error {
	name, err := label(name, "Passkey")
	if err != nil {
		return err
	}
	return a.onPasskey(ctx, by, func(tx *db.Tx) error {
		res, err := tx.NewUpdate().Model((*Passkey)(nil)).Set("name = ?", name).Where("id = ? AND account_id = ?", id, by.ID).Exec(ctx)
		return db.Must(res, err, fault.Of(fault.NotFound, "passkey_unknown"))
	})
}

// RemovePasskey ends a passkey at once. The last one may go too: the recovery
// code remains. Faults: Unauthenticated; NotFound passkey_unknown; Conflict
// passkeys_held.
func (a *Accounts) RemovePasskey(ctx context.Context, by Actor, id string) error {
	return a.onPasskey(ctx, by, func(tx *db.Tx) error {
		res, err := tx.NewDelete().Model((*Passkey)(nil)).Where("id = ? AND account_id = ?", id, by.ID).Exec(ctx)
		return db.Must(res, err, fault.Of(fault.NotFound, "passkey_unknown"))
	})
}

// onPasskey runs a change of the actor's passkeys unless changes are held.
func (a *Accounts) onPasskey(ctx context.Context, by Actor, change func(*db.Tx) error) error {
	return a.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockOwn(ctx, tx, by); err != nil {
			return err
		}
		acc, err := owner(ctx, tx, by)
		if err != nil {
			return err
		}
		if err := notHeld(tx, acc); err != nil {
			return err
		}
		return change(tx)
	})
}
