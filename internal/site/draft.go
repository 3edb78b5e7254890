package site

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"io"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/message"
)

// keyHeld are the words that wait in a session until there is an account to
// send them, sealed: the newest first.
const (
	keyHeld    = "held"
	sealedHeld = "session/held"
	heldBytes  = 12 << 10 // of a session's 16 KiB
	heldAtMost = 4
	heldUnpack = 1 << 20
)

// held is one form that waits.
type held struct {
	To    string     // the address that it is sent to, without a language
	Words url.Values // what was typed
}

// hold keeps a form for later. Of older ones stay as many as fit.
func (s *Site) hold(ctx context.Context, in held) error {
	list := slices.DeleteFunc(s.heldAll(ctx), func(x held) bool { return x.To == in.To })
	list = append([]held{in}, list...)
	list = list[:min(len(list), heldAtMost)]
	for ; ; list = list[:len(list)-1] {
		packed, err := packHeld(list)
		if err != nil {
			return err
		}
		if len(packed) <= heldBytes || len(list) == 1 {
			s.sessions.Put(ctx, keyHeld, s.Keys.Seal(sealedHeld, packed))
			return nil
		}
	}
}

// held are the words that wait for an address; false: none do.
func (s *Site) held(ctx context.Context, to string) (url.Values, bool) {
	for _, x := range s.heldAll(ctx) {
		if x.To == to {
			return x.Words, true
		}
	}
	return url.Values{}, false
}

// drop forgets words that were sent.
func (s *Site) drop(ctx context.Context, to string) error {
	all := s.heldAll(ctx)
	rest := slices.DeleteFunc(slices.Clone(all), func(x held) bool { return x.To == to })
	if len(rest) == len(all) {
		return nil
	}
	if len(rest) == 0 {
		s.sessions.Remove(ctx, keyHeld)
		return nil
	}
	packed, err := packHeld(rest)
	if err != nil {
		return err
	}
	s.sessions.Put(ctx, keyHeld, s.Keys.Seal(sealedHeld, packed))
	return nil
}

func (s *Site) heldAll(ctx context.Context) []held {
	sealed := s.sessions.GetBytes(ctx, keyHeld)
	if len(sealed) == 0 {
		return nil
	}
	packed, err := s.Keys.Open(sealedHeld, sealed)
	if err != nil {
		return nil // of a key that is gone
	}
	var list []held
	if err := json.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), heldUnpack)).Decode(&list); err != nil {
		return nil
	}
	return list
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
// gone with the session, so nothing is sent: a person looks and sends again.
func (s *Site) later(c *gin.Context, to, page string, names ...string) error {
	if err := s.allow(c, classPreview); err != nil {
		return err
	}
	in := held{To: to, Words: url.Values{}}
	for _, name := range names {
		if text := clip(value(c, name), message.MaxText); text != "" {
			in.Words.Set(name, text)
		}
	}
	if len(in.Words) > 0 {
		if err := s.hold(c.Request.Context(), in); err != nil {
			return err
		}
		s.say(c, "info", "ask.held")
	}
	return s.see(c, "/login?next="+queryEscape(page))
}
