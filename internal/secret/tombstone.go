package secret

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxTombstone bounds an id in the list.
const maxTombstone = 64

// The lines of the list. An erased account's is its bare id; the others begin
// with a sign that no id has, so that however they are torn nobody is taken for
// erased.
const (
	lineIntended = "? " // id, a space, the generation
	lineKept     = "! " // id
)

// Intent is an erasure that was begun and of which the list does not know
// whether it was committed.
type Intent struct {
	ID         string
	Generation int64 // of the database when it began: one that stands before it is an older backup
}

// IntendTombstone notes durably that the erasure of an account is about to be
// committed. AddTombstone or WithdrawTombstone follows when it is known how it
// ended.
func (k *Keys) IntendTombstone(in Intent) error {
	return k.engrave(in.ID, lineIntended+in.ID+" "+strconv.FormatInt(in.Generation, 10))
}

// AddTombstone notes durably that an account was erased for good, so that a
// restored backup erases it again. It is final; adding an id twice is
// harmless. Ids are letters, digits, dashes and underscores.
func (k *Keys) AddTombstone(id string) error { return k.engrave(id, id) }

// WithdrawTombstone notes that an intended erasure did not take place.
func (k *Keys) WithdrawTombstone(id string) error { return k.engrave(id, lineKept+id) }

func (k *Keys) engrave(id, line string) error {
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
	if _, err := file.WriteString("\n" + line + "\n"); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	return syncDir(k.dir)
}

// Tombstones lists the erased accounts, each once, oldest first, and the
// intents that nothing has followed yet.
func (k *Keys) Tombstones() (erased []string, open []Intent, err error) {
	content, err := readPrivate(filepath.Join(k.dir, tombstoneFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("secret: %w", err)
	}
	gone, order, intents := map[string]bool{}, []string(nil), map[string]int64{}
	for line := range strings.Lines(string(content)) {
		line, whole := strings.CutSuffix(line, "\n")
		if !whole {
			continue
		}
		if in, ok := intended(line); ok {
			order = append(order, in.ID)
			intents[in.ID] = in.Generation
		} else if id, ok := strings.CutPrefix(line, lineKept); ok {
			delete(intents, id)
		} else if tombstoneID(line) && !gone[line] {
			gone[line] = true
			erased = append(erased, line)
		}
	}
	for i, id := range order {
		if g, ok := intents[id]; ok && !gone[id] && !slices.Contains(order[i+1:], id) {
			open = append(open, Intent{id, g})
		}
	}
	return erased, open, nil
}

// intended reads an intent's line. One whose number was torn is none: an
// erasure commits only after its whole line has reached the disk.
func intended(line string) (in Intent, ok bool) {
	rest, ok := strings.CutPrefix(line, lineIntended)
	id, number, two := strings.Cut(rest, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	return Intent{id, n}, ok && two && err == nil && tombstoneID(id)
}

func tombstoneID(id string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	return id != "" && len(id) <= maxTombstone && strings.Trim(id, letters) == ""
}
