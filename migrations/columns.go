package migrations

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Column is one column of the database and why it exists.
type Column struct {
	Table     string
	Name      string
	Class     string // public, pseudonymous, secret, financial, technical
	Purpose   string // English
	Retention string // English

	PurposeRu   string // the same in Russian
	RetentionRu string
}

// In is the purpose and the retention in a language: ru, or English for all
// others.
func (c Column) In(lang string) (purpose, retention string) {
	if lang == "ru" {
		return c.PurposeRu, c.RetentionRu
	}
	return c.Purpose, c.Retention
}

// List reads the column list in its order. No column stands in the schema that
// is not here; a test holds both together.
func List() ([]Column, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(Columns, &doc); err != nil {
		return nil, fmt.Errorf("columns.yaml: %w", err)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	var out []Column
	tables := doc.Content[0].Content
	for i := 0; i+1 < len(tables); i += 2 {
		columns := tables[i+1].Content
		for j := 0; j+1 < len(columns); j += 2 {
			var facts [5]string
			if err := columns[j+1].Decode(&facts); err != nil {
				return nil, fmt.Errorf("columns.yaml: %s.%s: %w", tables[i].Value, columns[j].Value, err)
			}
			out = append(out, Column{Table: tables[i].Value, Name: columns[j].Value, Class: facts[0],
				Purpose: facts[1], Retention: facts[2], PurposeRu: facts[3], RetentionRu: facts[4]})
		}
	}
	return out, nil
}
