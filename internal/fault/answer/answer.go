// Package answer is the one mapping of errors to HTTP. Pages, the API and the
// metrics promise with it that the same error has the same status everywhere,
// and that a reader who left is never counted as our failure. It refuses to
// say anything in words and to be known to a feature: those return faults.
package answer

import (
	"context"
	"errors"
	"net/http"

	"github.com/tmoeg/oduvan/internal/fault"
)

// Gone is the status of a reader who went away before the answer. Nobody sees
// it; it stands in the metrics, apart from 4xx and 5xx.
const Gone = 499

// Of is the status of an error and the kind whose words explain it. over is
// the error of the request's context: a driver names an end in words of its
// own, so the request is asked why it ended. A nil error is 200.
func Of(err, over error) (int, fault.Kind) {
	if err == nil {
		return http.StatusOK, fault.Internal
	}
	kind := fault.KindOf(err)
	plain, late := kind == fault.Internal, errors.Is(over, context.DeadlineExceeded)
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, context.DeadlineExceeded), late && (plain || errors.Is(err, context.Canceled)):
		kind = fault.Unavailable
	case errors.Is(err, context.Canceled), plain && errors.Is(over, context.Canceled):
		return Gone, fault.Unavailable
	case plain && errors.As(err, &large):
		kind = fault.TooLarge
	}
	return status(kind), kind
}

func status(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Gone:
		return http.StatusGone
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Method:
		return http.StatusMethodNotAllowed
	case fault.Internal:
	}
	return http.StatusInternalServerError
}
