package site

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/web"
)

// Words that were typed and could not be sent wait beside the session, in a
// session of their own that no cookie names: so they end after heldFor however
// long the other one goes on. They are sealed, and they are somebody's: words of
// one account are dropped when another signs in on the same browser.
const (
	keyHeld    = "held" // in the session: the name of the other; in that: the words, the newest first
	sealedHeld = "session/held"
	heldFor    = 24 * time.Hour // for who is not signed in, the store allows account.AnonymousFor
	heldBytes  = 12 << 10       // of a session's 16 KiB
	heldAtMost = 4
	heldUnpack = 1 << 20
	noEpoch    = int64(-1) // of no account: what waits signs nobody in
)

// held is one form that waits.
type held struct {
	To    string     // the address that it is sent to, without a language
	Words url.Values // what was typed
	By    string     // the mark of the account that typed it; empty: nobody's yet
	At    time.Time
}

// newDrafts keeps the words that wait in the store of the sessions.
func newDrafts(store scs.Store) *scs.SessionManager {
	m := scs.New()
	m.Store, m.Lifetime = store, heldFor
	m.HashTokenInStore = false // the store keeps a keyed hash itself
	return m
}

// markOf tells an account's words apart from others'. It stands in the forms of
// the account and cannot be made up for it.
func (s *Site) markOf(accountID string) string {
	if accountID == "" {
		return ""
	}
	sum := s.Keys.MAC("session/mark", []byte(accountID))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// markBytes is the length of a mark.
const markBytes = 22

// hold keeps a form for later. Of older ones stay as many as fit.
func (s *Site) hold(ctx context.Context, in held) error {
	all, err := s.heldAll(ctx)
	if err != nil {
		return err
	}
	in.At = s.Now().UTC()
	list := slices.DeleteFunc(all, func(x held) bool { return x.To == in.To && x.By == in.By })
	return s.keepHeld(ctx, append([]held{in}, list...))
}

// held are the viewer's words that wait for an address; false: none do.
func (s *Site) held(ctx context.Context, to string) (url.Values, bool) {
	all, err := s.heldAll(ctx)
	if err != nil {
		return url.Values{}, false // the page itself fails for the same reason
	}
	me := s.markOf(s.sessions.GetString(ctx, keyAccount))
	for _, x := range all {
		if x.To == to && (x.By == "" || x.By == me) {
			return x.Words, true
		}
	}
	return url.Values{}, false
}

// drop forgets words that were sent.
func (s *Site) drop(ctx context.Context, to string) error {
	all, err := s.heldAll(ctx)
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(all), func(x held) bool { return x.To == to })
	if len(rest) == len(all) {
		return nil
	}
	return s.keepHeld(ctx, rest)
}

// claimHeld makes what waits the words of who has just signed in, and drops
// those of everybody else.
func (s *Site) claimHeld(ctx context.Context, accountID string) error {
	if s.sessions.GetString(ctx, keyHeld) == "" {
		return nil
	}
	all, err := s.heldAll(ctx)
	if err != nil {
		return err
	}
	me := s.markOf(accountID)
	mine := slices.DeleteFunc(all, func(x held) bool { return x.By != "" && x.By != me })
	for i := range mine {
		mine[i].By = me
	}
	return s.keepHeld(ctx, mine)
}

// heldAll is everything that waits beside this session and is not too old.
func (s *Site) heldAll(ctx context.Context) ([]held, error) {
	name := s.sessions.GetString(ctx, keyHeld)
	if name == "" {
		return nil, nil
	}
	box, err := s.drafts.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	packed, err := s.Keys.Open(sealedHeld, s.drafts.GetBytes(box, keyHeld))
	if err != nil {
		return nil, nil // over, or of a key that is gone
	}
	var list []held
	if err := json.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), heldUnpack)).Decode(&list); err != nil {
		return nil, nil
	}
	since := s.Now().Add(-heldFor)
	return slices.DeleteFunc(list, func(x held) bool { return !x.At.After(since) }), nil
}

// keepHeld replaces what waits; of a long list the newest that fit.
func (s *Site) keepHeld(ctx context.Context, list []held) error {
	box, err := s.drafts.Load(ctx, s.sessions.GetString(ctx, keyHeld))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		s.sessions.Remove(ctx, keyHeld)
		return s.drafts.Destroy(box)
	}
	packed, err := packHeld(list[:min(len(list), heldAtMost)])
	for n := min(len(list), heldAtMost) - 1; err == nil && n > 0 && len(packed) > heldBytes; n-- {
		packed, err = packHeld(list[:n])
	}
	if err != nil {
		return err
	}
	s.drafts.Put(box, keyHeld, s.Keys.Seal(sealedHeld, packed))
	if id := s.sessions.GetString(ctx, keyAccount); id != "" { // it goes with the account
		s.drafts.Put(box, keyAccount, id)
		s.drafts.Put(box, keyEpoch, noEpoch)
	}
	s.drafts.SetDeadline(box, list[0].At.Add(heldFor))
	name, _, err := s.drafts.Commit(box)
	if err != nil {
		return err
	}
	s.sessions.Put(ctx, keyHeld, name)
	return nil
}

func packHeld(list []held) ([]byte, error) {
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	to := json.NewEncoder(z)
	to.SetEscapeHTML(false)
	if err := to.Encode(list); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

// later keeps the named words of a form whose session is over meanwhile, and
// leads by the sign-in to the page that shows them again. The form's token is
// gone with the session, so nothing is sent: a person looks and sends again. The
// token's mark tells whose words they are; a form without one was not ours, and
// one that somebody planted bears no mark of the person who signs in.
func (s *Site) later(c *gin.Context, to, page string, names ...string) error {
	if err := s.allow(c, classPreview); err != nil {
		return err
	}
	_, by, _ := strings.Cut(value(c, web.CSRFField), ".")
	in := held{To: to, Words: url.Values{}, By: by}
	for _, name := range names {
		if text := clip(value(c, name), message.MaxText); text != "" {
			in.Words.Set(name, text)
		}
	}
	if len(in.Words) > 0 && len(by) == markBytes {
		if err := s.hold(c.Request.Context(), in); err != nil {
			return err
		}
		s.say(c, "info", "ask.held")
	}
	return s.see(c, "/login?next="+queryEscape(page))
}
