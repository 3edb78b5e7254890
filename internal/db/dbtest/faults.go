package dbtest

import (
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"sync/atomic"
)

// ErrFault is the planted failure.
var ErrFault = errors.New("dbtest: planted database fault")

// Fault says how a call fails.
type Fault int

// The faults: the call fails before anything happens; it is applied and its
// answer is lost; it and every later one fail, as without a database; the
// process is killed before it or after it, and no deferred call runs.
const (
	Before Fault = iota
	After
	Down
	KillBefore
	KillAfter
)

// Faults fails the k-th call to the database, counting statements, begins and
// commits of all connections. The zero value fails none.
type Faults struct {
	calls atomic.Int64
	at    atomic.Int64
	how   atomic.Int64
}

// Arm makes the k-th call from now fail; 0 disarms.
func (f *Faults) Arm(k int, how Fault) {
	f.calls.Store(0)
	f.how.Store(int64(how))
	f.at.Store(int64(k))
}

// Fired tells whether the armed call has come.
func (f *Faults) Fired() bool { return f.at.Load() > 0 && f.calls.Load() >= f.at.Load() }

// Connector puts the faults before a driver, for db.Config.Connector.
func (f *Faults) Connector(c driver.Connector) driver.Connector { return faultyConnector{c, f} }

func (f *Faults) call(do func() error) error {
	at, how := f.at.Load(), Fault(f.how.Load())
	if at == 0 {
		return do()
	}
	n := f.calls.Add(1)
	if n < at || n > at && how != Down {
		return do()
	}
	switch how {
	case Before, Down:
		return ErrFault
	case KillBefore:
		kill()
	}
	err := do()
	if how == KillAfter {
		kill()
	}
	if err != nil {
		return err
	}
	return ErrFault
}

func kill() {
	if self, err := os.FindProcess(os.Getpid()); err != nil || self.Kill() != nil {
		panic("dbtest: a process that cannot be killed")
	}
	select {} // the signal arrives at any moment
}

type faultyConnector struct {
	driver.Connector
	f *Faults
}

// Connect opens a connection whose calls may fail.
func (c faultyConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &faultyConn{conn, c.f}, nil
}

type faultyConn struct {
	driver.Conn
	f *Faults
}

// BeginTx counts as a call.
func (c *faultyConn) BeginTx(ctx context.Context, opts driver.TxOptions) (tx driver.Tx, err error) {
	err = c.f.call(func() (err error) {
		tx, err = c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts) //nolint:forcetypeassert // both drivers have it
		return err
	})
	if err != nil && tx != nil {
		_ = tx.Rollback()
	}
	return faultyTx{tx, c.f}, err
}

// ExecContext counts as a call.
func (c *faultyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (res driver.Result, err error) {
	err = c.f.call(func() (err error) {
		res, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args) //nolint:forcetypeassert // both drivers have it
		return err
	})
	return res, err
}

// QueryContext counts as a call.
func (c *faultyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = c.f.call(func() (err error) {
		rows, err = c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args) //nolint:forcetypeassert // both drivers have it
		return err
	})
	if err != nil && rows != nil {
		_ = rows.Close()
	}
	return rows, err
}

// CheckNamedValue is the driver's.
func (c *faultyConn) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.Conn.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// ResetSession is the driver's.
func (c *faultyConn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

type faultyTx struct {
	driver.Tx
	f *Faults
}

// Commit counts as a call; after a fault before it the transaction is undone,
// as a lost connection would undo it.
func (t faultyTx) Commit() error {
	done := false
	err := t.f.call(func() error {
		done = true
		return t.Tx.Commit()
	})
	if !done {
		_ = t.Tx.Rollback()
	}
	return err
}
