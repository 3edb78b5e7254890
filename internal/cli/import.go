package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tmoeg/oduvan/internal/transfer"
)

type importFlags struct {
	format, claims          string
	publish, dryRun, asJSON bool
}

func (c *command) importing() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{Use: "import FILE", Short: "Take in a list of mentors", Args: cobra.ExactArgs(1),
		Long: "Import reads a list of people and writes all of it or nothing. Without --publish they become drafts that\n" +
			"nobody sees. --claims names a file for the codes by which each person takes the own profile, draft or\n" +
			"published. Publish only with people's consent; who wants to be removed is, by account erase. A second\n" +
			"import updates and doubles nothing.",
		Example: "  oduvan import --format getmentor mentors.json --dry-run\n  oduvan import --format getmentor mentors.json --claims claims.csv\n  oduvan import --format getmentor mentors.json --publish --claims claims.csv",
		RunE:    func(cmd *cobra.Command, args []string) error { return c.runImport(cmd, args[0], f) }}
	cmd.Flags().StringVar(&f.format, "format", "", "getmentor, codingcoach or oduvan")
	cmd.Flags().StringVar(&f.claims, "claims", "", "write claim codes to this file (0600), or add them to an earlier list of codes")
	cmd.Flags().BoolVar(&f.publish, "publish", false, "publish at once, under the given names: only with people's consent")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would happen and write nothing")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print the report as JSON")
	_ = cmd.MarkFlagRequired("format")
	return cmd
}

func (c *command) runImport(cmd *cobra.Command, path string, f importFlags) error {
	if !f.publish && !f.dryRun && f.claims == "" {
		return errors.New("drafts need --claims FILE, where their codes go; or use --publish, or --dry-run")
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	a, err := c.open(cmd)
	if err != nil {
		return err
	}
	defer a.Close()
	in := transfer.Input{Format: f.format, Reader: file, Publish: f.publish, DryRun: f.dryRun, Progress: c.progress()}
	done := func(err error) error { return err }
	if f.claims != "" && !f.dryRun {
		if in.Claims, done, err = claimsFile(f.claims); err != nil {
			return err
		}
	}
	report, err := a.Transfer.Import(cmd.Context(), in)
	if err = done(err); err != nil {
		return err
	}
	return c.printReport(report, f)
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

func (c *command) printReport(r transfer.Report, f importFlags) error {
	if f.asJSON {
		return json.NewEncoder(c.Out).Encode(r)
	}
	word := "imported"
	if f.dryRun {
		word = "would be imported"
	}
	fmt.Fprintf(c.Out, "%s: %d new, %d updated, %d unchanged\n", word, r.Created, r.Updated, r.Unchanged)
	if r.StillPublished > 0 {
		fmt.Fprintf(c.Out, "  published before and left so: %d (account erase takes a person off)\n", r.StillPublished)
	}
	fields := make([]string, 0, len(r.Dropped))
	for name := range r.Dropped {
		fields = append(fields, name)
	}
	sort.Strings(fields)
	for _, name := range fields {
		fmt.Fprintf(c.Out, "  dropped %s: %d\n", name, r.Dropped[name])
	}
	for _, s := range r.Shortened {
		fmt.Fprintf(c.Out, "  shortened %s of entry %s: %d to %d characters\n", s.Field, s.Entry, s.From, s.To)
	}
	for _, p := range r.Preview {
		fmt.Fprintf(c.Out, "  %-9s %s (%s): %s; %s\n", p.Act, p.Name, p.Handle, p.Headline, counted(p.Services, "service"))
	}
	if f.claims != "" && !f.dryRun {
		fmt.Fprintf(c.Out, "claim codes: %s\n", f.claims)
	}
	return nil
}

// progress draws a bar on a terminal and is silent elsewhere.
func (c *command) progress() func(done, total int) {
	out, ok := c.Err.(*os.File)
	if !ok || !term.IsTerminal(int(out.Fd())) {
		return nil
	}
	return func(done, total int) {
		const width = 40
		full := width
		if total > 0 {
			full = width * done / total
		}
		fmt.Fprintf(out, "\r[%-*s] %d/%d", width, bytes.Repeat([]byte("="), full), done, total)
		if done == total {
			fmt.Fprintln(out)
		}
	}
}
