package bleve

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// rootFile is the file in which scorch notes its segments.
const rootFile = "root.bolt"

var errDamaged = errors.New("index is damaged")

// recovered turns a panic into an error: a torn file can make the libraries
// below panic while reading it.
func recovered(panicked any, err error) error {
	if panicked != nil {
		return fmt.Errorf("%w: %v", errDamaged, panicked)
	}
	return err
}

// verifyRoot reads the whole of the root file before scorch may write to it:
// its writer would die of a broken page and leave every batch waiting.
func verifyRoot(dir string) (err error) {
	// Pages beyond the end of a cut file fault; here a fault is a finding.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { err = recovered(recover(), err) }()
	const patience = 2 * time.Second
	path := filepath.Join(dir, rootFile)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: patience})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return errDamaged
		}
		if err := tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return walk(b) }); err != nil {
			return err
		}
		for err := range tx.Check() {
			return errors.Join(errDamaged, err)
		}
		return nil
	})
}

// walk touches every key and value of a bucket.
func walk(b *bbolt.Bucket) error {
	return b.ForEach(func(k, v []byte) error {
		crc32.ChecksumIEEE(k)
		crc32.ChecksumIEEE(v)
		if v == nil {
			return walk(b.Bucket(k))
		}
		return nil
	})
}

// verifySegments compares every segment file with the checksum at its end, so
// that damage is found when the index is opened and not under a visitor.
func verifySegments(snap *scorch.IndexSnapshot) error {
	for _, seg := range snap.Segments() {
		file, ok := seg.Segment().(segment.PersistedSegment)
		if !ok {
			continue
		}
		if err := verifyFile(file.Path()); err != nil {
			return err
		}
	}
	return nil
}

func verifyFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyN(sum, f, info.Size()-crc32.Size); err != nil {
		return err
	}
	var want [crc32.Size]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(want[:]) != sum.Sum32() {
		return errDamaged
	}
	return nil
}
