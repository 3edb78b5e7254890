package apptest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// How often the program is killed in a storm of purchases: over both engines
// here, ODUVAN_TEST_KILLS times by night. A board is killed boardKills times, then
// another takes its place, so that a long run does not audit ever more.
const (
	stormKills = 40
	boardKills = 20
)

// TestPurchaseStorm builds the program, lets people buy and sell licences by
// the API and by forms in every way there is, and ends it by SIGKILL at a random
// moment around one of their acts, again and again on the same data. After each
// kill the audit is clean, everything that was answered is there and nothing is
// there twice; who got no answer asks again, and that has one effect.
func TestPurchaseStorm(t *testing.T) {
	t.Parallel()
	kills := stormKills
	if given, err := strconv.Atoi(os.Getenv("ODUVAN_TEST_KILLS")); err == nil && given > 0 {
		kills = given
	}
	binary := filepath.Join(t.TempDir(), "oduvan")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/oduvan").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	var between atomic.Int64
	t.Cleanup(func() { // all engines are through by then
		if between.Load() == 0 {
			t.Error("no kill fell between a commit and its answer: the test shows nothing")
		}
	})
	try := func(t *testing.T, rnd *rand.Rand, kills int, database func() string) {
		var all tally
		for left := kills; left > 0 && !t.Failed(); left -= boardKills {
			one := newStorm(t, binary, database(), rnd, min(left, boardKills))
			one.run()
			all.add(one.tally)
		}
		t.Logf("%s", all)
		between.Add(int64(all.between))
	}
	engines := 1
	if dbtest.PostgreSQL(t) {
		engines = 2
		t.Run("postgresql", func(t *testing.T) {
			t.Parallel()
			try(t, seeded(t), kills/engines, func() string { return dbtest.Database(t) })
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		try(t, seeded(t), kills/engines, func() string { return "" })
	})
}

// tally is what a storm comes to.
type tally struct {
	kills, between                      int // the second: at least one act was done and not answered
	acts, answered, unheard, never      int
	orders, paid, certificates, refunds int
	busy, again, lost, doubled, audits  int
}

func (a *tally) add(b tally) {
	a.kills, a.between, a.audits = a.kills+b.kills, a.between+b.between, a.audits+b.audits
	a.acts, a.answered, a.unheard, a.never, a.again = a.acts+b.acts, a.answered+b.answered, a.unheard+b.unheard, a.never+b.never, a.again+b.again
	a.orders, a.paid, a.certificates, a.refunds = a.orders+b.orders, a.paid+b.paid, a.certificates+b.certificates, a.refunds+b.refunds
	a.busy, a.lost, a.doubled = a.busy+b.busy, a.lost+b.lost, a.doubled+b.doubled
}

// String is the line that is published.
func (a tally) String() string {
	return fmt.Sprintf("%d kills, %d of them between a commit and its answer; %d acts: %d answered, %d done without an answer, %d that never arrived, %d of both refused for want of time, %d asked again; "+
		"%d orders, %d paid, %d certificates read, %d refunds; %d audits clean; lost %d, doubled %d",
		a.kills, a.between, a.acts, a.answered, a.unheard, a.never, a.busy, a.again, a.orders, a.paid, a.certificates, a.refunds, a.audits, a.lost, a.doubled)
}

// storm is a board whose program is killed again and again while people buy.
type storm struct {
	mortal
	tally     tally
	sellers   []keeper
	buyers    []customer
	moderator soul
	prepared  int // runs

	deals []*deal
	deeds []*deed
}

// keeper is a seller with a work and two offers for it.
type keeper struct {
	customer
	work       string
	paid, free string // ids of offers
}

// customer is somebody who uses the API, and forms where there is a session.
type customer struct {
	soul
	cookies, csrf string
}

// deal is one order as those see it who made it.
type deal struct {
	buyer   customer
	seller  keeper
	offer   string
	renews  string // id of a licence
	amount  int64
	id      string // of the order; empty until it was told
	licence string
	jwt     string // the certificate, once it was read
}

// deed is one act upon a deal.
type deed struct {
	*deal
	by      customer
	does    string // what books count, such as "claim"
	method  string
	path    string // behind the order's address
	body    string
	form    bool
	key     string // Idempotency-Key
	race    bool   // another act may have been faster: a refusal is right
	heard   bool
	refused bool
	again   bool // it was repeated after a kill
}

// run kills the program as often as it was prepared for.
func (s *storm) run() {
	for run := range s.prepared {
		s.once(run)
		if s.t.Failed() {
			return
		}
	}
	s.revive()
	_ = s.program.Process.Kill()
	_ = s.program.Wait()
	s.audited()
	for _, d := range s.deals {
		if d.jwt != "" {
			s.tally.certificates++
		}
	}
}

// once starts the program, lets everybody act, and kills it around one act.
func (s *storm) once(run int) {
	s.t.Helper()
	s.revive()
	// The moment is random on purpose: from the first byte of some act's request
	// to a little after its answer, by what answers took so far.
	victim, delay := s.rnd.Int64N(stormPairs*stormCrowd*7), time.Duration(s.rnd.Int64N(int64(2*s.typical())))
	var begun atomic.Int64
	dead := make(chan struct{})
	var kill sync.Once
	end := func() {
		kill.Do(func() {
			_ = s.program.Process.Kill()
			close(dead)
		})
	}
	s.trigger = func() {
		if begun.Add(1)-1 == victim {
			time.AfterFunc(delay, end)
		}
	}
	first := len(s.deeds)
	var pairs sync.WaitGroup
	for n := range stormPairs * stormCrowd {
		i := n % stormPairs
		pairs.Go(func() {
			scripts[i](s, s.buyers[run*stormPairs*stormCrowd+n], s.sellers[i], s.sellers[(i+1)%stormPairs])
		})
	}
	pairs.Wait()
	if begun.Load() > victim {
		<-dead
	}
	end()
	_ = s.program.Wait()
	s.http.CloseIdleConnections()
	s.tally.kills++
	s.account(fmt.Sprintf("run %d, killed %v after the first byte of act %d", run, delay, victim), s.deeds[first:])
}

// revive starts the program on what the last kill left, and lets everybody who
// got no answer ask once more, as people do. Certificates come out as they were.
func (s *storm) revive() {
	s.t.Helper()
	s.launch()
	s.trigger = func() {}
	repeated := 0
	for _, d := range s.deeds {
		if d.heard || d.refused || d.again {
			continue
		}
		d.again, repeated = true, repeated+1
		s.repeat(d)
	}
	s.tally.again += repeated
	for _, d := range s.deals {
		if d.licence == "" || d.jwt != "" && s.rnd.IntN(8) > 0 {
			continue
		}
		if jwt := s.certificate(d); d.jwt == "" {
			d.jwt = jwt
		} else if jwt != d.jwt {
			s.t.Errorf("the certificate of %s is another one after a restart", d.licence)
		}
	}
	if repeated > 0 {
		s.settled()
	}
}

// repeat sends an act again that got no answer: with its key first, if it had
// one, which may still be busy, and then without.
func (s *storm) repeat(d *deed) {
	s.t.Helper()
	status, body, location := s.patient(d, d.key)
	if status == http.StatusConflict && d.key != "" && code(body) == "idempotency_key_busy" {
		status, body, location = s.patient(d, "")
	}
	switch {
	case status/100 == 2 || status == http.StatusSeeOther:
		s.learn(d, body, location)
	case status == http.StatusConflict || status == http.StatusForbidden && d.form: // it was done
	case status == http.StatusNotFound && d.does == "decide": // it was done, and is the moderator's no more
	default:
		s.t.Errorf("%s of %s, repeated: got %d %s", d.does, d.id, status, body)
	}
}

// account holds what a kill left to what was answered.
func (s *storm) account(when string, deeds []*deed) {
	s.t.Helper()
	found := s.ledger(when)
	sent, heard := counted(deeds)
	between := false
	for _, d := range deeds {
		s.tally.acts++
		if d.heard {
			s.tally.answered++
		}
	}
	for what, n := range sent {
		done := found.done[what]
		switch h := heard[what]; {
		case done < h:
			s.tally.lost += h - done
			s.t.Errorf("%s: %s was answered %d times and is there %d times\n%s", when, what, h, done, s.console)
		case done > n:
			s.tally.doubled += done - n
			s.t.Errorf("%s: %s was asked %d times and done %d times\n%s", when, what, n, done, s.console)
		default:
			s.tally.unheard, s.tally.never = s.tally.unheard+done-h, s.tally.never+n-done
			between = between || done > h
		}
	}
	if between {
		s.tally.between++
	}
	s.unasked(when, found)
}

// settled demands that after the repeats each act has had its one effect.
func (s *storm) settled() {
	s.t.Helper()
	found := s.ledger("repeated acts")
	sent, _ := counted(s.deeds)
	for what, n := range sent {
		if done := found.done[what]; done != n {
			s.t.Errorf("repeated acts: %s was asked %d times and is there %d times\n%s", what, n, done, s.console)
		}
	}
	s.unasked("repeated acts", found)
	s.tally.orders, s.tally.paid, s.tally.refunds = found.orders, found.paid, found.refunds
}

// unasked refuses what nobody asked for.
func (s *storm) unasked(when string, found stormBooks) {
	s.t.Helper()
	sent, _ := counted(s.deeds)
	for _, d := range s.deeds {
		if d.race {
			sent[d.what()]++
		}
	}
	for what, done := range found.done {
		if done > sent[what] {
			s.tally.doubled++
			s.t.Errorf("%s: %s was asked %d times and done %d times", when, what, sent[what], done)
		}
	}
}

// what names an act's effect, the same for all acts that have it together.
func (d *deed) what() string { return d.deal.name() + " " + d.does }

// name is how the books know a deal: by the buyer and the word that makes two
// clicks one order.
func (d *deal) name() string {
	if d.renews != "" {
		return d.buyer.id + " renews/" + d.renews
	}
	return d.buyer.id + " " + d.offer + "/" + strconv.Itoa(stormDays) + "/RUB"
}

// counted is how often each effect was asked for and answered; an act that lost
// a race has none.
func counted(deeds []*deed) (sent, heard map[string]int) {
	sent, heard = map[string]int{}, map[string]int{}
	for _, d := range deeds {
		if d.race { // either is right
			continue
		}
		sent[d.what()]++
		if d.heard {
			heard[d.what()]++
		}
	}
	return sent, heard
}

// audited lets the program itself judge, as an operator would.
func (s *storm) audited() {
	s.t.Helper()
	cmd := exec.Command(s.binary, "audit", "--json", "--data", s.dir)
	cmd.Env = append(os.Environ(), "ODUVAN_URL=", "ODUVAN_DATABASE_URL="+s.database)
	out, err := cmd.Output()
	var report struct {
		OK      bool
		Checked int
	}
	if err != nil || json.Unmarshal(out, &report) != nil || !report.OK || report.Checked < 20 {
		s.t.Errorf("audit: %v\n%s", err, out)
	}
	s.tally.audits++
}

// judged opens the board as another program would, after the kill, and asks
// every invariant.
func (s *storm) judged(when string, a *app.App) {
	s.t.Helper()
	report, err := a.Audit.Run(context.Background())
	must(s.t, err)
	if !report.OK {
		s.t.Errorf("%s:\n%s\n%s", when, report, s.console)
		return
	}
	s.tally.audits++
}

// opened is the board between two runs of the program.
func (s *storm) opened() *app.App {
	s.t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.DatabaseURL = s.dir, s.database
	a, err := app.New(context.Background(), cfg, app.Options{NoSync: true, NoIndex: true, NoLimits: true})
	must(s.t, err)
	return a
}
