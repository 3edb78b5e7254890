package app_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
)

func small(t *testing.T) config.Config {
	t.Helper()
	dir := t.TempDir()
	dbtest.Copy(t, dir)
	return config.Config{Data: dir, URL: "http://localhost:8080"}
}

func TestALostKeyStopsTheStart(t *testing.T) {
	t.Parallel()
	ctx, cfg, opt := context.Background(), small(t), app.Options{NoSync: true, NoIndex: true}
	a, err := app.New(ctx, cfg, opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := a.Accounts.Create(ctx, "ada", account.Operator); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	kept := t.TempDir()
	if err := os.Rename(cfg.SecretsDir(), filepath.Join(kept, "secrets")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second start must not take the new key for the old one
		a, err := app.New(ctx, cfg, opt)
		if all := fault.All(err); len(all) == 0 || all[0].Code != "secrets_lost" {
			t.Fatalf("got %v, %v, want secrets_lost", a, err)
		}
	}
	if err := os.RemoveAll(cfg.SecretsDir()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(kept, "secrets"), cfg.SecretsDir()); err != nil {
		t.Fatal(err)
	}
	if a, err = app.New(ctx, cfg, opt); err != nil {
		t.Fatalf("with the folder restored: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func TestABrokenIndexFolderDoesNotStopTheStart(t *testing.T) {
	t.Parallel()
	cfg := small(t)
	if err := os.WriteFile(filepath.Join(cfg.Data, "index"), []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := app.New(context.Background(), cfg, app.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
