package meili

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/meilisearch/meilisearch-go"
)

// Rotation changes a board's two keys for new ones. It alone takes the server's
// master key (or another key that may manage keys), and forgets it afterwards.
type Rotation struct {
	URL    string
	Master string
	Prefix string           // as in Config; empty: DefaultPrefix
	HTTP   *http.Client     // nil: one of our own
	Now    func() time.Time // for the breaker only
}

// What each key may do. Neither may make keys.
var (
	searchActions = [...]string{"search"}
	adminActions  = [...]string{"search", "documents.add", "documents.get", "documents.delete", "indexes.create", "indexes.get", "indexes.delete",
		"indexes.swap", "settings.get", "settings.update", "tasks.get", "stats.get"}
)

// names are how the keys are called on the server, by which old ones are known.
func (r Rotation) names() (search, admin string) {
	return "oduvan search " + r.prefix(), "oduvan admin " + r.prefix()
}

func (r Rotation) prefix() string {
	if r.Prefix == "" {
		return DefaultPrefix
	}
	return r.Prefix
}

func (r Rotation) client() *client {
	return newClient(Config{URL: r.URL, HTTP: r.HTTP, Now: r.Now, Keys: func() (Keys, error) { return Keys{Admin: r.Master, Search: r.Master}, nil }})
}

// Make makes two new keys beside those there are, and proves that both work.
// Faults: ErrRefused for a wrong master key, ErrAway.
func (r Rotation) Make(ctx context.Context) (Keys, error) {
	c := r.client()
	searchName, adminName := r.names()
	var made Keys
	for _, k := range []struct {
		name    string
		actions []string
		into    *string
	}{{searchName, searchActions[:], &made.Search}, {adminName, adminActions[:], &made.Admin}} {
		err := c.do(ctx, "make key", true, func(ctx context.Context, m meilisearch.ServiceManager) error {
			key, err := m.CreateKeyWithContext(ctx, &meilisearch.Key{Name: k.name, Description: "Made by oduvan keys search.",
				Actions: k.actions, Indexes: []string{r.prefix() + "_*"}})
			if err != nil {
				return err
			}
			*k.into = key.Key
			return nil
		})
		if err != nil {
			return Keys{}, err
		}
	}
	return made, r.Prove(ctx, made)
}

// Prove asks the server something with each key.
func (r Rotation) Prove(ctx context.Context, keys Keys) error {
	c := newClient(Config{URL: r.URL, HTTP: r.HTTP, Now: r.Now, Keys: func() (Keys, error) { return keys, nil }})
	e := &Engine{prefix: r.prefix(), client: c}
	_, err := e.facts(ctx)
	if errors.Is(err, errMissing) {
		err = nil // nothing was ever indexed
	}
	also := c.do(ctx, "look at index", true, func(ctx context.Context, m meilisearch.ServiceManager) error {
		_, err := m.GetIndexWithContext(ctx, e.live())
		return err
	})
	if errors.Is(also, errMissing) {
		also = nil
	}
	return errors.Join(err, also)
}

// DropOthers deletes every key of this board but those in use, and tells how many.
func (r Rotation) DropOthers(ctx context.Context, inUse Keys) (dropped int, err error) {
	const page = 100
	c := r.client()
	searchName, adminName := r.names()
	var old []string
	for offset := int64(0); ; offset += page {
		var list *meilisearch.KeysResults
		err := c.do(ctx, "list keys", true, func(ctx context.Context, m meilisearch.ServiceManager) (err error) {
			list, err = m.GetKeysWithContext(ctx, &meilisearch.KeysQuery{Limit: page, Offset: offset})
			return err
		})
		if err != nil {
			return 0, err
		}
		for _, k := range list.Results {
			if (k.Name == searchName || k.Name == adminName) && k.Key != inUse.Search && k.Key != inUse.Admin {
				old = append(old, k.UID)
			}
		}
		if len(list.Results) < page {
			break
		}
	}
	for _, uid := range old {
		err := c.do(ctx, "delete key", true, func(ctx context.Context, m meilisearch.ServiceManager) error {
			_, err := m.DeleteKeyWithContext(ctx, uid)
			return err
		})
		if err != nil {
			return dropped, err
		}
		dropped++
	}
	return dropped, nil
}

// Whole tells whether both keys are there, and neither is what a person might
// have pasted by mistake.
func (k Keys) Whole() bool {
	return k.Search != "" && k.Admin != "" && !strings.ContainsAny(k.Search+k.Admin, " \r\n\t")
}

// String hides the keys from logs.
func (k Keys) String() string { return "meili.Keys(hidden)" }

// GoString hides the keys from logs.
func (k Keys) GoString() string { return k.String() }
