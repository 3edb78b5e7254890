package notice

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
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
	Endpoint string `json:"endpoint"`
	P256DH   string `json:"p256dh"`
	Auth     string `json:"auth"`
}

// send delivers one message; a repeat under the same topic replaces it where it
// still waits.
func (p *Push) send(ctx context.Context, to target, topic string, message []byte) outcome {
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

// pending is a notice to push and where it has not been yet.
type pending struct {
	lang string
	to   []subscription
}

// deliver pushes a notice to each subscription that has not taken it. It fails,
// so that it is repeated, while one of them is away.
func (n *Notices) deliver(ctx context.Context, job pushJob) error {
	if n.push == nil {
		return nil // the operator took the key away
	}
	todo, err := n.pending(ctx, job.Notice)
	if err != nil {
		return err
	}
	topic := n.topic(job.Notice)
	message, err := json.Marshal(map[string]string{"text": n.words(todo.lang), "tag": topic})
	if err != nil {
		return err
	}
	var trouble error
	for _, s := range todo.to {
		if err := n.pushTo(ctx, job.Notice, s, message); err != nil {
			trouble = err
		}
	}
	return trouble
}

// topic names a notice to push services and browsers without saying which it
// is: 32 characters, as many as RFC 8030 allows.
func (n *Notices) topic(id string) string {
	sum := n.keys.MAC(forTopic, []byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}

// pending finds what is left to push: nothing of a notice that was read,
// removed or is too old to matter.
func (n *Notices) pending(ctx context.Context, id string) (out pending, err error) {
	err = n.db.Read(ctx, func(tx *db.Tx) error {
		out = pending{}
		var owner string
		q := tx.NewSelect().TableExpr("notice AS n").Join("JOIN account AS a ON a.id = n.account_id").Column("a.id", "a.language").
			Where("n.id = ? AND n.read_at IS NULL AND NOT n.removed AND n.created_at > ?", id, tx.Now.Add(-pushFor))
		err := db.One(ctx, q, errUnknown, &owner, &out.lang)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.NewSelect().Model(&out.to).Where("account_id = ?", owner).
			Where("id NOT IN (SELECT subscription_id FROM push_sent WHERE notice_id = ?)", id).OrderExpr("id").Scan(ctx)
	})
	return out, err
}

// pushTo sends to one subscription and keeps what became of it. Once the push
// has left, a stopping program still marks it.
func (n *Notices) pushTo(ctx context.Context, id string, s subscription, message []byte) error {
	to, ok := n.target(s)
	what := gone // sealed under a lost key: nobody can reach it any more
	if ok {
		what = n.push.send(ctx, to, n.topic(id), message)
	}
	ctx = context.WithoutCancel(ctx)
	switch what {
	case away:
		return fault.Of(fault.Unavailable, "push_away")
	case gone:
		return n.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.NewDelete().Model((*subscription)(nil)).Where("id = ?", s.ID).Exec(ctx)
			return err
		})
	case refused:
		n.log.Warn("push refused", "kind", pushJob{}.Kind())
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewRaw("INSERT INTO push_sent (notice_id, subscription_id) SELECT n.id, s.id FROM notice AS n, push_subscription AS s "+
			"WHERE n.id = ? AND s.id = ? ON CONFLICT (notice_id, subscription_id) DO NOTHING", id, s.ID).Exec(ctx)
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
