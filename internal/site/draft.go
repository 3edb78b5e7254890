package site

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"io"
	"slices"

	"github.com/tmoeg/oduvan/internal/message"
)

// keyAsks are the inquiries that wait in a session until there is an account
// to send them, sealed: the newest first.
const (
	keyAsks    = "asks"
	sealedAsks = "session/asks"
	asksBytes  = 12 << 10 // of a session's 16 KiB
	asksAtMost = 4
	asksUnpack = 1 << 20
)

// heldAsk is one of them.
type heldAsk struct {
	message.Ask

	Confirmed bool // contacts in it were confirmed
}

// holdAsk keeps an inquiry for later. Of older ones stay as many as fit.
func (s *Site) holdAsk(ctx context.Context, in heldAsk) error {
	list := slices.DeleteFunc(s.heldAsks(ctx), func(x heldAsk) bool { return x.Handle == in.Handle && x.ServiceID == in.ServiceID })
	list = append([]heldAsk{in}, list...)
	list = list[:min(len(list), asksAtMost)]
	for ; ; list = list[:len(list)-1] {
		packed, err := packAsks(list)
		if err != nil {
			return err
		}
		if len(packed) <= asksBytes || len(list) == 1 {
			s.sessions.Put(ctx, keyAsks, s.Keys.Seal(sealedAsks, packed))
			return nil
		}
	}
}

// heldAsk is what waits for a tutor and a service; false: nothing does.
func (s *Site) heldAsk(ctx context.Context, handle, service string) (heldAsk, bool) {
	for _, x := range s.heldAsks(ctx) {
		if x.Handle == handle && x.ServiceID == service {
			return x, true
		}
	}
	return heldAsk{}, false
}

// dropAsk forgets an inquiry that was sent.
func (s *Site) dropAsk(ctx context.Context, handle, service string) error {
	all := s.heldAsks(ctx)
	rest := slices.DeleteFunc(slices.Clone(all), func(x heldAsk) bool { return x.Handle == handle && x.ServiceID == service })
	if len(rest) == len(all) {
		return nil
	}
	if len(rest) == 0 {
		s.sessions.Remove(ctx, keyAsks)
		return nil
	}
	packed, err := packAsks(rest)
	if err != nil {
		return err
	}
	s.sessions.Put(ctx, keyAsks, s.Keys.Seal(sealedAsks, packed))
	return nil
}

func (s *Site) heldAsks(ctx context.Context) []heldAsk {
	sealed := s.sessions.GetBytes(ctx, keyAsks)
	if len(sealed) == 0 {
		return nil
	}
	packed, err := s.Keys.Open(sealedAsks, sealed)
	if err != nil {
		return nil // of a key that is gone
	}
	var list []heldAsk
	if err := json.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), asksUnpack)).Decode(&list); err != nil {
		return nil
	}
	return list
}

func packAsks(list []heldAsk) ([]byte, error) {
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
