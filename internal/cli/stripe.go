package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
)

func (c *command) stripe() *cobra.Command {
	group := &cobra.Command{Use: "stripe", Short: "Look after card payments that go straight to sellers at Stripe"}
	webhook := &cobra.Command{Use: "webhook", Short: "Tell Stripe where the board hears of payments"}
	webhook.AddCommand(c.stripeWebhookCreate())
	group.AddCommand(c.stripeDoctor(), webhook, c.stripeFindings(), c.stripeSettle())
	return group
}

// errNoKey is for every command of Stripe on a board without it.
var errNoKey = errors.New("this board takes no cards: set ODUVAN_STRIPE_SECRET_KEY first (deploy/stripe.md says how)")

// onStripe opens the board and runs fn on it, where it has a key.
func (c *command) onStripe(fn func(cmd *cobra.Command, a *app.App, args []string) error) func(*cobra.Command, []string) error {
	return c.onBoard(func(cmd *cobra.Command, a *app.App, args []string) error {
		if a.Stripe == nil {
			return errNoKey
		}
		return fn(cmd, a, args)
	})
}

func (c *command) stripeDoctor() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "doctor", Short: "Ask Stripe whether key, mode, endpoint and version fit", Args: cobra.NoArgs,
		Long: "Doctor asks Stripe whether it knows the key and the address for events, and looks at the sellers' accounts, at\n" +
			"events that wait and at findings. It changes nothing and works beside a running serve. The exit code is 1 when\n" +
			"something is bad. It prints no key.",
		RunE: c.onStripe(func(cmd *cobra.Command, a *app.App, _ []string) error {
			list := a.Stripe.Doctor(cmd.Context())
			if asJSON {
				if err := json.NewEncoder(c.Out).Encode(list); err != nil {
					return err
				}
			}
			table, bad := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0), 0
			for _, check := range list {
				level := "ok"
				if !check.OK {
					level, bad = "bad", bad+1
				}
				if !asJSON {
					fmt.Fprintf(table, "%s\t%s\t%s\n", level, check.Name, check.Note)
				}
			}
			if err := table.Flush(); err != nil {
				return err
			}
			if bad > 0 {
				return found{fmt.Sprintf("the doctor found %s bad", counted(bad, "thing"))}
			}
			return nil
		})}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: a list of name, ok, note")
	return cmd
}

func (c *command) stripeWebhookCreate() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "create", Short: "Make the endpoint for events and print its signing secret", Args: cobra.NoArgs,
		Long: "Create tells Stripe to send events of connected accounts to this board's address and prints the secret that signs\n" +
			"them. Stripe says it only this once: put it into ODUVAN_STRIPE_WEBHOOK_SECRETS and start serve again. With a\n" +
			"secret there already put the new one behind it with a comma, and take the old one away once its endpoint is\n" +
			"deleted in Stripe's Dashboard.",
		RunE: c.onStripe(func(cmd *cobra.Command, a *app.App, _ []string) error {
			if !a.Config.Secure() && a.Config.StripeAPIBase == "" {
				return errors.New("Stripe sends events to an https address only: set ODUVAN_URL to the board's")
			}
			secret, err := a.Stripe.CreateWebhook(cmd.Context())
			if err != nil {
				return err
			}
			value := secret
			if old := a.Config.StripeWebhookSecrets; old != "" {
				value = old + "," + secret
			}
			if asJSON {
				return json.NewEncoder(c.Out).Encode(struct {
					Secret string `json:"secret"`
				}{secret})
			}
			_, err = fmt.Fprintf(c.Out, "Stripe will send events to %s/webhooks/stripe\n\nPut this into the settings, keep it secret, and start serve again:\n\n  ODUVAN_STRIPE_WEBHOOK_SECRETS=%s\n",
				a.Config.URL, value)
			return err
		})}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: secret")
	return cmd
}

func (c *command) stripeFindings() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "findings", Short: "List what somebody has to look at", Args: cobra.NoArgs,
		Long: "Findings lists what did not fit and changed no order: payments that are not exactly an order's, events of other\n" +
			"accounts, refunds that Stripe refused, and so on. deploy/stripe.md says what to do about each kind. The exit code\n" +
			"is 1 when there are any. stripe settle takes one off the list.",
		RunE: c.onStripe(func(cmd *cobra.Command, a *app.App, _ []string) error {
			list, err := a.Stripe.Findings(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(c.Out).Encode(some(list))
			} else {
				table := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
				for _, f := range list {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", f.FoundAt.UTC().Format(time.RFC3339), f.ID, f.Kind, f.Subject, f.OrderID)
				}
				err = table.Flush()
			}
			if err != nil {
				return err
			}
			if len(list) > 0 {
				return found{counted(len(list), "finding") + " to look at"}
			}
			return nil
		})}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: a list of id, kind, subject, order_id, found_at")
	return cmd
}

// some never is nil: null is no list.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (c *command) stripeSettle() *cobra.Command {
	var reason string
	cmd := &cobra.Command{Use: "settle FINDING", Short: "Take a finding off the list once it was looked at", Args: cobra.ExactArgs(1),
		Long:    "Settle says that somebody has looked at a finding, and what came of it. It moves no money and changes no order.",
		Example: "  oduvan stripe settle 0199b6a0-0000-7000-8000-000000000001 --reason \"the seller gave it back in the Dashboard\"",
		RunE: c.onStripe(func(cmd *cobra.Command, a *app.App, args []string) error {
			if err := a.Stripe.SettleFinding(cmd.Context(), account.Console(), args[0], reason); err != nil {
				return err
			}
			_, err := fmt.Fprintln(c.Out, "settled")
			return err
		})}
	cmd.Flags().StringVar(&reason, "reason", "", "what came of it, without names; the two parties can read it in their exports")
	return cmd
}
