package answer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fault/answer"
)

// TestEveryErrorHasOneStatus is the contract's list of statuses.
func TestEveryErrorHasOneStatus(t *testing.T) {
	t.Parallel()
	type said struct {
		Status int
		Kind   fault.Kind
	}
	left, late := context.Canceled, context.DeadlineExceeded
	large := fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 1})
	for name, x := range map[string]struct {
		err, over error
		want      said
	}{
		"nothing":         {nil, nil, said{200, fault.Internal}},
		"plain":           {io.EOF, nil, said{500, fault.Internal}},
		"invalid":         {fault.Bad("title", "too_long"), nil, said{422, fault.Invalid}},
		"fields":          {fault.Fields{fault.Bad("a", "x"), fault.Bad("b", "x")}, nil, said{422, fault.Invalid}},
		"unauthenticated": {fault.Of(fault.Unauthenticated, "x"), nil, said{401, fault.Unauthenticated}},
		"forbidden":       {fault.Of(fault.Forbidden, "x"), nil, said{403, fault.Forbidden}},
		"not found":       {fmt.Errorf("page: %w", fault.Of(fault.NotFound, "x")), nil, said{404, fault.NotFound}},
		"method":          {fault.Of(fault.Method, "x"), nil, said{405, fault.Method}},
		"conflict":        {fault.Of(fault.Conflict, "x"), nil, said{409, fault.Conflict}},
		"gone":            {fault.Of(fault.Gone, "x"), nil, said{410, fault.Gone}},
		"too large":       {fault.Of(fault.TooLarge, "x"), nil, said{413, fault.TooLarge}},
		"a cut body":      {large, nil, said{413, fault.TooLarge}},
		"rate limited":    {fault.Of(fault.RateLimited, "x"), nil, said{429, fault.RateLimited}},
		"unavailable":     {fault.Of(fault.Unavailable, "x"), nil, said{503, fault.Unavailable}},
		"no such kind":    {fault.Of(fault.Method+1, "x"), nil, said{500, fault.Method + 1}},

		"left":                     {left, left, said{answer.Gone, fault.Unavailable}},
		"left, inside a fault":     {fault.Of(fault.Unavailable, "x").Wrap(left), left, said{answer.Gone, fault.Unavailable}},
		"left, in a driver's word": {errors.New("interrupted (9)"), left, said{answer.Gone, fault.Unavailable}},
		"left, but refused before": {fault.Of(fault.Forbidden, "x"), left, said{403, fault.Forbidden}},
		"late":                     {late, late, said{503, fault.Unavailable}},
		"late, inside a fault":     {fault.Of(fault.Unavailable, "database_busy").Wrap(late), nil, said{503, fault.Unavailable}},
		"late, in a driver's word": {errors.New("interrupted (9)"), late, said{503, fault.Unavailable}},
		"late, told as cancelled":  {left, late, said{503, fault.Unavailable}},
		"late, but refused before": {fault.Bad("title", "too_long"), late, said{422, fault.Invalid}},
	} {
		var got said
		got.Status, got.Kind = answer.Of(x.err, x.over)
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestNoKindIsForgotten: a new kind that the mapping does not know would be
// told as our own failure.
func TestNoKindIsForgotten(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal + 1; kind.String() != fault.Internal.String(); kind++ {
		if got, _ := answer.Of(fault.Of(kind, "x"), nil); got == http.StatusInternalServerError {
			t.Errorf("%v has no status", kind)
		}
	}
}
