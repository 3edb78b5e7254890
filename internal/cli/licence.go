package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/web"
)

func (c *command) licence() *cobra.Command {
	group := &cobra.Command{Use: "licence", Short: "Verify certificates"}
	group.AddCommand(c.licenceVerify())
	return group
}

// verifying are the flags of licence verify.
type verifying struct {
	jwks, work, at, issuer string
	status                 []string
	asJSON                 bool
}

func (c *command) licenceVerify() *cobra.Command {
	var v verifying
	cmd := &cobra.Command{Use: "verify FILE", Short: "Tell what a certificate is worth, without network and database", Args: cobra.ExactArgs(1),
		Long: "Verify reads a certificate (- is the standard input) and compares it with a key set: the file that a branch\n" +
			"serves at /.well-known/jwks.json, or this branch's own keys where no file is given. The answer is one word:\n" +
			"valid, not_yet, expired, expired_in_grace, revoked, suspended, unknown_key, bad_signature or status_unknown.\n" +
			"Whether a licence was revoked stands in two lists, /licences/status/… in the certificate: give both as files.\n" +
			"Without them the best answer is status_unknown. A list that is older than an hour can say that a licence was\n" +
			"revoked, not that it was not.\n\n" +
			"The exit code is 0 when the licence holds as far as it was asked for, 1 when it does not, or when the lists given do\n" +
			"not tell, or the work at hand is another file, and 2 when a file cannot be read.",
		RunE: func(cmd *cobra.Command, args []string) error { return c.verifyLicence(cmd, args[0], v) }}
	f := cmd.Flags()
	f.StringVar(&v.jwks, "jwks", "", "file of the key set; by default the keys of this branch")
	f.StringArrayVar(&v.status, "status", nil, "file of a signed status list; may be given twice")
	f.StringVar(&v.work, "work", "", "file of the work, to be compared with the licensed version")
	f.StringVar(&v.issuer, "issuer", "", "address of the branch that it must come from, such as https://board.example")
	f.StringVar(&v.at, "at", "", "moment to answer for, such as 2026-03-01T12:00:00Z; by default now")
	f.BoolVar(&v.asJSON, "json", false, "print JSON: result, ok, key_id, sha256, checks, licence")
	return cmd
}

func (c *command) verifyLicence(cmd *cobra.Command, path string, v verifying) error {
	jwt, err := c.small(path)
	if err != nil {
		return err
	}
	o, err := c.compareWith(cmd, v, time.Now)
	if err != nil {
		return err
	}
	r := cert.Verify(jwt, o)
	if v.asJSON {
		err = json.NewEncoder(c.Out).Encode(verdict(r, jwt))
	} else {
		err = printVerdict(c.Out, r, o.Now)
	}
	if err != nil {
		return err
	}
	asked := r.Word == cert.Valid || r.Word == cert.StatusUnknown && len(v.status) == 0
	if !asked || !r.OK() {
		return found{reason(r)}
	}
	return nil
}

// reason is the first check that failed, in its own words.
func reason(r cert.Result) string {
	for _, check := range r.Checks {
		if !check.OK && check.Note != "" {
			return string(r.Word) + ": " + check.Note
		}
	}
	return string(r.Word)
}

// compareWith gathers what the certificate is compared with from the flags.
func (c *command) compareWith(cmd *cobra.Command, v verifying, clock func() time.Time) (o cert.Options, err error) {
	o = cert.Options{Issuer: strings.TrimSuffix(v.issuer, "/"), Now: clock().UTC(), Terms: web.TermsHash}
	if v.at != "" {
		if o.Now, err = time.Parse(time.RFC3339, v.at); err != nil {
			return o, fmt.Errorf("--at: %q is not a moment such as 2026-03-01T12:00:00Z", v.at)
		}
	}
	if v.jwks != "" {
		o.Keys, err = c.keySet(v.jwks)
	} else {
		var cfg config.Config
		if cfg, err = c.load(cmd); err == nil {
			o.Keys, err = ownKeys(cfg)
		}
	}
	if err != nil {
		return o, err
	}
	if o.Status, err = c.lists(v.status, o); err != nil {
		return o, err
	}
	if v.work != "" {
		o.WorkSHA256, err = digest(v.work)
	}
	return o, err
}

func (c *command) keySet(path string) ([]cert.Key, error) {
	text, err := c.small(path)
	if err != nil {
		return nil, err
	}
	keys, err := cert.ParseJWKS(text)
	if err != nil {
		return nil, fmt.Errorf("--jwks %s: %w", path, err)
	}
	return keys, nil
}

// ownKeys reads this branch's keys and makes nothing: a folder without keys
// belongs to somebody who only checks.
func ownKeys(cfg config.Config) ([]cert.Key, error) {
	if _, err := os.Stat(filepath.Join(cfg.SecretsDir(), "sign")); errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("there are no keys here to verify with: fetch /.well-known/jwks.json from the branch that issued the certificate and name the file with --jwks")
	}
	secrets, err := secret.Open(cfg.SecretsDir())
	if err != nil {
		return nil, err
	}
	all, err := secrets.SigningKeys()
	if err != nil {
		return nil, err
	}
	keys := make([]cert.Key, 0, len(all))
	for _, k := range all {
		keys = append(keys, cert.Key{ID: k.ID, Public: k.Public, From: k.From, Until: k.Until, RevokedAt: k.RevokedAt})
	}
	return keys, nil
}

// lists reads signed status lists and answers from them; nil when none are given.
func (c *command) lists(paths []string, o cert.Options) (func(list, index int) (bool, error), error) {
	if len(paths) == 0 {
		return nil, nil //nolint:nilnil // nil is how cert.Options says offline
	}
	known := map[int]cert.StatusFacts{}
	for _, path := range paths {
		text, err := c.small(path)
		if err != nil {
			return nil, err
		}
		f, err := cert.VerifyStatus(text, o)
		if err != nil {
			return nil, fmt.Errorf("--status %s: %w", path, err)
		}
		known[f.List] = f
	}
	return func(list, index int) (bool, error) {
		f, ok := known[list]
		switch {
		case !ok:
			return false, fmt.Errorf("the status list %d was not given", list)
		case f.Bits.Get(index):
			return true, nil
		case o.Now.Sub(f.At) > cert.StatusTTL:
			return false, fmt.Errorf("the status list %d is of %s, too old to say that nothing has happened since", list, f.At.Format(time.RFC3339))
		}
		return false, nil
	}, nil
}

// smallFile bounds what is read into memory: a key set of a hundred years or a
// status list full of noise is smaller.
const smallFile = 256 << 10

// small reads a file without the spaces and line ends around its text.
func (c *command) small(path string) ([]byte, error) {
	in := c.In
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, smallFile+1))
	if err != nil {
		return nil, err
	}
	text = bytes.TrimSpace(text)
	if len(text) > smallFile || len(text) == 0 {
		return nil, fmt.Errorf("%s is empty or too large for what it should be", path)
	}
	return text, nil
}

func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// saidCheck, saidMoney and said are the JSON of an answer.
type saidCheck struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Note string `json:"note,omitempty"`
}

type saidMoney struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type said struct {
	Result  cert.Word    `json:"result"`
	OK      bool         `json:"ok"`
	KeyID   string       `json:"key_id,omitempty"`
	SHA256  string       `json:"sha256"`
	Checks  []saidCheck  `json:"checks"`
	Licence *saidLicence `json:"licence,omitempty"`
}

type saidLicence struct {
	cert.Facts
	Price saidMoney `json:"price"` // in the form of the API, instead of the facts' own
}

func verdict(r cert.Result, jwt []byte) said {
	out := said{Result: r.Word, OK: r.OK(), KeyID: r.KeyID, SHA256: cert.Hash(string(jwt))}
	for _, check := range r.Checks {
		out.Checks = append(out.Checks, saidCheck(check))
	}
	if r.Facts.ID != "" {
		out.Licence = &saidLicence{r.Facts, saidMoney{r.Facts.Price.Minor, r.Facts.Price.Currency}}
	}
	return out
}

// meaning says a word in a sentence.
func meaning(w cert.Word) string {
	return map[cert.Word]string{
		cert.Valid:          "the licence holds",
		cert.NotYet:         "the term has not begun",
		cert.Expired:        "the term has ended; what was published stays",
		cert.ExpiredInGrace: "the term has ended; what was begun may be finished, nothing new may be begun",
		cert.Revoked:        "the licence was revoked: no new copies",
		cert.Suspended:      "the licence is suspended while a dispute is open: no new copies",
		cert.UnknownKey:     "no key of the set may have signed it",
		cert.BadSignature:   "this is not a certificate, or it was changed",
		cert.StatusUnknown:  "all is well as far as a file can tell; whether it was revoked is not known",
	}[w]
}

func printVerdict(out io.Writer, r cert.Result, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "%s: %s\n\n", r.Word, meaning(r.Word))
	if f := r.Facts; f.ID != "" {
		learners := "without limit"
		if f.Learners > 0 {
			learners = fmt.Sprint("up to ", f.Learners)
		}
		uses := make([]string, len(f.Uses))
		for i, u := range f.Uses {
			uses[i] = string(u)
		}
		for _, row := range [][2]string{
			{"licence", f.ID + " of " + f.Issuer}, {"work", f.WorkTitle + ", version " + f.WorkVersion}, {"", f.WorkURL},
			{"licensor", f.Licensor}, {"licensee", f.Licensee},
			{"term", f.ValidFrom.Format(time.RFC3339) + " until " + f.ValidUntil.Format(time.RFC3339)},
			{"asked for", now.UTC().Format(time.RFC3339)},
			{"allowed", strings.Join(uses, ", ") + " for " + f.Channel}, {"in", strings.Join(f.Territory, ", ")}, {"learners", learners},
			{"attribution", f.Attribution}, {"base licence", f.BaseLicence + ", which stays"}, {"terms", f.TermsVersion + ", " + f.TermsURL},
			{"see also", f.VerifyURL()},
		} {
			fmt.Fprintf(w, "  %s\t%s\n", row[0], row[1])
		}
		fmt.Fprintln(w)
	}
	for _, check := range r.Checks {
		mark := "ok"
		if !check.OK {
			mark = "NO"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", mark, check.Name, check.Note)
	}
	return w.Flush()
}
