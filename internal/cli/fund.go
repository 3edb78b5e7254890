package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/money"
)

func (c *command) fund() *cobra.Command {
	group := &cobra.Command{Use: "fund", Short: "Keep the books of the central fund"}
	goal := &cobra.Command{Use: "goal", Short: "Begin and end collections for a goal"}
	goal.AddCommand(c.fundGoalOpen(), c.fundGoalClose())
	destination := &cobra.Command{Use: "destination", Short: "Publish where the fund takes gifts: nobody can be paid there on the market"}
	destination.AddCommand(c.fundPublish(), c.fundWithdraw())
	group.AddCommand(c.fundRecord(), c.fundReverse(), goal, destination, c.fundList())
	return group
}

// onBoard opens the board and runs fn on it.
func (c *command) onBoard(fn func(cmd *cobra.Command, a *app.App, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a, err := c.open(cmd)
		if err != nil {
			return err
		}
		return errors.Join(fn(cmd, a, args), a.Close())
	}
}

// amountOf reads an amount and its currency as they are typed.
func amountOf(text, currency string) (money.Amount, error) {
	return money.ParseField("amount", text, strings.ToUpper(currency))
}

// dayOf reads a day; an empty one is zero.
func dayOf(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, fmt.Errorf("%s: write the day as 2027-03-01", field)
	}
	return day, nil
}

func (c *command) fundRecord() *cobra.Command {
	var in fund.Input
	var day string
	var asJSON bool
	cmd := &cobra.Command{Use: "record KIND AMOUNT CURRENCY", Short: "Write down a donation, crowdfunding, a subsidy or an expense", Args: cobra.ExactArgs(3),
		Long: "Record writes one entry into the fund's open books, for good: a mistake is answered by fund reverse. Givers are\n" +
			"not named, except the organisation behind a subsidy. A subsidy with conditions and advertising are refused.",
		Example: "  oduvan fund record donation 1500 RUB --channel bank\n" +
			"  oduvan fund record crowdfunding 20 EUR --channel platform --goal server-2027\n" +
			"  oduvan fund record subsidy 100000 RUB --channel bank --giver \"Open Source Fund\"\n" +
			"  oduvan fund record expense 12.50 EUR --channel card --category hosting --purpose \"Server, March\" --day 2027-03-01",
		RunE: c.onBoard(func(cmd *cobra.Command, a *app.App, args []string) (err error) {
			in.Kind = fund.Kind(strings.ToLower(args[0]))
			if in.Amount, err = amountOf(args[1], args[2]); err != nil {
				return err
			}
			if in.Day, err = dayOf("day", day); err != nil {
				return err
			}
			e, err := a.Fund.Record(cmd.Context(), account.Console(), in)
			return c.told(e, err, asJSON)
		})}
	f := cmd.Flags()
	f.StringVar(&day, "day", "", "day of the payment, such as 2027-03-01; today if empty")
	f.StringVar(&in.Channel, "channel", "bank", "which way it went: "+strings.Join(fund.Channels(), ", "))
	f.StringVar(&in.Goal, "goal", "", "word of the goal, for crowdfunding")
	f.StringVar(&in.Giver, "giver", "", "organisation that gave a subsidy")
	f.StringVar(&in.Conditions, "conditions", "", "conditions of a subsidy: with any, it is refused")
	f.StringVar(&in.Category, "category", "", "kind of expense: "+strings.Join(fund.Categories(), ", "))
	f.StringVar(&in.Purpose, "purpose", "", "what was paid for, without names of people")
	f.BoolVar(&in.GiverIsPayee, "giver-is-payee", false, "the giver also sells on this board")
	f.BoolVar(&asJSON, "json", false, "print JSON: seq, hash")
	return cmd
}

// told prints what was written.
func (c *command) told(e fund.Entry, err error, asJSON bool) error {
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(c.Out).Encode(fund.Head{Seq: e.Seq, Hash: e.Hash})
	}
	_, err = fmt.Fprintf(c.Out, "entry %d: %s %s\nchecksum %s\n", e.Seq, e.Kind, amount(e.Amount, e.Currency), e.Hash)
	return err
}

func (c *command) fundReverse() *cobra.Command {
	var reason string
	var asJSON bool
	cmd := &cobra.Command{Use: "reverse ENTRY", Short: "Undo a mistaken entry by another one, with a reason", Args: cobra.ExactArgs(1),
		RunE: c.onBoard(func(cmd *cobra.Command, a *app.App, args []string) error {
			seq, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return fmt.Errorf("%q is no number of an entry", args[0])
			}
			e, err := a.Fund.Reverse(cmd.Context(), account.Console(), seq, reason)
			return c.told(e, err, asJSON)
		})}
	cmd.Flags().StringVar(&reason, "reason", "", "why it was a mistake, for everybody to read")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: seq, hash")
	return cmd
}

func (c *command) fundGoalOpen() *cobra.Command {
	var in fund.GoalInput
	var ends string
	cmd := &cobra.Command{Use: "open WORD AMOUNT CURRENCY", Short: "Begin a collection; what is said of it stands", Args: cobra.ExactArgs(3),
		Example: "  oduvan fund goal open server-2027 300 EUR --title \"A server for 2027\" --ends 2027-01-31",
		RunE: c.onBoard(func(cmd *cobra.Command, a *app.App, args []string) (err error) {
			in.ID = args[0]
			if in.Amount, err = amountOf(args[1], args[2]); err != nil {
				return err
			}
			if in.EndsOn, err = dayOf("ends", ends); err != nil {
				return err
			}
			g, err := a.Fund.OpenGoal(cmd.Context(), account.Console(), in)
			if err == nil {
				_, err = fmt.Fprintf(c.Out, "the collection %s is open\n", g.ID)
			}
			return err
		})}
	cmd.Flags().StringVar(&in.Title, "title", "", "what is collected for")
	cmd.Flags().StringVar(&in.About, "about", "", "more about it")
	cmd.Flags().StringVar(&ends, "ends", "", "day it is meant to end, such as 2027-01-31")
	return cmd
}

func (c *command) fundGoalClose() *cobra.Command {
	return &cobra.Command{Use: "close WORD", Short: "End a collection", Args: cobra.ExactArgs(1),
		RunE: c.onBoard(func(cmd *cobra.Command, a *app.App, args []string) error {
			err := a.Fund.CloseGoal(cmd.Context(), account.Console(), args[0])
			if err == nil {
				_, err = fmt.Fprintf(c.Out, "the collection %s is closed\n", args[0])
			}
			return err
		})}
}

func (c *command) fundPublish() *cobra.Command {
	var in fund.DestinationInput
	var form string
	cmd := &cobra.Command{Use: "publish TEXT", Short: "Publish an account's or card's number, a wallet's name or a link", Args: cobra.ExactArgs(1),
		Long: "Publish shows one destination on /fund. From then on no seller can be paid there on this board, however it is\n" +
			"typed, also after it is withdrawn.",
		RunE: c.onBoard(func(cmd *cobra.Command, a *app.App, args []string) error {
			in.Text, in.Kind = args[0], fund.Form(form)
			d, err := a.Fund.Publish(cmd.Context(), account.Console(), in)
			if err == nil {
				_, err = fmt.Fprintf(c.Out, "%s  published as a %s\n", d.ID, d.Kind)
			}
			return err
		})}
	cmd.Flags().StringVar(&in.Label, "label", "", "what it is, such as a bank's name")
	cmd.Flags().StringVar(&form, "form", "", "number, name or link; found out if empty")
	return cmd
}

func (c *command) fundWithdraw() *cobra.Command {
	var mistaken bool
	cmd := &cobra.Command{Use: "withdraw ID", Short: "End a destination; it stays known as the fund's", Args: cobra.ExactArgs(1),
		RunE: c.onBoard(func(cmd *cobra.Command, a *app.App, args []string) error {
			err := a.Fund.Withdraw(cmd.Context(), account.Console(), args[0], mistaken)
			if err == nil {
				_, err = fmt.Fprintln(c.Out, "gifts are not taken there any more")
			}
			return err
		})}
	cmd.Flags().BoolVar(&mistaken, "mistaken", false, "it never was the fund's: sellers may be paid there again")
	return cmd
}

func (c *command) fundList() *cobra.Command {
	var asJSON, asCSV bool
	cmd := &cobra.Command{Use: "list", Short: "Print the books: balances, goals, destinations, entries", Args: cobra.NoArgs,
		RunE: c.onBoard(func(cmd *cobra.Command, a *app.App, _ []string) error {
			var out []byte
			var err error
			switch {
			case asJSON && asCSV:
				return errors.New("--json or --csv, not both")
			case asJSON:
				out, err = a.Fund.JSON(cmd.Context())
			case asCSV:
				out, err = a.Fund.CSV(cmd.Context())
			default:
				book, err := a.Fund.Book(cmd.Context())
				if err != nil {
					return err
				}
				return c.printBook(book)
			}
			if err == nil {
				_, err = c.Out.Write(out)
			}
			return err
		})}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print all that is public of the fund as JSON, as /fund.json")
	cmd.Flags().BoolVar(&asCSV, "csv", false, "print the entries as CSV, as /fund.csv")
	return cmd
}

// amount writes an amount for a terminal, where a no-break space is of no use.
func amount(minor int64, currency string) string {
	return strings.ReplaceAll(money.Amount{Minor: minor, Currency: currency}.Format("en"), "\u00a0", " ")
}

func (c *command) printBook(book fund.Book) error {
	w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "BALANCE\tIN\tOUT")
	for _, b := range book.Balances {
		fmt.Fprintf(w, "%s\t%s\t%s\n", amount(b.Balance, b.Currency), amount(b.Income, b.Currency), amount(b.Expenses, b.Currency))
	}
	if len(book.Goals) > 0 {
		fmt.Fprintln(w, "\nGOAL\tRAISED\tOF\tSTATE\tTITLE")
	}
	for _, g := range book.Goals {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", g.ID, amount(g.Raised, g.Currency), amount(g.Amount, g.Currency), g.State, g.Title)
	}
	if len(book.Destinations) > 0 {
		fmt.Fprintln(w, "\nDESTINATION\tFORM\tSTATE\tID")
	}
	for _, d := range book.Destinations {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Text, d.Kind, d.State, d.ID)
	}
	fmt.Fprintln(w, "\nENTRY\tDAY\tKIND\tAMOUNT\tWHAT")
	for _, e := range book.Entries {
		what := strings.Join(strings.Fields(strings.Join([]string{e.Goal, e.Giver, e.Category, e.Purpose}, " ")), " ")
		if e.Reverses != 0 {
			what = fmt.Sprintf("undoes %d: %s", e.Reverses, e.Reason)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", e.Seq, e.Day, e.Kind, amount(e.Amount, e.Currency), what)
	}
	fmt.Fprintf(w, "\nlast checksum %s\n", book.Head.Hash)
	return w.Flush()
}
