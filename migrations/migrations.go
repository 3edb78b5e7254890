// Package migrations holds the schema: one numbered, forward-only series of SQL
// for both engines, and the list that says why each column exists. A file is
// never edited after it landed. The template words are package db's.
package migrations

import "embed"

// Files is the series.
//
//go:embed *.sql
var Files embed.FS

// Columns is the list of every column with class, purpose and retention.
//
//go:embed columns.yaml
var Columns []byte
