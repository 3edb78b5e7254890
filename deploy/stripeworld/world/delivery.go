package world

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// delivery is one event on its way to one endpoint.
type delivery struct {
	event *event
	to    *endpoint
	first bool // not one of the repeats
	tries int
	due   time.Time
}

// attempts is how often an event is tried before it stays undelivered, and
// waits how long it waits after each: three days in all, as at Stripe.
func waits() []time.Duration {
	const h = time.Hour
	return []time.Duration{5 * time.Minute, 30 * time.Minute, 2 * h, 5 * h, 10 * h, 12 * h, 12 * h, 12 * h, 12 * h}
}

// post puts an event on its way, with its repeats, unless it is lost.
func (w *World) post(e *event, to *endpoint) {
	if w.chance(w.manners.Drop) {
		return // never sent: it stays undelivered
	}
	w.queue = append(w.queue, &delivery{event: e, to: to, first: true, due: w.now()})
	for n := 0; n < 4 && w.chance(w.manners.Repeat); n++ {
		w.queue = append(w.queue, &delivery{event: e, to: to, due: w.now()})
	}
}

// Sign is Stripe's signature of a payload at a time, by each secret.
func Sign(payload []byte, at time.Time, secrets ...string) string {
	t := strconv.FormatInt(at.Unix(), 10)
	out := "t=" + t
	for _, s := range secrets {
		mac := hmac.New(sha256.New, []byte(s))
		mac.Write([]byte(t + "."))
		mac.Write(payload)
		out += ",v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	return out
}

// Report is what came of a round of deliveries.
type Report struct {
	Sent, Taken, Refused int
	Waiting              int // still on their way, now or later
}

// Deliver sends what is due, in an order of chance, each signed now. A refused
// event is due again later, for three days. It is called over and over by the
// program; tests call it when they like.
func (w *World) Deliver(ctx context.Context) Report {
	w.mu.Lock()
	w.tick()
	now := w.now()
	var due, rest []*delivery
	for _, d := range w.queue {
		if d.due.After(now) || w.chance(w.manners.Delay) {
			rest = append(rest, d)
		} else {
			due = append(due, d)
		}
	}
	if !w.manners.Ordered {
		w.rng.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	}
	w.queue = rest
	secrets, urls := make([][]string, len(due)), make([]string, len(due))
	for i, d := range due {
		secrets[i], urls[i] = slices.Clone(d.to.secrets), d.to.url
	}
	w.mu.Unlock()

	var r Report
	for i, d := range due { // without the lock: whoever hears of an event asks us at once
		r.Sent++
		if w.send(ctx, urls[i], d.event.payload, Sign(d.event.payload, w.cfg.Now(), secrets[i]...)) {
			r.Taken++
			w.taken(d)
		} else {
			r.Refused++
			w.again(d)
		}
	}
	w.mu.Lock()
	r.Waiting = len(w.queue)
	w.mu.Unlock()
	return r
}

// DeliverAll delivers until nothing is due now any more, or rounds are over.
func (w *World) DeliverAll(ctx context.Context, rounds int) (all Report) {
	for range rounds {
		r := w.Deliver(ctx)
		all.Sent, all.Taken, all.Refused, all.Waiting = all.Sent+r.Sent, all.Taken+r.Taken, all.Refused+r.Refused, r.Waiting
		if !w.anyDue() {
			break
		}
	}
	return all
}

func (w *World) anyDue() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.queue, func(d *delivery) bool { return !d.due.After(w.now()) })
}

func (w *World) taken(d *delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d.first && d.event.waiting > 0 {
		d.event.waiting--
	}
}

func (w *World) again(d *delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if all := waits(); d.first && d.tries < len(all) {
		d.due = w.now().Add(all[d.tries])
		d.tries++
		w.queue = append(w.queue, d)
	}
}

// send posts a payload and tells whether it was taken.
func (w *World) send(ctx context.Context, url string, payload []byte, signature string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Stripe-Signature", signature)
	req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	res, err := w.cfg.Client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxBody))
	return res.StatusCode >= 200 && res.StatusCode < 300
}

func decode(b []byte) object {
	var o object
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		panic(err) // only what encode made is read
	}
	return o
}
