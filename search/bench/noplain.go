//go:build !plainbleve

package bench

import "errors"

// withPlain tells that plain bleve is part of this program. It is left out of
// ordinary builds: its analysers and stores are modules that nothing else needs.
const withPlain = false

var errNoPlain = errors.New("plain bleve is not part of this program; build it with -tags plainbleve")

func openPlain(string) (asked, error) { return nil, errNoPlain }
