package notice

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/outbound"
)

// pushFor is how long a push is worth sending, by the board and by the push
// service that waits for a browser.
const pushFor = 24 * time.Hour

// recordSize is the size of every push on the wire, whatever it says: the
// library fills it up (RFC 8291 allows up to 4096).
const recordSize = 1024

// Push sends Web Push messages (RFC 8030, 8291, 8292). It is safe for concurrent use.
type Push struct {
	vapid  *VAPID
	client *outbound.Client
	sender string
}

// NewPush makes a sender with the branch's key, through a client that refuses
// addresses inside. The branch's origin is told to push services as the sender
// to complain to.
func NewPush(vapid *VAPID, client *outbound.Client, origin string) *Push {
	sender := origin
	if u, err := url.Parse(origin); err == nil && u.Scheme != "https" {
		sender = "https://" + u.Host // they take nothing else
	}
	return &Push{vapid: vapid, client: client, sender: sender}
}

// outcome is what became of one push.
type outcome int

const (
	sent    outcome = iota
	gone            // the subscription has ended
	refused         // this push will never be taken
	away            // later it may
)

// target is where a browser takes its pushes, as it is sealed in the database.
type target struct {
	Endpoint string   `json:"endpoint"`
	P256DH   string   `json:"p256dh"`
	Auth     string   `json:"auth"`
	Away     *absence `json:"away,omitempty"` // nil: it answered when last asked
}

// send delivers one message; a repeat under the same topic replaces it where it
// still waits.
func (p *Push) send(ctx context.Context, to target, topic string, message []byte) outcome {
	message = slices.Clip(message) // the library pads behind the end, where other sendings of the same message do so too
	res, err := webpush.SendNotificationWithContext(ctx, message,
		&webpush.Subscription{Endpoint: to.Endpoint, Keys: webpush.Keys{P256dh: to.P256DH, Auth: to.Auth}},
		&webpush.Options{HTTPClient: p.client, RecordSize: recordSize, Subscriber: p.sender, Topic: topic,
			TTL: int(pushFor.Seconds()), Urgency: webpush.UrgencyNormal,
			VAPIDPublicKey: p.vapid.public, VAPIDPrivateKey: p.vapid.private})
	switch {
	case errors.Is(err, outbound.ErrRefused):
		return gone // it leads inside: it was never a push service
	case errors.Is(err, outbound.ErrAway):
		return away
	case err != nil:
		return refused
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4096)) // lets the connection be used again
	switch status := res.StatusCode; {
	case status/100 == 2:
		return sent
	case status == http.StatusNotFound, status == http.StatusGone:
		return gone
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500:
		return away
	}
	return refused
}

// pushJob pushes one notice to its account's subscriptions.
type pushJob struct {
	Notice string `json:"notice"`
}

// Kind is the job's word.
func (pushJob) Kind() string { return "notice_push" }

// CallsOutside says that a job waits for servers that a stranger named.
func (pushJob) CallsOutside() {}

// pending is a notice to push and where it has not been yet.
type pending struct {
	now         time.Time
	owner, lang string
	to          []subscription
}

// deliver pushes a notice to each subscription that has not taken it, to all at
// a time: none waits for another's. It fails, so that it is repeated, while one
// of them is away.
func (n *Notices) deliver(ctx context.Context, job pushJob) error {
	if n.push == nil {
		return nil // the operator took the key away
	}
	todo, err := n.pending(ctx, job.Notice)
	if err != nil {
		return err
	}
	message, err := json.Marshal(map[string]string{"text": n.words(todo.lang), "tag": n.named(forTag, todo.owner)})
	if err != nil {
		return err
	}
	done := make(chan error, len(todo.to))
	for _, s := range todo.to {
		go func() { done <- n.pushTo(ctx, s, push{notice: job.Notice, at: todo.now, message: message}) }()
	}
	var trouble error
	for range todo.to {
		if err := <-done; err != nil {
			trouble = err
		}
	}
	return trouble
}

// named is a name for an id that says nothing of it: of a notice for push
// services, of an account for its browsers, where a push takes the place of the
// one that is shown. It has 32 characters, as many as RFC 8030 allows a topic.
func (n *Notices) named(purpose, id string) string {
	return base64.RawURLEncoding.EncodeToString(n.mac(purpose, id)[:24])
}

// pending finds what is left to push: nothing of a notice that was read,
// removed or is too old to matter.
func (n *Notices) pending(ctx context.Context, id string) (out pending, err error) {
	err = n.db.Read(ctx, func(tx *db.Tx) error {
		out = pending{now: tx.Now}
		q := tx.NewSelect().TableExpr("notice AS n").Join("JOIN account AS a ON a.id = n.account_id").Column("a.id", "a.language").
			Where("n.id = ? AND n.read_at IS NULL AND NOT n.removed AND n.created_at > ?", id, tx.Now.Add(-pushFor))
		err := db.One(ctx, q, errUnknown, &out.owner, &out.lang)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.NewSelect().Model(&out.to).Where("account_id = ?", out.owner).
			Where("id NOT IN (SELECT subscription_id FROM push_sent WHERE notice_id = ?)", id).OrderExpr("id").Scan(ctx)
	})
	return out, err
}

// push is one message on its way.
type push struct {
	notice  string
	at      time.Time
	message []byte
}

// pushTo sends to one subscription and keeps what became of it. Once the push
// has left, a stopping program still marks it.
func (n *Notices) pushTo(ctx context.Context, s subscription, p push) error {
	to, ok := n.target(s)
	if to.Away.lasts(p.at) {
		return errAway
	}
	what := gone // sealed under a lost key: nobody can reach it any more
	if ok {
		what = n.push.send(ctx, to, n.named(forTopic, p.notice), p.message)
	}
	stopping := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	switch {
	case what == away && stopping:
		return errAway // the program went away, not the service
	case what == away:
		return n.missed(ctx, s.ID, p.at)
	case what == gone:
		return n.db.Write(ctx, func(tx *db.Tx) error { return forget(ctx, tx, "id = ?", s.ID) })
	case what == refused:
		n.log.Warn("push refused", "kind", pushJob{}.Kind())
	default:
		n.taken.Store(p.at.UnixNano())
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		if to.Away != nil {
			to.Away = nil
			if err := n.reseal(ctx, tx, s.ID, to); err != nil {
				return err
			}
		}
		_, err := tx.NewRaw("INSERT INTO push_sent (notice_id, subscription_id) SELECT n.id, s.id FROM notice AS n, push_subscription AS s "+
			"WHERE n.id = ? AND s.id = ? ON CONFLICT (notice_id, subscription_id) DO NOTHING", p.notice, s.ID).Exec(ctx)
		return err
	})
}

func (n *Notices) target(s subscription) (to target, ok bool) {
	plain, err := n.keys.Open(sealedAs(s.ID), s.Sealed)
	if err != nil {
		return target{}, false
	}
	return to, json.Unmarshal(plain, &to) == nil
}

func sealedAs(id string) string { return "push_subscription/" + id }

// PushKey is the public key by which a browser subscribes, "" where push is off.
func (n *Notices) PushKey() string {
	if n.push == nil {
		return ""
	}
	return n.push.vapid.Public()
}

// host is the push service's name, which tells the browsers of a person apart.
func (t target) host() string {
	u, err := url.Parse(t.Endpoint)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
