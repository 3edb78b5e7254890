// Package meili is the search engine over a Meilisearch server, for a board of
// many processes that share one index. It promises what the embedded engine
// promises and reads texts alike: words are levelled by package norm before
// they are sent, so the server neither stems nor corrects; which things are
// found is said by filters over exact terms; the server counts facets, sorts,
// and ranks by where the words stand; quality and the newcomers' share are
// added here over the first places. A batch of changes, deletions as well, and
// the cursor beside it is one task of the server, so they become visible
// together; a reindex is built aside and swapped in.
//
// The vocabulary that repairs queries lives in every process. It is not sent
// about: every document carries its terms (attribute t) and the first few of
// each stem its written form (attribute w). A process that starts reads both
// with their counts as two facets of one question; afterwards it reads what
// documents were written since (attribute seq) whenever an answer shows a newer
// cursor. Whoever feeds the index learns while feeding.
//
// It refuses to hold the server's master key, to retry on its own while the
// server is away (a breaker answers at once, and who asks falls back), and to
// let a key, a request or a text into an error.
package meili

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/reading"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// DefaultPrefix begins the names of our indexes when none is configured.
const DefaultPrefix = "oduvan"

// Config is what an engine is made of.
type Config struct {
	URL      string               // the server's address
	Keys     func() (Keys, error) // reads the keys; asked again when the server refuses them
	Prefix   string               // of the indexes' names, for several boards on one server; empty: DefaultPrefix
	Taxonomy *taxonomy.Taxonomy
	Now      func() time.Time // for the breaker and for pauses only
	Log      *slog.Logger     // nil: discards
	HTTP     *http.Client     // nil: one of our own
	Poll     time.Duration    // how often a task is looked at; 0: 50 ms
}

// Engine implements search.Engine. Make one with Open.
type Engine struct {
	client   *client
	norm     *norm.Normaliser
	complete *reading.Completer
	prefix   string
	print    string
	log      *slog.Logger
	now      func() time.Time

	write    sync.Mutex // one writer at a time
	prepared bool       // the index is there and of our format, under write

	reading  sync.Mutex // one reading of the vocabulary at a time
	lexicon  atomic.Pointer[lexicon]
	behind   sync.WaitGroup // readings in the background
	looked   atomic.Int64   // when the vocabulary was last read, in unix milliseconds
	closed   atomic.Bool
	stop     context.Context // ends with Close
	shutdown context.CancelFunc
}

var _ search.Engine = (*Engine)(nil)

// formatVersion changes whenever documents or settings of an earlier build do
// not serve this one.
const formatVersion = "2"

// Open makes an engine. It asks the server nothing, so it cannot fail: a
// server that is away shows in the calls.
func Open(cfg Config) *Engine {
	if cfg.Prefix == "" {
		cfg.Prefix = DefaultPrefix
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Poll <= 0 {
		cfg.Poll = 50 * time.Millisecond
	}
	n := norm.New(cfg.Taxonomy)
	e := &Engine{client: newClient(cfg), norm: n, complete: reading.NewCompleter(n, cfg.Taxonomy), prefix: cfg.Prefix,
		print: formatVersion + "/" + norm.Version + "/" + cfg.Taxonomy.Fingerprint(), log: cfg.Log, now: cfg.Now}
	e.stop, e.shutdown = context.WithCancel(context.Background())
	return e
}

// live is the name of the index that is searched.
func (e *Engine) live() string { return e.prefix + "_live" }

// next is the name of the index that is being built.
func (e *Engine) next() string { return e.prefix + "_next" }

// Away tells whether the server has failed so often that it is given a rest.
func (e *Engine) Away() bool { return e.client.breaker.open() }

func (e *Engine) usable(ctx context.Context) error {
	if e.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

// Close implements search.Engine.
func (e *Engine) Close() error {
	if e.closed.Swap(true) {
		return nil
	}
	e.shutdown()
	e.write.Lock() // a write under way ends first
	defer e.write.Unlock()
	e.reading.Lock()
	defer e.reading.Unlock()
	e.behind.Wait()
	e.client.http.CloseIdleConnections()
	return nil
}
