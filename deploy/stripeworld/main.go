// Command stripeworld serves a stand-in for Stripe on this machine, so that
// selling and paying by card can be tried without Stripe. README.md says how.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tmoeg/oduvan/deploy/stripeworld/world"
)

const (
	key    = "sk_test_stripeworld0000"
	secret = "whsec_stripeworld0000"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "stripeworld:", err)
		os.Exit(1)
	}
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:12111", "loopback address to serve on")
	to := flag.String("to", "http://localhost:8080", "the branch that hears of events; empty: none")
	calm := flag.Bool("calm", false, "events once and in order, no failing calls")
	own := flag.String("base", "", "the address that its pages are reached at; empty: the one it serves on")
	still := flag.Bool("still", false, "events go, and time goes on, only when told: for tests")
	seed := flag.Uint64("seed", rand.Uint64(), "what all chance comes from")
	every := flag.Duration("every", time.Second, "how often events go")
	flag.Parse()
	ln, err := loopback(*listen)
	if err != nil {
		return err
	}
	out := os.Stdout
	if os.Stdout, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil { // stripe-mock prints every call
		return err
	}
	mock, err := world.LoadMock()
	if err != nil {
		return err
	}
	manners := world.Hostile()
	if *calm {
		manners = world.Calm()
	}
	base := cmp.Or(*own, "http://"+ln.Addr().String())
	var c clock
	w, err := world.New(world.Config{Mock: mock, Key: key, Base: base, Seed: *seed, Now: c.now, Move: c.move, Manners: &manners})
	if err != nil {
		return err
	}
	if *to != "" {
		w.Listen(*to+"/webhooks/stripe", secret)
	}
	fmt.Fprintf(out, "# listens on %s\n# a make-believe Stripe at %s, seed %d; start the branch with\nexport ODUVAN_STRIPE_SECRET_KEY=%s\nexport ODUVAN_STRIPE_WEBHOOK_SECRETS=%s\nexport ODUVAN_STRIPE_API_BASE=%s\n",
		ln.Addr(), base, *seed, key, secret, base)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *still {
		*every = 365 * 24 * time.Hour
	}
	return serve(ctx, ln, w, *every)
}

// clock is the machine's, until it is moved: then it stands.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time {
	if at := c.at.Load(); at != 0 {
		return time.Unix(at, 0)
	}
	return time.Now()
}

func (c *clock) move(to time.Time) { c.at.Store(to.Unix()) }

// loopback listens, and only where nobody but this machine can reach it.
func loopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, errors.New("only a loopback address: whoever reaches the world can pay with nothing")
	}
	return net.Listen("tcp", address)
}

// serve answers and sends events until it is told to stop.
func serve(ctx context.Context, ln net.Listener, w *world.World, every time.Duration) error {
	srv := &http.Server{Handler: w, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		each := time.NewTicker(every)
		defer each.Stop()
		for {
			select {
			case <-ctx.Done():
				late, done := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
				defer done()
				_ = srv.Shutdown(late)
				return
			case <-each.C:
				w.Deliver(ctx)
			}
		}
	}()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
