// Oduvan is a board where people find mentors, tutors and content creators.
// Everything it can do is a subcommand of package cli.
package main

import (
	"os"
	_ "time/tzdata" // time zones on machines that carry none

	"github.com/tmoeg/oduvan/internal/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Environ()))
}
