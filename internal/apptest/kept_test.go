package apptest_test

import (
	"bytes"
	"maps"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// kept is everything a board keeps: each file of the data folder but the
// secrets, and each table, since on PostgreSQL the files belong to the server.
func kept(t *testing.T, w *apptest.World) map[string][]byte {
	t.Helper()
	out := folder(t, w.Dir)
	maps.Copy(out, tables(t, w))
	return out
}

// A word that somebody wrote is seen in the tables of both engines: without
// this the search for what an erasure has left could pass by looking at nothing.
func TestTheTablesAreSeen(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		w.Person("ada").Profile(apptest.Fill{"about": {"Редкое слово берендейка"}})
		if !bytes.Contains(kept(t, w)["table profile"], []byte("берендейка")) {
			t.Error("the text of a profile is not seen")
		}
	})
}
