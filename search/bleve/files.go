package bleve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/blevesearch/bleve/v2/index/scorch"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/columns"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/reading"
	"github.com/tmoeg/oduvan/search/taxonomy"
	"github.com/tmoeg/oduvan/search/vocab"
)

// formatVersion changes whenever files of an earlier build cannot be read.
const formatVersion = "4"

// currentFile names the folder in use; it is replaced atomically.
const currentFile = "CURRENT"

const generationPrefix = "gen-"

// current is the content of currentFile.
type current struct {
	Format string `json:"format"` // of files, normaliser and taxonomy together
	Folder string `json:"folder"`
}

// ErrInUse tells that another process holds the index.
var ErrInUse = errors.New("search index is in use by another process")

// Open opens the index in a folder, or makes it; dir "" keeps it in memory. An
// index that is damaged, or was built under another format, normaliser or
// taxonomy, is cleared: the engine is then empty with cursor 0 and the caller
// reindexes. An index held by another process is ErrInUse.
func Open(dir string, tax *taxonomy.Taxonomy) (*Engine, error) {
	e := &Engine{dir: dir, tax: tax, norm: norm.New(tax)}
	e.complete = reading.NewCompleter(e.norm, tax)
	e.pool.New = func() any { return &scratch{} }
	g, err := e.load()
	if err != nil {
		return nil, err
	}
	s, err := g.moment()
	if err != nil {
		g.release()
		return nil, err
	}
	e.live = g
	e.publish(s)
	return e, nil
}

// format names everything that decides which terms stand in an index.
func (e *Engine) format() string {
	return strings.Join([]string{formatVersion, norm.Version, e.tax.Fingerprint()}, "/")
}

// load opens the current generation, or a new one when there is none to trust.
func (e *Engine) load() (*generation, error) {
	if e.dir == "" {
		return e.newGeneration("", false)
	}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return nil, err
	}
	g, err := e.loadCurrent()
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, ErrInUse
	}
	if err == nil {
		e.clear(g.path)
		return g, nil
	}
	e.clear("")
	if g, err = e.newGeneration(e.nextPath(), false); err != nil {
		return nil, err
	}
	if err := e.makeCurrent(g); err != nil {
		g.release()
		return nil, err
	}
	return g, nil
}

// loadCurrent opens what currentFile names. Any error but a held lock means
// that it cannot be trusted.
func (e *Engine) loadCurrent() (g *generation, err error) {
	raw, err := os.ReadFile(filepath.Join(e.dir, currentFile))
	if err != nil {
		return nil, err
	}
	var c current
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	if c.Format != e.format() || !strings.HasPrefix(c.Folder, generationPrefix) || filepath.Base(c.Folder) != c.Folder {
		return nil, fmt.Errorf("index of format %q", c.Format)
	}
	path := filepath.Join(e.dir, c.Folder)
	if err := verifyRoot(path); err != nil {
		return nil, err
	}
	if g, err = e.newGeneration(path, false); err != nil {
		return nil, err
	}
	if err = g.fill(); err != nil {
		g.release()
		return nil, err
	}
	return g, nil
}

// newGeneration opens a store with empty columns beside it.
func (e *Engine) newGeneration(path string, fast bool) (*generation, error) {
	st, err := openStore(path, fast)
	if err != nil {
		return nil, err
	}
	g := &generation{store: st, path: path, table: columns.New(e.norm.SkillKey), words: vocab.New(), postings: newPostings(), closed: make(chan struct{})}
	g.names = newNames(g.table.View(), names{})
	e.norm.Spellings(func(stem, word string) { g.words.Add(stem, word, 0) })
	g.refs.Store(1)
	return g, nil
}

// fill reads columns and words from the index after it has proved whole.
func (g *generation) fill() (err error) {
	snap, err := g.store.snapshot()
	if err != nil {
		return err
	}
	defer func() { _ = snap.Close() }()
	defer func() { err = recovered(recover(), err) }()
	if err := verifySegments(snap); err != nil {
		return err
	}
	var ops []search.Op
	err = each(context.Background(), snap, func(d *search.Document) error {
		ops = append(ops, search.Op{Ref: d.Ref, Doc: d})
		return nil
	})
	if err != nil {
		return err
	}
	// scorch drops a snapshot it cannot read and goes on with nothing, beside
	// the broken files. What holds nothing is better begun anew.
	cursor, err := readCursor(snap)
	if err == nil && cursor == 0 && len(ops) == 0 {
		err = errors.New("index is empty")
	}
	if err != nil {
		return err
	}
	g.names = newNames(g.table.Apply(ops), names{})
	return g.fillWords(snap)
}

func (g *generation) fillWords(snap *scorch.IndexSnapshot) error {
	for _, field := range []string{fieldWords, fieldText} {
		dict, err := snap.FieldDict(field)
		if err != nil {
			return err
		}
		for {
			entry, err := dict.Next()
			if err != nil {
				return errors.Join(err, dict.Close())
			}
			if entry == nil {
				break
			}
			if field == fieldText {
				g.words.Add(entry.Term, "", int(entry.Count))
				continue
			}
			stem, word := splitWord(entry.Term)
			g.words.Add(stem, word, 0)
			for range entry.Count {
				g.words.Witness(stem)
			}
		}
		if err := dict.Close(); err != nil {
			return err
		}
	}
	return nil
}

// buildBatch is how many documents one batch of a build holds.
const buildBatch = 1000

// build makes a new generation from all documents. It does not wait for the
// disk after each batch, only at the end.
func (e *Engine) build(ctx context.Context, docs iter.Seq2[search.Document, error], cursor int64) (*generation, error) {
	path := ""
	if e.dir != "" {
		path = e.nextPath()
	}
	g, err := e.newGeneration(path, true)
	if err != nil {
		return nil, errors.Join(err, removeGeneration(path))
	}
	if err = g.write(ctx, e.norm, docs, cursor); err == nil {
		err = g.settle(ctx)
	}
	if err != nil {
		g.drop.Store(true)
		g.release()
		return nil, err
	}
	return g, nil
}

// write puts all documents into a new generation. The columns are made at the
// end in one step.
func (g *generation) write(ctx context.Context, n *norm.Normaliser, docs iter.Seq2[search.Document, error], cursor int64) error {
	var slim []search.Op
	var ops []search.Op
	flush := func(cursor int64) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		ops = lastWords(ops)
		for _, op := range ops {
			doc := *op.Doc
			doc.Lead, doc.Body = "", ""
			slim = append(slim, search.Op{Ref: op.Ref, Doc: &doc})
		}
		err := g.index(n, ops, cursor)
		ops = ops[:0]
		return err
	}
	for d, err := range docs {
		if err != nil {
			return err
		}
		ops = append(ops, search.Op{Ref: d.Ref, Doc: &d})
		if len(ops) == buildBatch {
			if err := flush(0); err != nil {
				return err
			}
		}
	}
	if err := flush(cursor); err != nil {
		return err
	}
	g.names = newNames(g.table.Apply(slim), names{})
	return nil
}

// settle waits until a generation is on disk and opens it again for batches
// that each wait for the disk.
func (g *generation) settle(ctx context.Context) error {
	if g.path == "" {
		return nil
	}
	if err := g.store.wait(ctx); err != nil {
		return err
	}
	// One segment answers faster than a hundred, and nobody waits for it yet.
	if err := g.store.index.ForceMerge(ctx, nil); err != nil {
		return err
	}
	if err := g.store.wait(ctx); err != nil {
		return err
	}
	return g.store.reopen(g.path)
}

// nextPath is a folder name that no file uses, nor the present generation: its
// folder is removed by name later, even if somebody has done so already.
func (e *Engine) nextPath() string {
	for i := 1; ; i++ {
		path := filepath.Join(e.dir, fmt.Sprintf("%s%06d", generationPrefix, i))
		if e.live != nil && e.live.path == path {
			continue
		}
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
}

// makeCurrent names a generation in currentFile, durably.
func (e *Engine) makeCurrent(g *generation) error {
	if g.path == "" {
		return nil
	}
	raw, err := json.Marshal(current{Format: e.format(), Folder: filepath.Base(g.path)})
	if err != nil {
		return err
	}
	temp := filepath.Join(e.dir, currentFile+".new")
	if err := writeSynced(temp, raw); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(e.dir, currentFile)); err != nil {
		return err
	}
	return syncFolder(e.dir)
}

func writeSynced(path string, raw []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// clear removes every generation but the one to keep: leftovers of crashes and
// of other formats. What cannot be removed is only a waste of space.
func (e *Engine) clear(keep string) {
	old, err := filepath.Glob(filepath.Join(e.dir, generationPrefix+"*"))
	if err != nil {
		return
	}
	for _, path := range old {
		if path != keep {
			_ = removeGeneration(path)
		}
	}
}

// removeGeneration deletes a generation's folder; it refuses any other path.
func removeGeneration(path string) error {
	if path == "" || !strings.HasPrefix(filepath.Base(path), generationPrefix) {
		return nil
	}
	return os.RemoveAll(path)
}

// folderSize adds up the files of a folder; 0 if there is none.
func folderSize(path string) (sum int64) {
	if path == "" {
		return 0
	}
	_ = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
