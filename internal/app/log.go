package app

import (
	"context"
	"log/slog"
)

// known tells whether a key may stand in a log line. None of these can hold a
// name, an address, a text or a payment detail.
func known(key string) bool {
	switch key {
	case "route", "status", "error", "error_id", "kind", "attempt", "stack", "took", "count", "engine", "path", "cursor",
		"documents", "seq", "code", "batch", "generation", "pause", "job", "migration", "reason":
		return true
	}
	return false
}

type knownKeys struct{ slog.Handler }

// listed tells whether an attribute may be written. A group could carry any key
// under a listed name.
func listed(a slog.Attr) bool {
	return known(a.Key) && a.Value.Resolve().Kind() != slog.KindGroup
}

// OnlyKnownKeys lets only listed keys through to a log, once, at the edge: what
// a later line of code adds by mistake does not leave the program.
func OnlyKnownKeys(h slog.Handler) slog.Handler { return knownKeys{h} }

// Handle writes a record with its listed attributes.
func (k knownKeys) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if listed(a) {
			out.AddAttrs(a)
		}
		return true
	})
	return k.Handler.Handle(ctx, out)
}

// WithAttrs keeps the listed ones.
func (k knownKeys) WithAttrs(attrs []slog.Attr) slog.Handler {
	kept := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		if listed(a) {
			kept = append(kept, a)
		}
	}
	return knownKeys{k.Handler.WithAttrs(kept)}
}

// WithGroup keeps the filter.
func (k knownKeys) WithGroup(name string) slog.Handler { return knownKeys{k.Handler.WithGroup(name)} }
