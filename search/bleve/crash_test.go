package bleve_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/bleve"
	"github.com/tmoeg/oduvan/search/searchtest"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// childDir makes this test binary write batches into a folder until it is killed.
const childDir = "SEARCH_CRASH_DIR"

// crashDoc is what batch n writes: batch n leaves exactly documents 1..n.
func crashDoc(n int64) search.Op {
	ref := search.Ref{Kind: "tutor", ID: strconv.FormatInt(n, 10)}
	return search.Op{Ref: ref, Doc: &search.Document{Ref: ref, Title: "weaving"}}
}

func crashChild(dir string) {
	e, err := bleve.Open(dir, taxonomy.New())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s, err := e.Stats(context.Background())
	for n := s.Cursor + 1; err == nil; n++ {
		if err = e.Apply(context.Background(), search.Batch{Ops: []search.Op{crashDoc(n)}, Cursor: n}); err == nil {
			fmt.Println(n)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round := range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		told := int64(0)
		lines := bufio.NewScanner(out)
		for range 3 + 5*round {
			if !lines.Scan() {
				t.Fatal("the child ended by itself")
			}
			if told, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		e := open(t, dir)
		s, err := e.Stats(context.Background())
		if err != nil || s.Cursor < told || int64(s.Documents) != s.Cursor {
			t.Errorf("told %d, after the kill %+v, %v", told, s, err)
		}
		r, err := e.Search(context.Background(), search.Query{Text: "weaving", Facets: true})
		if err != nil || int64(r.Total) != s.Cursor {
			t.Errorf("text finds %d of %d, %v", r.Total, s.Cursor, err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamage spoils every file in several ways: the index must open whole or
// empty with cursor 0, and work.
func TestDamage(t *testing.T) {
	t.Parallel()
	origin := t.TempDir()
	c := searchtest.Generate(searchtest.Seed, 50)
	e := open(t, origin)
	if err := e.Reindex(context.Background(), c.All, 9); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	spoil := map[string]func(path string, data []byte) error{
		"removed": func(path string, _ []byte) error { return os.Remove(path) },
		"emptied": func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o600) },
		"halved":  func(path string, data []byte) error { return os.WriteFile(path, data[:len(data)/2], 0o600) },
		"garbage": func(path string, data []byte) error {
			return os.WriteFile(path, bytes.Repeat([]byte{0xa5}, len(data)), 0o600)
		},
		"one byte": func(path string, data []byte) error {
			data[len(data)/3] ^= 0xff
			return os.WriteFile(path, data, 0o600)
		},
		"last byte": func(path string, data []byte) error {
			data[len(data)-1] ^= 0xff
			return os.WriteFile(path, data, 0o600)
		},
	}
	for _, name := range files(t, origin) {
		for how, do := range spoil {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(origin)); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := do(filepath.Join(dir, name), data); err != nil {
				t.Fatal(err)
			}
			checkDamaged(t, dir, name+" "+how)
		}
	}
}

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil || len(out) < 3 {
		t.Fatalf("files %v, %v", out, err)
	}
	return out
}

func checkDamaged(t *testing.T, dir, what string) {
	t.Helper()
	e, err := bleve.Open(dir, taxonomy.New())
	if err != nil {
		t.Errorf("%s: Open: %v", what, err)
		return
	}
	defer func() { _ = e.Close() }()
	s, err := e.Stats(context.Background())
	whole, empty := s.Cursor == 9 && s.Documents == 50, s.Cursor == 0 && s.Documents == 0
	if err != nil || !whole && !empty {
		t.Errorf("%s: %+v, %v", what, s, err)
	}
	if strings.HasSuffix(what, ".zap garbage") && whole {
		t.Errorf("%s: not noticed", what)
	}
	if err := e.Apply(context.Background(), search.Batch{Ops: []search.Op{crashDoc(1)}, Cursor: 10}); err != nil {
		t.Errorf("%s: Apply: %v", what, err)
	}
	if r, err := e.Search(context.Background(), search.Query{Text: "weaving"}); err != nil || r.Total != 1 {
		t.Errorf("%s: finds %d, %v", what, r.Total, err)
	}
}

func TestOtherTaxonomyEmptiesTheIndex(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := open(t, dir)
	if err := e.Apply(context.Background(), search.Batch{Ops: []search.Op{crashDoc(1)}, Cursor: 1}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := taxonomy.Parse([]byte(`{"groups":[],"skills":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	o, err := bleve.Open(dir, other)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	if s, err := o.Stats(context.Background()); err != nil || s.Documents != 0 || s.Cursor != 0 {
		t.Errorf("Stats = %+v, %v", s, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "gen-*")); len(left) != 1 {
		t.Errorf("folders left: %v", left)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := open(t, dir)
	defer func() { _ = e.Close() }()
	if _, err := bleve.Open(dir, taxonomy.New()); err != bleve.ErrInUse {
		t.Errorf("Open twice: %v, want ErrInUse", err)
	}
	if s, err := e.Stats(context.Background()); err != nil || s.Bytes == 0 {
		t.Errorf("the first engine: %+v, %v", s, err)
	}
}

// TestNothingCanBeWritten takes the folder away under the index, which fails
// as a full disk does: what is there is still searched, every batch is refused,
// and a rebuild heals.
func TestNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	e := open(t, dir)
	defer func() { _ = e.Close() }()
	c := searchtest.Generate(searchtest.Seed, 300)
	ops := c.Ops()
	if err := e.Apply(ctx, search.Batch{Ops: ops[:200], Cursor: 1}); err != nil {
		t.Fatal(err)
	}
	python := search.Query{Text: "python", Now: searchtest.Now}
	before, err := e.Search(ctx, python)
	if err != nil || before.Total == 0 {
		t.Fatalf("total %d, %v", before.Total, err)
	}
	folders, err := filepath.Glob(filepath.Join(dir, "gen-*"))
	if err != nil || len(folders) != 1 {
		t.Fatal(folders, err)
	}
	if err := os.RemoveAll(folders[0]); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := e.Apply(ctx, search.Batch{Ops: ops[200:], Cursor: 2}); err == nil {
			t.Error("a batch that cannot be written is accepted")
		}
		for _, text := range []string{"python", "вопросы", "разработка игр"} {
			if _, err := e.Search(ctx, search.Query{Text: text, Facets: true, Now: searchtest.Now}); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
		if now, err := e.Search(ctx, python); err != nil || now.Total != before.Total || now.Cursor != 1 {
			t.Errorf("total %d of %d, cursor %d, %v", now.Total, before.Total, now.Cursor, err)
		}
	}
	if err := e.Reindex(ctx, c.All, 3); err != nil {
		t.Fatal(err)
	}
	if s, err := e.Stats(ctx); err != nil || s.Documents != 300 || s.Cursor != 3 {
		t.Errorf("after the rebuild: %+v, %v", s, err)
	}
	if err := e.Apply(ctx, search.Batch{Ops: ops[:10], Cursor: 4}); err != nil {
		t.Error(err)
	}
}
