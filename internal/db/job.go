package db

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/tmoeg/oduvan/internal/failpoint"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Job is what has to be done after a commit: a plain struct of ids. Kind is its
// stable word of at least two letters. Arguments are stored, so they hold no
// text of a person.
type Job interface{ Kind() string }

// Outside is a Job that calls a server outside, which strangers may choose and
// which may be slow. Such jobs have workers of their own: however long they
// wait, deadlines and all other jobs go on.
type Outside interface {
	Job
	CallsOutside()
}

// Repeated is a Job that a deadline enqueues again for as long as it is needed,
// so it is given up after a few tries: what cannot be done for a week leaves no
// week of jobs behind. Two with the same ids may wait: one that runs has perhaps
// read already what the other is to tell, and one whose process was killed stands
// as running for some minutes.
type Repeated interface {
	Job
	IsRepeated()
}

// triesRepeated is how often a Repeated job is tried; River's pauses between them
// are 1, 16 and 81 seconds.
const triesRepeated = 4

// The queues, each with how many of its jobs run at a time in one process.
const (
	queueOutside   = "outside"
	workersOutside = 8
	workersInside  = 4
)

const defaultPoll = 200 * time.Millisecond

// jobs runs on River by the real clock, in tests as well: a fixed one would
// mix with the server's, and River would rescue jobs that just began.
type jobs struct {
	driver  riverdriver.Driver[*sql.Tx]
	insert  *river.Client[*sql.Tx]
	workers *river.Workers
	config  river.Config
}

func newJobs(d *DB, poll time.Duration) (*jobs, error) {
	if poll == 0 {
		poll = defaultPoll
	}
	j := &jobs{driver: riversqlite.New(d.writer.DB), workers: river.NewWorkers()}
	if d.engine == PostgreSQL {
		j.driver = riverdatabasesql.New(d.writer.DB)
	}
	j.config = river.Config{
		ID:                   hex.EncodeToString(d.bytes(8)), // the default holds the host's name
		FetchPollInterval:    poll,
		FetchCooldown:        min(poll, 100*time.Millisecond),
		JobTimeout:           time.Minute,
		RescueStuckJobsAfter: 5 * time.Minute,               // of a killed process; by default an hour
		Logger:               slog.New(slog.DiscardHandler), // it prints errors raw; work logs ours
		TestOnly:             poll < defaultPoll,            // no random delays at start
	}
	var err error
	insert := j.config
	j.insert, err = river.NewClient(j.driver, &insert)
	return j, err
}

// Enqueue inserts a job in the same transaction: it will run if and only if
// this unit of work commits, at least once.
func (tx *Tx) Enqueue(ctx context.Context, job Job) error {
	var opts river.InsertOpts
	if _, ok := job.(Outside); ok {
		opts.Queue = queueOutside
	}
	if _, ok := job.(Repeated); ok {
		opts.MaxAttempts = triesRepeated
	}
	_, err := tx.db.jobs.insert.InsertTx(ctx, tx.Tx.Tx, job, &opts)
	return err
}

// Handle says who does jobs of a kind. The function runs outside any
// transaction, at least once per job, and is repeated after an error with
// growing pauses. Call it while wiring, before Work.
func Handle[T Job](d *DB, fn func(context.Context, T) error) {
	river.AddWorker(d.jobs.workers, river.WorkFunc(func(ctx context.Context, job *river.Job[T]) (err error) {
		defer func() {
			if v := recover(); v != nil {
				d.log.Error("job panicked", "kind", job.Kind, "stack", string(debug.Stack()))
				err = errors.New("panic")
			}
		}()
		if err = work(ctx, job.Args, fn); err == nil {
			return nil
		}
		d.log.Warn("job failed", "kind", job.Kind, "attempt", job.Attempt, "error", err)
		return errors.New(code(err)) // stored as text: a code only
	}))
}

func work[T Job](ctx context.Context, args T, fn func(context.Context, T) error) error {
	if err := failpoint.Hit(failpoint.JobBeforeWork); err != nil {
		return err
	}
	if err := fn(ctx, args); err != nil {
		return err
	}
	return failpoint.Hit(failpoint.JobAfterWork)
}

func code(err error) string {
	if all := fault.All(err); len(all) > 0 {
		return all[0].Kind.String() + ":" + all[0].Code
	}
	return "internal"
}

// sweepJob looks for deadlines that have come.
type sweepJob struct{}

// Kind is the job's word.
func (sweepJob) Kind() string { return "due_sweep" }

const sweepEvery = time.Minute

// OnSweep adds something to do once a minute beside the deadlines.
func (d *DB) OnSweep(fn func(context.Context) error) { d.sweeps = append(d.sweeps, fn) }

// SweepSoon has done, as the next job, what is done once a minute, for who does
// not want to wait for the minute.
func (d *DB) SweepSoon(ctx context.Context) error {
	_, err := d.jobs.insert.Insert(ctx, sweepJob{}, nil)
	return err
}

func (d *DB) sweep(ctx context.Context, _ sweepJob) error {
	_, err := d.Sweep(ctx)
	for _, fn := range d.sweeps {
		err = errors.Join(err, fn(ctx))
	}
	return err
}

const stopWait = 10 * time.Second

// Work does jobs until ctx ends, then lets running ones finish. It may be called
// again once it has returned.
func (d *DB) Work(ctx context.Context) error {
	conf := d.jobs.config
	conf.Workers = d.jobs.workers
	conf.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workersInside}, queueOutside: {MaxWorkers: workersOutside}}
	conf.PeriodicJobs = []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(sweepEvery),
		func() (river.JobArgs, *river.InsertOpts) {
			return sweepJob{}, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: sweepEvery}}
		}, &river.PeriodicJobOpts{RunOnStart: true})}
	client, err := river.NewClient(d.jobs.driver, &conf)
	if err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if err := client.Start(run); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	<-ctx.Done()
	stop, done := context.WithTimeout(run, stopWait)
	defer done()
	if err := client.Stop(stop); err != nil {
		cancel()
		return fmt.Errorf("jobs: %w", err)
	}
	return nil
}

// Waiting counts the jobs that are not finished, for readiness and metrics.
func (d *DB) Waiting(ctx context.Context) (n int, err error) {
	err = d.Read(ctx, func(tx *Tx) error {
		return tx.NewRaw("SELECT count(*) FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled')").
			Scan(ctx, &n)
	})
	return n, err
}
