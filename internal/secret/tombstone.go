package secret

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// maxTombstone bounds an id in the list.
const maxTombstone = 64

// AddTombstone notes durably that an account was erased for good, so that a
// restored backup erases it again. Adding an id twice is harmless. Ids are
// letters, digits, dashes and underscores.
func (k *Keys) AddTombstone(id string) error {
	if !tombstoneID(id) {
		return errors.New("secret: a tombstone's id is malformed")
	}
	path := filepath.Join(k.dir, tombstoneFile)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	defer file.Close()
	// A leading newline too: a line torn by a power cut then spoils itself only.
	if _, err := file.WriteString("\n" + id + "\n"); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	return syncDir(k.dir)
}

// Tombstones lists the erased accounts, each once, oldest first.
func (k *Keys) Tombstones() ([]string, error) {
	content, err := readPrivate(filepath.Join(k.dir, tombstoneFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	var ids []string
	seen := map[string]bool{}
	for line := range strings.Lines(string(content)) {
		id, whole := strings.CutSuffix(line, "\n")
		if whole && tombstoneID(id) && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func tombstoneID(id string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	return id != "" && len(id) <= maxTombstone && strings.Trim(id, letters) == ""
}
