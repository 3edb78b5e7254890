package payment

import (
	"context"

	"github.com/tmoeg/oduvan/internal/db"
)

// MarketRole is the role of PostgreSQL under which money is written, where the
// operator has made it: one that may read the fund's published destinations and
// touch nothing else of the fund, and that can only add to the journal.
const MarketRole = "oduvan_market"

// RoleSQL makes the role and gives it its rights, for whoever owns the database.
// It may run again, and should after an upgrade that brought tables.
const RoleSQL = `
DO $$ BEGIN
	CREATE ROLE oduvan_market NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT oduvan_market TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO oduvan_market;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO oduvan_market;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO oduvan_market;
REVOKE UPDATE, DELETE ON journal_account, journal_entry, journal_line, order_step FROM oduvan_market;
REVOKE INSERT ON order_step FROM oduvan_market;
DO $$ DECLARE name text; BEGIN
	FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'fund\_%' LOOP
		EXECUTE format('REVOKE ALL ON %I FROM oduvan_market', name);
		IF name = 'fund_destination' THEN
			EXECUTE format('GRANT SELECT ON %I TO oduvan_market', name);
		END IF;
	END LOOP;
END $$;
`

// enter takes the market's role for the rest of a unit of work, where this
// database has it with its rights: then not even a mistake of ours can write to
// the fund's books beside an order.
func (p *Payments) enter(ctx context.Context, tx *db.Tx) error {
	if p.cfg.DB.Engine() != db.PostgreSQL {
		return nil
	}
	_, err := tx.NewRaw(`SELECT set_config('role', rolname, true) FROM pg_roles WHERE rolname = ? AND pg_has_role(current_user, oid, 'MEMBER')
		AND has_table_privilege(oid, 'journal_line', 'INSERT')`, MarketRole).Exec(ctx)
	return err
}

// Walled tells whether the database has the market's role; without PostgreSQL
// there is none to have.
func (p *Payments) Walled(ctx context.Context) (has bool, err error) {
	if p.cfg.DB.Engine() != db.PostgreSQL {
		return false, nil
	}
	err = p.cfg.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.NewRaw(`SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = ? AND pg_has_role(current_user, oid, 'MEMBER')
			AND has_table_privilege(oid, 'journal_line', 'INSERT'))`, MarketRole).Scan(ctx, &has)
	})
	return has, err
}
