package cli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/tmoeg/oduvan/internal/transfer"
)

// claimsMode is for the owner alone: a code gives a profile away.
const claimsMode = 0o600

// claimsFile opens where claim codes go: a new file, one with nothing in it, or
// an earlier list of codes, which keeps its lines and gets those that it lacks.
// Anything else is refused, since it would be gone. done keeps what was written
// after success; after a failure an earlier list stands as it was.
func claimsFile(path string) (w io.Writer, done func(error) error, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newFile(path, claimsMode)
	}
	if err != nil {
		return nil, nil, err
	}
	var before []byte
	if info.Mode().IsRegular() {
		if before, err = os.ReadFile(path); err != nil {
			return nil, nil, err
		}
	}
	if head, _, _ := bytes.Cut(before, []byte("\n")); len(before) > 0 && string(bytes.TrimSuffix(head, []byte("\r"))) != transfer.ClaimsHead {
		return nil, nil, fmt.Errorf("%s is there and is no list of claim codes; choose another name", path)
	}
	earlier, err := csv.NewReader(bytes.NewReader(before)).ReadAll()
	if err != nil {
		return nil, nil, fmt.Errorf("the claim codes in %s cannot be read: %w; choose another name", path, err)
	}
	list := &claimsList{before: before, there: map[string]bool{}}
	for _, row := range earlier {
		list.there[row[1]] = true
	}
	list.out, done, err = overFile(path, claimsMode)
	return list, done, err
}

// claimsList adds codes to an earlier list.
type claimsList struct {
	out    io.Writer
	before []byte
	there  map[string]bool // its codes, and the head's word for them
}

// Write takes a whole list and writes the earlier one and what it lacks.
func (l *claimsList) Write(p []byte) (int, error) {
	if len(l.before) == 0 {
		return l.out.Write(p)
	}
	list, err := csv.NewReader(bytes.NewReader(p)).ReadAll()
	if err != nil {
		return 0, err
	}
	text := bytes.NewBuffer(bytes.TrimRight(l.before, "\r\n"))
	text.WriteByte('\n')
	more := csv.NewWriter(text)
	for _, row := range list {
		if !l.there[row[1]] {
			if err := more.Write(row); err != nil {
				return 0, err
			}
		}
	}
	more.Flush()
	if err := more.Error(); err != nil {
		return 0, err
	}
	if _, err := l.out.Write(text.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}
