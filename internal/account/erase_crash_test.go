package account_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

// eachPlace runs one test on each engine, with the place of its database.
func eachPlace(t *testing.T, fn func(t *testing.T, dir string, cfg db.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		fn(t, dir, db.Config{Path: dbtest.Copy(t, dir)})
	})
	if dbtest.PostgreSQL(t) {
		t.Run("postgresql", func(t *testing.T) {
			t.Parallel()
			fn(t, t.TempDir(), db.Config{URL: dbtest.Database(t)})
		})
	}
}

// fate is what is known of one whose erasure was tried.
type fate struct{ There, Erased, Open bool }

func (w *world) fate(t *testing.T, id string) fate {
	t.Helper()
	erased, open, err := w.Keys.Tombstones()
	must(t, err)
	return fate{There: w.rows(t, "SELECT count(*) FROM account WHERE id = ?", id) > 0, Erased: slices.Contains(erased, id),
		Open: slices.ContainsFunc(open, func(in secret.Intent) bool { return in.ID == id })}
}

var (
	kept = fate{There: true}
	gone = fate{Erased: true}
)

// Whichever call of an erasure fails, and even when only its answer is lost,
// the person is told what is true and the list of tombstones agrees.
func TestEveryFailingCallOfAnErasure(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, dir string, cfg db.Config) {
		var f dbtest.Faults
		cfg.Connector = f.Connector
		w := wire(t, dbtest.Open(t, dir, cfg), origin)
		w.Hold(account.Held{Name: "services", Tables: []string{"service"}, Holder: &services{}})
		faults, n := 0, 0
		sweep := func(how dbtest.Fault) (committed fate) { // of the last call that failed
			for k, fired := 1, true; fired; k++ {
				n++
				p := w.person(t, fmt.Sprintf("person%d", n))
				f.Arm(k, how)
				err := w.Erase(w.ctx, p.by, p.Handle)
				fired = f.Fired()
				f.Arm(0, how)
				if fired {
					faults, committed = faults+1, w.fate(t, p.ID)
				}
				w.isTold(t, p, err, how)
			}
			return committed
		}
		for how, want := range map[dbtest.Fault]fate{dbtest.Before: kept, dbtest.After: gone, dbtest.Down: {There: true, Open: true}} {
			got := sweep(how)
			for again := 0; got != want && again < 3; again++ {
				got = sweep(how) // a connection that was opened anew moved the count past the commit
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("fault %d at the commit (-want +got):\n%s", how, diff)
			}
		}
		if faults < 30 {
			t.Errorf("only %d faults were tried", faults)
		}
	})
}

// isTold checks the answer of an erasure against the tables and the list, and
// that it can be done once the database is back.
func (w *world) isTold(t *testing.T, p person, told error, how dbtest.Fault) {
	t.Helper()
	got := w.fate(t, p.ID)
	if told == nil {
		if got != gone {
			t.Errorf("fault %d: told that all is well, and %+v", how, got)
		}
		return
	}
	if got != kept && (how != dbtest.Down || got != fate{There: true, Open: true}) {
		t.Errorf("fault %d: told %v, and %+v", how, told, got)
	}
	_, err := w.EraseAgain(w.ctx)
	must(t, err)
	if diff := cmp.Diff(kept, w.fate(t, p.ID)); diff != "" {
		t.Errorf("fault %d, settled (-want +got):\n%s", how, diff)
	}
	must(t, w.Erase(w.ctx, p.by, p.Handle))
	if diff := cmp.Diff(gone, w.fate(t, p.ID)); diff != "" {
		t.Errorf("fault %d, tried again (-want +got):\n%s", how, diff)
	}
}

// killed says to a child process whose erasure to begin and where to die.
type killed struct {
	Path, URL, Secrets, ID, Handle string
	Call                           int
	How                            dbtest.Fault
}

const killedBy = "ODUVAN_TEST_KILLED_ERASURE"

// A process is killed before each call of an erasure and after its commit. The
// next one finds out what came of it: nobody is lost, nobody comes back.
func TestKilledWhileErasing(t *testing.T) {
	t.Parallel()
	if order := os.Getenv(killedBy); order != "" {
		eraseAndDie(t, order)
		return
	}
	eachPlace(t, func(t *testing.T, dir string, cfg db.Config) {
		w := wire(t, dbtest.Open(t, dir, cfg), origin)
		last := 0
		for k := 1; last == 0; k++ {
			if id, died := w.kill(t, cfg, k, dbtest.KillBefore); !died {
				last = k - 1 // the commit
				if diff := cmp.Diff(gone, w.fate(t, id)); diff != "" {
					t.Errorf("not killed (-want +got):\n%s", diff)
				}
			} else if diff := cmp.Diff(fate{There: true, Open: w.fate(t, id).Open}, w.fate(t, id)); diff != "" {
				t.Errorf("killed before call %d (-want +got):\n%s", k, diff)
			}
		}
		before, _ := w.kill(t, cfg, last, dbtest.KillBefore)
		if diff := cmp.Diff(fate{There: true, Open: true}, w.fate(t, before)); diff != "" {
			t.Errorf("killed before the commit (-want +got):\n%s", diff)
		}
		after, _ := w.kill(t, cfg, last, dbtest.KillAfter)
		if diff := cmp.Diff(fate{Open: true}, w.fate(t, after)); diff != "" {
			t.Errorf("killed after the commit (-want +got):\n%s", diff)
		}
		n, err := w.EraseAgain(w.ctx)
		if n != 0 || err != nil {
			t.Errorf("%d erased, %v", n, err)
		}
		for id, want := range map[string]fate{before: kept, after: gone} {
			if diff := cmp.Diff(want, w.fate(t, id)); diff != "" {
				t.Errorf("after the restart (-want +got):\n%s", diff)
			}
		}
		if _, open, err := w.Keys.Tombstones(); len(open) > 0 || err != nil {
			t.Errorf("left open: %v, %v", open, err)
		}
	})
}

// kill lets a child process erase somebody new and die at a call.
func (w *world) kill(t *testing.T, cfg db.Config, call int, how dbtest.Fault) (id string, died bool) {
	t.Helper()
	p := w.person(t, fmt.Sprintf("p%d-%d-%d", how, call, w.rows(t, "SELECT count(*) FROM account")))
	order, err := json.Marshal(killed{cfg.Path, cfg.URL, filepath.Join(w.Dir, "secrets"), p.ID, p.Handle, call, how})
	must(t, err)
	child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileErasing$")
	child.Env = append(os.Environ(), killedBy+"="+string(order))
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if died = errors.As(err, &exit) && exit.ExitCode() == -1; !died && err != nil {
		t.Fatalf("the child failed: %v\n%s", err, out)
	}
	return p.ID, died
}

func eraseAndDie(t *testing.T, order string) {
	t.Helper()
	var in killed
	must(t, json.Unmarshal([]byte(order), &in))
	var f dbtest.Faults
	w := wire(t, dbtest.Open(t, filepath.Dir(in.Secrets), db.Config{Path: in.Path, URL: in.URL, Connector: f.Connector}), origin)
	f.Arm(in.Call, in.How)
	must(t, w.Erase(w.ctx, account.Actor{ID: in.ID, Handle: in.Handle}, in.Handle))
}

// A backup put back after a crash that nobody has settled: it is older than
// the intent, so it cannot tell, and the person did ask to be erased.
func TestAnOlderBackupDoesNotUndoAnIntent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, q := w.person(t, "ada"), w.person(t, "ben")
		var now int64
		must(t, w.Read(w.ctx, func(tx *db.Tx) (err error) { now, err = tx.Generation(w.ctx); return err }))
		must(t, w.Keys.IntendTombstone(secret.Intent{ID: p.ID, Generation: now + 1}))
		must(t, w.Keys.IntendTombstone(secret.Intent{ID: q.ID, Generation: now}))
		if n, err := w.EraseAgain(w.ctx); n != 1 || err != nil {
			t.Errorf("%d erased, %v, want 1", n, err)
		}
		for id, want := range map[string]fate{p.ID: gone, q.ID: kept} {
			if diff := cmp.Diff(want, w.fate(t, id)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}

// A serving process settles by itself: what is open, and once what came back.
func TestServingSettlesErasures(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		back, open := w.person(t, "ada"), w.person(t, "ben")
		must(t, w.Keys.AddTombstone(back.ID))
		must(t, w.Keys.IntendTombstone(secret.Intent{ID: open.ID}))
		w.works(t, func() bool { return w.fate(t, back.ID) == gone && w.fate(t, open.ID) == kept })
	})
}

// The folder of secrets cannot be written to: the erasure is refused whole.
func TestNoErasureWithoutItsTombstone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada")
		path := filepath.Join(w.Dir, "secrets", "tombstones")
		must(t, os.Mkdir(path, 0o700))
		err := w.Erase(w.ctx, p.by, "ada")
		if err == nil || len(fault.All(err)) > 0 {
			t.Errorf("got %v, want the trouble itself", err)
		}
		must(t, os.Remove(path))
		if diff := cmp.Diff(kept, w.fate(t, p.ID)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		must(t, w.Erase(w.ctx, p.by, "ada"))
	})
}
