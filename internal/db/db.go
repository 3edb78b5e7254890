// Package db is the only way to the database: SQLite in the data folder or
// PostgreSQL. It promises that every row of one unit of work carries the same
// instant, that a job or a change-log entry exists exactly when the rows that
// caused it do, and that a driver's error leaves as a fault without values in
// it. It refuses a second way in: there is Write, there is Read.
package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/sync/semaphore"

	"github.com/tmoeg/oduvan/internal/failpoint"
)

// Engine names a database engine.
type Engine string

// The two engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgresql"
)

// Config says which database to open. The zero value of every field but the
// place is usable.
type Config struct {
	URL       string                                  // postgres://… ; empty: SQLite
	Path      string                                  // SQLite file, used when URL is empty
	Clock     func() time.Time                        // nil: the system's clock
	Random    io.Reader                               // source of ids; nil: crypto/rand
	Log       *slog.Logger                            // nil: discards
	Poll      time.Duration                           // how often jobs are looked for; 0: 200 ms
	NoSync    bool                                    // tests only: do not wait for the disk
	Connector func(driver.Connector) driver.Connector // tests only: puts faults before the driver
}

// DB is an open database with its jobs.
type DB struct {
	engine  Engine
	writer  *bun.DB
	reader  *bun.DB
	clock   func() time.Time
	random  *lockedReader
	log     *slog.Logger
	jobs    *jobs
	due     map[string]DueFunc
	sweeps  []func(context.Context) error
	queries *queryCounter
	turns   *semaphore.Weighted      // of units of work for the writer's connections
	ask     atomic.Pointer[sql.Stmt] // of Generation
}

// Open opens the database without touching its schema; Migrate does that.
func Open(cfg Config) (*DB, error) {
	d := &DB{engine: SQLite, clock: cfg.Clock, log: cfg.Log, due: map[string]DueFunc{dueForget: forget}, queries: &queryCounter{}}
	if d.clock == nil {
		d.clock = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	d.random = &lockedReader{r: cfg.Random}
	if cfg.Connector == nil {
		cfg.Connector = func(c driver.Connector) driver.Connector { return c }
	}
	open := openSQLite
	if cfg.URL != "" {
		d.engine, open = PostgreSQL, openPostgreSQL
	}
	var err error
	if d.writer, d.reader, err = open(cfg); err != nil {
		return nil, err
	}
	d.turns = semaphore.NewWeighted(int64(max(d.writer.Stats().MaxOpenConnections-spare, 1)))
	d.writer.AddQueryHook(d.queries)
	if d.reader != d.writer {
		d.reader.AddQueryHook(d.queries)
	}
	if d.jobs, err = newJobs(d, cfg.Poll); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	Handle(d, d.sweep)
	return d, nil
}

// Close ends all connections.
func (d *DB) Close() error {
	var err error
	if stmt := d.ask.Load(); stmt != nil {
		err = stmt.Close()
	}
	err = errors.Join(err, d.writer.Close())
	if d.reader != d.writer {
		err = errors.Join(d.reader.Close(), err)
	}
	return err
}

// Engine tells which engine is open.
func (d *DB) Engine() Engine { return d.engine }

// Now is the program's clock: UTC, cut to microseconds, as both engines keep it.
func (d *DB) Now() time.Time { return d.clock().UTC().Truncate(time.Microsecond) }

// Ping fails with Unavailable when the database does not answer.
func (d *DB) Ping(ctx context.Context) error {
	return d.Read(ctx, func(tx *Tx) error {
		var one int
		return tx.NewRaw("SELECT 1").Scan(ctx, &one)
	})
}

// Read runs fn on one consistent view of the database. What fn returns is
// returned, driver errors folded to faults.
func (d *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if d.engine == PostgreSQL {
		opts.Isolation = sql.LevelRepeatableRead // SQLite's only way is one view already
	}
	return d.fold(outOfTime(ctx, d.run(ctx, d.reader, opts, fn)))
}

// Write runs fn in one transaction and commits if it returns nil. On
// PostgreSQL fn runs again after a serialization failure or a deadlock, so it
// may touch only tx and what it made itself. A verb inside fn must take tx:
// calling Write again would wait for itself on SQLite.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	var err error
	for try := range writeTries {
		if err = d.run(ctx, d.writer, nil, fn); err == nil || !retryable(err) {
			break
		}
		if !pause(ctx, time.Duration(try+1)*10*time.Millisecond) {
			break
		}
	}
	return d.fold(outOfTime(ctx, err))
}

// outOfTime calls a deadline by its name: database/sql tells it as a
// cancellation when it undoes the transaction first.
func outOfTime(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return err
}

const writeTries = 5

// spare connections of the writer's pool are left to jobs and to whoever has no
// turn to wait for.
const spare = 1

// inTurn lets whoever came first work first: a pool hands a free connection to
// anyone who waits, and the unlucky would wait many times longer than the others.
func (d *DB) inTurn(ctx context.Context, on *bun.DB) (done func(), err error) {
	if on != d.writer {
		return func() {}, nil
	}
	if err := d.turns.Acquire(ctx, 1); err != nil {
		return nil, beginError{err}
	}
	return func() { d.turns.Release(1) }, nil
}

func (d *DB) run(ctx context.Context, on *bun.DB, opts *sql.TxOptions, fn func(*Tx) error) (err error) {
	over, err := d.inTurn(ctx, on)
	if err != nil {
		return err
	}
	defer over()
	inner, err := on.BeginTx(ctx, opts)
	if err != nil {
		return beginError{err}
	}
	tx := &Tx{Tx: inner, Now: d.Now(), db: d}
	done := false
	defer func() {
		if !done {
			_ = inner.Rollback()
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if opts != nil {
		return nil // a read has nothing to keep
	}
	if err := tx.atLast(ctx); err != nil {
		return err
	}
	if err := failpoint.Hit(failpoint.DBBeforeCommit); err != nil {
		return err
	}
	done = true
	if err := inner.Commit(); err != nil {
		return commitError{err}
	}
	return failpoint.Hit(failpoint.DBAfterCommit)
}

// beginError marks an error before anything ran: safe to repeat.
type beginError struct{ error }

// Unwrap gives the driver's error.
func (e beginError) Unwrap() error { return e.error }

// commitError marks an error of the commit itself: it may have been applied.
type commitError struct{ error }

// Unwrap gives the driver's error.
func (e commitError) Unwrap() error { return e.error }

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

// Read fills p from the source, one caller at a time.
func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return io.ReadFull(l.r, p)
}

func (d *DB) bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := d.random.Read(b); err != nil {
		panic(fmt.Errorf("the random source failed: %w", err))
	}
	return b
}
