//go:build failpoints

package failpoint_test

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/tmoeg/oduvan/internal/failpoint"
)

// Each test owns one point, since points belong to the whole process.

func TestErrorFromTheThirdHit(t *testing.T) {
	t.Parallel()
	if err := failpoint.Set("db.before_commit=error@3"); err != nil {
		t.Fatal(err)
	}
	before := failpoint.Hits(failpoint.DBBeforeCommit)
	for i := 1; i <= 4; i++ {
		err := failpoint.Hit(failpoint.DBBeforeCommit)
		if fired := errors.Is(err, failpoint.ErrInjected); fired != (i >= 3) {
			t.Errorf("hit %d: %v", i, err)
		}
	}
	failpoint.Disable(failpoint.DBBeforeCommit)
	if err := failpoint.Hit(failpoint.DBBeforeCommit); err != nil {
		t.Errorf("disarmed, but %v", err)
	}
	if got := failpoint.Hits(failpoint.DBBeforeCommit) - before; got != 5 {
		t.Errorf("%d hits counted, want 5", got)
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	failpoint.Enable(failpoint.DBAfterCommit, failpoint.Panic, 1)
	defer failpoint.Disable(failpoint.DBAfterCommit)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	_ = failpoint.Hit(failpoint.DBAfterCommit)
}

func TestHangEndsWhenDisarmed(t *testing.T) {
	t.Parallel()
	failpoint.Enable(failpoint.JobBeforeWork, failpoint.Hang, 1)
	done := make(chan error, 1)
	go func() { done <- failpoint.Hit(failpoint.JobBeforeWork) }()
	for failpoint.Hits(failpoint.JobBeforeWork) == 0 {
		runtime.Gosched()
	}
	select {
	case <-done:
		t.Fatal("it did not hang")
	default:
	}
	failpoint.Disable(failpoint.JobBeforeWork)
	if err := <-done; err != nil {
		t.Errorf("got %v", err)
	}
}

func TestSetRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"nope=error", "job.after_work", "job.after_work=boom",
		"job.after_work=error@0", "job.after_work=error@x", "job.after_work=error;nope=kill"} {
		if err := failpoint.Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if err := failpoint.Hit(failpoint.JobAfterWork); err != nil {
		t.Errorf("a refused text armed the point: %v", err)
	}
}

func TestUnlistedNamePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	_ = failpoint.Hit("nope.nope")
}

// The test runs itself as a subprocess that the environment kills at a point.
func TestKillByEnvironment(t *testing.T) {
	t.Parallel()
	if os.Getenv(failpoint.Environment) != "" {
		_ = failpoint.Hit(failpoint.JobAfterWork)
		os.Exit(0) // not reached
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKillByEnvironment$")
	child.Env = append(os.Environ(), failpoint.Environment+"=job.after_work=kill")
	err := child.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Errorf("the child ended with %v, want a signal", err)
	}
}
