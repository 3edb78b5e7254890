package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/fault"
)

func TestKindNames(t *testing.T) {
	t.Parallel()
	want := map[fault.Kind]string{
		fault.Internal: "internal", fault.Invalid: "invalid", fault.Unauthenticated: "unauthenticated",
		fault.Forbidden: "forbidden", fault.NotFound: "not_found", fault.Conflict: "conflict",
		fault.Gone: "gone", fault.RateLimited: "rate_limited", fault.Unavailable: "unavailable",
		fault.TooLarge: "too_large", fault.Method: "method", fault.Method + 1: "internal", -1: "internal",
	}
	for kind, name := range want {
		if kind.String() != name {
			t.Errorf("kind %d is %q, want %q", int(kind), kind, name)
		}
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	gone := fault.Of(fault.Gone, "offer_over")
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"plain":         {io.EOF, fault.Internal},
		"nil":           {nil, fault.Internal},
		"fault":         {gone, fault.Gone},
		"wrapped":       {fmt.Errorf("read: %w", gone), fault.Gone},
		"fields":        {fault.Fields{fault.Bad("price", "money_malformed")}, fault.Invalid},
		"no fields":     {fault.Fields{}, fault.Internal},
		"unmarked kind": {&fault.Error{Code: "x"}, fault.Internal},
	} {
		if got := fault.KindOf(c.err); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if fault.Is(nil, fault.Internal) || !fault.Is(gone, fault.Gone) || fault.Is(gone, fault.Conflict) {
		t.Error("Is is wrong")
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"invalid: too_long (title)":       fault.Bad("title", "too_long"),
		"conflict: booked: EOF":           fault.Of(fault.Conflict, "booked").Wrap(io.EOF),
		"internal":                        &fault.Error{},
		"invalid: a (x); invalid: b (y)":  fault.Fields{fault.Bad("x", "a"), fault.Bad("y", "b")},
		"rate_limited: slow_down":         fault.Of(fault.RateLimited, "slow_down").With("name", "Ada"),
		"not_found: profile_unknown: EOF": fault.Of(fault.NotFound, "profile_unknown").Wrap(io.EOF),
	} {
		if diff := cmp.Diff(want, err.Error()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCopiesDoNotShare(t *testing.T) {
	t.Parallel()
	base := fault.Bad("title", "too_long")
	one := base.With("max", 60)
	two := one.With("max", 80).With("got", 90).Wrap(io.EOF)
	if base.Args != nil || base.Err != nil {
		t.Error("the first fault changed")
	}
	if diff := cmp.Diff(map[string]any{"max": 60}, one.Args); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"max": 80, "got": 90}, two.Args); diff != "" {
		t.Error(diff)
	}
	if !errors.Is(two, io.EOF) {
		t.Error("the cause is lost")
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	var list fault.Fields
	list.Add(nil)
	if err := list.Err(); err != nil {
		t.Errorf("nothing was added, but %v", err)
	}
	a, b := fault.Bad("x", "a"), fault.Bad("y", "b")
	list.Add(a)
	list.Add(b)
	if diff := cmp.Diff([]*fault.Error{a, b}, fault.All(fmt.Errorf("form: %w", list.Err()))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]*fault.Error{a}, fault.All(a)); diff != "" {
		t.Error(diff)
	}
	if got := fault.All(io.EOF); got != nil {
		t.Errorf("a plain error has faults: %v", got)
	}
}
