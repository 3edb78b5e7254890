-- Every entry waits for the one before it, so PostgreSQL writes it at the very
-- end of a unit of work and asks for it at the commit. SQLite has one writer and
-- keeps asking with each row.
{{if not sqlite}}
CREATE OR REPLACE FUNCTION payment_order_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (NEW.id, NEW.code, NEW.buyer_party, NEW.seller_party, NEW.once, NEW.kind, NEW.subject, NEW.title, NEW.payee, NEW.country, NEW.link, NEW.amount,
			NEW.currency, NEW.method, NEW.terms, NEW.refund_days, NEW.created_at)
		IS DISTINCT FROM (OLD.id, OLD.code, OLD.buyer_party, OLD.seller_party, OLD.once, OLD.kind, OLD.subject, OLD.title, OLD.payee, OLD.country, OLD.link, OLD.amount,
			OLD.currency, OLD.method, OLD.terms, OLD.refund_days, OLD.created_at)
		OR NEW.buyer_id IS DISTINCT FROM OLD.buyer_id AND NEW.buyer_id IS NOT NULL
		OR NEW.seller_id IS DISTINCT FROM OLD.seller_id AND NEW.seller_id IS NOT NULL THEN
		RAISE EXCEPTION 'payment_order: what was agreed does not change' USING ERRCODE = 'check_violation';
	END IF;
	IF NEW.checkout < OLD.checkout OR NEW.cancelled < OLD.cancelled OR NEW.expired < OLD.expired OR NEW.paid < OLD.paid OR NEW.fulfilled < OLD.fulfilled
		OR NEW.refunded < OLD.refunded OR NEW.extra < OLD.extra OR NEW.extra_returned < OLD.extra_returned
		OR OLD.paid_at IS NOT NULL AND NEW.paid_at IS DISTINCT FROM OLD.paid_at
		OR OLD.fulfilled_at IS NOT NULL AND NEW.fulfilled_at IS DISTINCT FROM OLD.fulfilled_at THEN
		RAISE EXCEPTION 'payment_order: facts only grow' USING ERRCODE = 'check_violation';
	END IF;
	IF NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM order_step s WHERE s.from_state = OLD.state AND s.to_state = NEW.state) THEN
		RAISE EXCEPTION 'payment_order: no such step' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;

CREATE FUNCTION payment_order_booked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.paid AND NOT OLD.paid AND NEW.amount > 0 AND NOT EXISTS (SELECT 1 FROM journal_entry e WHERE e.order_id = NEW.id AND e.kind = 'payment')
		OR NEW.refunded > OLD.refunded AND NEW.refunded > (SELECT coalesce(sum(l.amount), 0) FROM journal_entry e JOIN journal_line l ON l.entry = e.seq
			WHERE e.order_id = NEW.id AND e.kind IN ('refund', 'dispute_return') AND l.account_kind = 'buyer_external') THEN
		RAISE EXCEPTION 'payment_order: money without an entry in the journal' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payment_order_booked AFTER UPDATE ON payment_order DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payment_order_booked();
{{end}}
