package app_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/app"
)

// TestOnlyListedKeysLeaveTheProgram: what a line of code logs by mistake is not
// in the JSON that operators collect.
func TestOnlyListedKeysLeaveTheProgram(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(app.OnlyKnownKeys(slog.NewJSONHandler(&out, nil)))
	log.Info("request", "route", "/tutors/:handle", "status", 499, "ip", "192.0.2.1", "handle", "ada")
	log.With("handle", "ada", "engine", "sqlite").Info("with", "count", 2)
	log.WithGroup("job").Info("group", "attempt", 1, "name", "Ada")
	log.Info("nested", slog.Group("error", "ip", "192.0.2.1"), "kind", hiding{})
	want := []map[string]any{
		{"msg": "request", "level": "INFO", "route": "/tutors/:handle", "status": 499.0},
		{"msg": "with", "level": "INFO", "engine": "sqlite", "count": 2.0},
		{"msg": "group", "level": "INFO", "job": map[string]any{"attempt": 1.0}},
		{"msg": "nested", "level": "INFO"},
	}
	var got []map[string]any
	for dec := json.NewDecoder(&out); dec.More(); {
		line := map[string]any{}
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line["time"] == nil {
			t.Errorf("no time in %v", line)
		}
		delete(line, "time")
		got = append(got, line)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// hiding is a value that becomes a group only when it is written.
type hiding struct{}

// LogValue is the group.
func (hiding) LogValue() slog.Value { return slog.GroupValue(slog.String("ip", "192.0.2.1")) }
