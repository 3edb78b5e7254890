package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/account"
)

func (c *command) account() *cobra.Command {
	group := &cobra.Command{Use: "account", Short: "Make, list and erase accounts, give roles"}
	group.AddCommand(c.accountCreate(), c.accountList(), c.accountGrant(), c.accountErase())
	return group
}

func (c *command) accountCreate() *cobra.Command {
	var role string
	var asJSON bool
	cmd := &cobra.Command{Use: "create HANDLE", Short: "Make an account and print its recovery code and an API token, once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			acc, code, token, err := a.Accounts.Create(cmd.Context(), strings.ToLower(args[0]), account.Role(role))
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.Out).Encode(map[string]string{"handle": acc.Handle, "recovery_code": code, "token": token})
			}
			_, err = fmt.Fprintf(c.Out, "handle         %s\nrole           %s\nrecovery code  %s\nAPI token      %s\n\nBoth are shown only now: keep them.\n",
				acc.Handle, acc.Role, code, token)
			return err
		}}
	cmd.Flags().StringVar(&role, "role", string(account.Member), "member, moderator or operator; the first operator completes the first run")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: handle, recovery_code, token")
	return cmd
}

func (c *command) accountList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List accounts with their roles", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			list, err := allAccounts(cmd.Context(), a.Accounts)
			if err != nil {
				return err
			}
			enc := json.NewEncoder(c.Out)
			w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
			if !asJSON {
				fmt.Fprintln(w, "HANDLE\tROLE\tSTATE\tJOINED")
			}
			for _, acc := range list {
				if asJSON {
					err = enc.Encode(map[string]string{"handle": acc.Handle, "role": string(acc.Role), "state": string(acc.State)})
				} else {
					_, err = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", acc.Handle, acc.Role, acc.State, acc.JoinedOn.Format("2006-01-02"))
				}
				if err != nil {
					return err
				}
			}
			return w.Flush()
		}}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

// accountsPage is how many accounts one query reads.
const accountsPage = 1000

// allAccounts reads every account, page by page.
func allAccounts(ctx context.Context, accounts *account.Accounts) (all []account.Account, err error) {
	for f := (account.Filter{Limit: accountsPage}); ; {
		page, err := accounts.List(ctx, account.Console(), f)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < f.Limit {
			return all, nil
		}
		f.After = page[len(page)-1].Handle
	}
}

func (c *command) accountGrant() *cobra.Command {
	return &cobra.Command{Use: "grant HANDLE ROLE", Short: "Give an account the role member, moderator or operator", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			args[0] = strings.ToLower(args[0])
			if err := a.Accounts.GrantRole(cmd.Context(), account.Console(), args[0], account.Role(args[1])); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.Out, "%s is %s now\n", args[0], args[1])
			return err
		}}
}

func (c *command) accountErase() *cobra.Command {
	return &cobra.Command{Use: "erase HANDLE", Short: "Erase an imported account that nobody has claimed, for somebody who does not want to be listed", Args: cobra.ExactArgs(1),
		Long: "Erase removes an imported account with its profile and services, for good: a later import leaves the\n" +
			"person out. An account that has an owner is refused, since only its owner may erase it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			args[0] = strings.ToLower(args[0])
			if err := a.Accounts.EraseUnclaimed(cmd.Context(), account.Console(), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.Out, "%s is erased\n", args[0])
			return err
		}}
}
