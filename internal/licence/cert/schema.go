package cert

import _ "embed"

// schemaText describes the payload for the programs of others.
//
//go:embed schema.json
var schemaText string

// Schema is the JSON Schema (2020-12) of a certificate's content, which a
// branch serves at /schemas/licence.json. The bytes are the caller's own.
func Schema() []byte { return []byte(schemaText) }
