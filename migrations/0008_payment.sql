-- Orders between one buyer and one seller, and the journal of what they and
-- providers state about money. What may never happen is refused here, whoever
-- writes the SQL: an illegal step, a changed amount, an entry that does not
-- balance, the same cause twice, the fund in any line. On SQLite a row that takes
-- another's hidden number would remove it past every trigger: so there are none.
CREATE TABLE order_step (
	{{text "from_state" 20}},
	{{text "to_state" 20}},
	PRIMARY KEY (from_state, to_state)
){{if sqlite}} WITHOUT ROWID{{end}};
INSERT INTO order_step (from_state, to_state) VALUES
	('draft', 'awaiting_payment'), ('draft', 'cancelled'),
	('awaiting_payment', 'cancelled'), ('awaiting_payment', 'expired'), ('awaiting_payment', 'paid'),
	('expired', 'cancelled'), ('expired', 'paid'), ('cancelled', 'paid'),
	('paid', 'fulfilled'), ('paid', 'disputed'), ('paid', 'refunded'),
	('fulfilled', 'disputed'), ('fulfilled', 'refunded'),
	('disputed', 'paid'), ('disputed', 'fulfilled'), ('disputed', 'refunded');

CREATE TABLE payment_order (
	{{text "id" 36}} PRIMARY KEY,
	{{text "code" 9}} UNIQUE,
	{{textnull "buyer_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{textnull "seller_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{text "buyer_party" 36}} UNIQUE,
	{{text "seller_party" 36}} UNIQUE,
	{{text "once" 100}},
	{{text "kind" 20}},
	{{text "subject" 60}},
	{{text "title" 200}},
	{{text "payee" 200}},
	{{text "country" 2}},
	{{text "link" 500}},
	{{int "amount"}},
	{{text "currency" 3}},
	{{text "method" 10}},
	{{blob "terms" 16384}},
	{{int "refund_days"}},
	{{bool "checkout"}},
	{{bool "cancelled"}},
	{{bool "expired"}},
	{{bool "paid"}},
	{{bool "fulfilled"}},
	{{int "refunded"}},
	{{json "disputes" 4000}},
	{{text "state" 20}},
	{{text "settlement" 20}},
	{{text "question" 10}},
	{{bool "has_details"}},
	{{int "refund_sent"}},
	{{int "extra"}},
	{{int "extra_returned"}},
	{{time "created_at"}},
	{{timenull "deadline_at"}},
	{{timenull "claimed_at"}},
	{{timenull "refund_sent_at"}},
	{{timenull "paid_at"}},
	{{timenull "fulfilled_at"}},
	{{timenull "closed_at"}},
	UNIQUE (id, currency),
	CHECK (method IN ('direct', 'link', 'stripe', 'free')),
	CHECK (state IN ('draft', 'awaiting_payment', 'cancelled', 'expired', 'paid', 'fulfilled', 'disputed', 'refunded')),
	CHECK (settlement IN ('none', 'claimed_by_buyer', 'confirmed_by_seller', 'denied_by_seller', 'arbitration')),
	CHECK (question IN ('', 'payment', 'refund')),
	CHECK (buyer_id <> seller_id),
	CHECK (buyer_party <> seller_party),
	CHECK (amount BETWEEN 0 AND 1000000000000),
	CHECK ((amount = 0) = (method = 'free')),
	CHECK (refunded BETWEEN 0 AND amount),
	CHECK (extra >= 0 AND extra_returned BETWEEN 0 AND extra),
	CHECK (refund_sent BETWEEN 0 AND amount - refunded + extra - extra_returned),
	CHECK ((refund_sent > 0) = (refund_sent_at IS NOT NULL)),
	CHECK (checkout OR NOT paid),
	CHECK (paid OR NOT (fulfilled OR refunded > 0)),
	CHECK (paid = (state IN ('paid', 'fulfilled', 'disputed', 'refunded'))),
	CHECK (paid = (paid_at IS NOT NULL)),
	CHECK (fulfilled = (fulfilled_at IS NOT NULL)),
	CHECK (fulfilled OR state <> 'fulfilled'),
	CHECK ((method = 'link') = (link <> '')),
	CHECK (refund_days BETWEEN 0 AND 3650)
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE INDEX payment_order_buyer ON payment_order (buyer_id, created_at);
CREATE INDEX payment_order_seller ON payment_order (seller_id, created_at);
CREATE INDEX payment_order_question ON payment_order (question, created_at);
CREATE INDEX payment_order_subject ON payment_order (subject);
CREATE UNIQUE INDEX payment_order_once ON payment_order (buyer_id, once) WHERE once <> '' AND state IN ('draft', 'awaiting_payment');

-- Where to pay and what was said to a moderator: sealed by a key of the order's
-- own, which is itself sealed by the branch's. Without this row nothing of it
-- can be read.
CREATE TABLE order_secret (
	{{text "order_id" 36}} PRIMARY KEY REFERENCES payment_order (id) ON DELETE CASCADE,
	{{blob "sealed_key" 200}},
	{{blobnull "details" 8000}}
);

CREATE TABLE order_statement (
	{{text "order_id" 36}} REFERENCES order_secret (order_id) ON DELETE CASCADE,
	{{text "kind" 10}},
	{{blob "sealed" 10000}},
	{{time "made_on"}},
	PRIMARY KEY (order_id, kind),
	CHECK (kind IN ('denial', 'buyer', 'seller'))
);

CREATE TABLE order_decision (
	{{text "id" 36}} PRIMARY KEY,
	{{text "order_id" 36}} REFERENCES payment_order (id),
	{{textnull "moderator_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{text "question" 10}},
	{{bool "paid"}},
	{{text "reason" 2000}},
	{{time "decided_on"}},
	CHECK (question IN ('payment', 'refund')),
	CHECK (length(reason) >= 20)
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE INDEX order_decision_order ON order_decision (order_id);
CREATE INDEX order_decision_day ON order_decision (decided_on);
CREATE INDEX order_decision_moderator ON order_decision (moderator_id);

-- A party of the journal is one side of one order and nobody's account.
CREATE TABLE journal_account (
	{{text "id" 36}} PRIMARY KEY,
	{{text "kind" 20}},
	{{text "currency" 3}},
	UNIQUE (id, kind, currency),
	CHECK (kind IN ('buyer_external', 'seller_external', 'central_fund'))
){{if sqlite}} WITHOUT ROWID{{end}};

CREATE TABLE journal_entry (
	{{int "seq"}} PRIMARY KEY,
	{{text "order_id" 36}},
	{{text "currency" 3}},
	{{text "kind" 20}},
	{{text "method" 10}},
	{{text "cause" 120}},
	{{time "at"}},
	{{blob "prev_hash" 32}},
	{{blob "hash" 32}} UNIQUE,
	UNIQUE (method, cause, kind),
	FOREIGN KEY (order_id, currency) REFERENCES payment_order (id, currency),
	CHECK (kind IN ('payment', 'refund', 'dispute_return', 'extra_payment', 'extra_refund')),
	CHECK (seq >= 1 AND cause <> '')
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE INDEX journal_entry_order ON journal_entry (order_id);
CREATE UNIQUE INDEX journal_entry_payment ON journal_entry (order_id) WHERE kind = 'payment';

-- Lines come before their entry, which closes them.
CREATE TABLE journal_line (
	{{int "entry"}} REFERENCES journal_entry (seq) DEFERRABLE INITIALLY DEFERRED,
	{{int "n"}},
	{{text "account_id" 36}},
	{{text "account_kind" 20}},
	{{text "currency" 3}},
	{{int "amount"}},
	PRIMARY KEY (entry, n),
	FOREIGN KEY (account_id, account_kind, currency) REFERENCES journal_account (id, kind, currency),
	CHECK (account_kind <> 'central_fund'),
	CHECK (account_kind IN ('buyer_external', 'seller_external')),
	CHECK (amount <> 0 AND amount BETWEEN -1000000000000 AND 1000000000000){{if sqlite}},
	CHECK (typeof(amount) = 'integer' AND typeof(entry) = 'integer'){{end}}
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE INDEX journal_line_account ON journal_line (account_id, account_kind, currency);

{{if sqlite}}
CREATE TRIGGER payment_order_begins BEFORE INSERT ON payment_order WHEN
	NEW.state <> 'draft' OR NEW.checkout OR NEW.cancelled OR NEW.expired OR NEW.paid OR NEW.refunded <> 0 OR NEW.extra <> 0 OR NEW.disputes <> '{}'
	OR typeof(NEW.amount) <> 'integer'
	OR EXISTS (SELECT 1 FROM payment_order o WHERE o.id = NEW.id OR o.code = NEW.code OR o.buyer_party IN (NEW.buyer_party, NEW.seller_party)
		OR o.seller_party IN (NEW.buyer_party, NEW.seller_party))
BEGIN SELECT RAISE(ABORT, 'payment_order: an order begins as an empty draft of its own'); END;

CREATE TRIGGER payment_order_agreed BEFORE UPDATE ON payment_order WHEN
	NEW.id IS NOT OLD.id OR NEW.code IS NOT OLD.code OR NEW.buyer_party IS NOT OLD.buyer_party OR NEW.seller_party IS NOT OLD.seller_party
	OR NEW.once IS NOT OLD.once OR NEW.kind IS NOT OLD.kind OR NEW.subject IS NOT OLD.subject OR NEW.title IS NOT OLD.title OR NEW.payee IS NOT OLD.payee
	OR NEW.country IS NOT OLD.country OR NEW.link IS NOT OLD.link OR NEW.amount IS NOT OLD.amount OR NEW.currency IS NOT OLD.currency
	OR NEW.method IS NOT OLD.method OR NEW.terms IS NOT OLD.terms OR NEW.refund_days IS NOT OLD.refund_days OR NEW.created_at IS NOT OLD.created_at
	OR NEW.buyer_id IS NOT OLD.buyer_id AND NEW.buyer_id IS NOT NULL OR NEW.seller_id IS NOT OLD.seller_id AND NEW.seller_id IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'payment_order: what was agreed does not change'); END;

CREATE TRIGGER payment_order_grows BEFORE UPDATE ON payment_order WHEN
	NEW.checkout < OLD.checkout OR NEW.cancelled < OLD.cancelled OR NEW.expired < OLD.expired OR NEW.paid < OLD.paid OR NEW.fulfilled < OLD.fulfilled
	OR NEW.refunded < OLD.refunded OR NEW.extra < OLD.extra OR NEW.extra_returned < OLD.extra_returned
	OR OLD.paid_at IS NOT NULL AND NEW.paid_at IS NOT OLD.paid_at OR OLD.fulfilled_at IS NOT NULL AND NEW.fulfilled_at IS NOT OLD.fulfilled_at
BEGIN SELECT RAISE(ABORT, 'payment_order: facts only grow'); END;

CREATE TRIGGER payment_order_steps BEFORE UPDATE ON payment_order WHEN
	NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM order_step s WHERE s.from_state = OLD.state AND s.to_state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'payment_order: no such step'); END;

CREATE TRIGGER payment_order_booked BEFORE UPDATE ON payment_order WHEN
	NEW.paid AND NOT OLD.paid AND NEW.amount > 0 AND NOT EXISTS (SELECT 1 FROM journal_entry e WHERE e.order_id = NEW.id AND e.kind = 'payment')
	OR NEW.refunded > OLD.refunded AND NEW.refunded > (SELECT coalesce(sum(l.amount), 0) FROM journal_entry e JOIN journal_line l ON l.entry = e.seq
		WHERE e.order_id = NEW.id AND e.kind IN ('refund', 'dispute_return') AND l.account_kind = 'buyer_external')
BEGIN SELECT RAISE(ABORT, 'payment_order: money without an entry in the journal'); END;

CREATE TRIGGER payment_order_stays BEFORE DELETE ON payment_order WHEN OLD.paid OR OLD.state IN ('draft', 'awaiting_payment')
BEGIN SELECT RAISE(ABORT, 'payment_order: only an ended order without payment may go'); END;

CREATE TRIGGER order_step_insert BEFORE INSERT ON order_step BEGIN SELECT RAISE(ABORT, 'order_step: fixed'); END;
CREATE TRIGGER order_step_update BEFORE UPDATE ON order_step BEGIN SELECT RAISE(ABORT, 'order_step: fixed'); END;
CREATE TRIGGER order_step_delete BEFORE DELETE ON order_step BEGIN SELECT RAISE(ABORT, 'order_step: fixed'); END;

CREATE TRIGGER order_decision_insert BEFORE INSERT ON order_decision WHEN EXISTS (SELECT 1 FROM order_decision d WHERE d.id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'order_decision: append-only'); END;
CREATE TRIGGER order_decision_update BEFORE UPDATE ON order_decision WHEN
	NEW.id IS NOT OLD.id OR NEW.order_id IS NOT OLD.order_id OR NEW.question IS NOT OLD.question OR NEW.paid IS NOT OLD.paid
	OR NEW.reason IS NOT OLD.reason OR NEW.decided_on IS NOT OLD.decided_on OR NEW.moderator_id IS NOT NULL AND NEW.moderator_id IS NOT OLD.moderator_id
BEGIN SELECT RAISE(ABORT, 'order_decision: append-only'); END;
CREATE TRIGGER order_decision_delete BEFORE DELETE ON order_decision BEGIN SELECT RAISE(ABORT, 'order_decision: append-only'); END;

CREATE TRIGGER journal_account_insert BEFORE INSERT ON journal_account WHEN EXISTS (SELECT 1 FROM journal_account a WHERE a.id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'journal_account: append-only'); END;
CREATE TRIGGER journal_account_update BEFORE UPDATE ON journal_account BEGIN SELECT RAISE(ABORT, 'journal_account: append-only'); END;
CREATE TRIGGER journal_account_delete BEFORE DELETE ON journal_account BEGIN SELECT RAISE(ABORT, 'journal_account: append-only'); END;

CREATE TRIGGER journal_line_insert BEFORE INSERT ON journal_line WHEN
	EXISTS (SELECT 1 FROM journal_entry e WHERE e.seq = NEW.entry) OR EXISTS (SELECT 1 FROM journal_line l WHERE l.entry = NEW.entry AND l.n = NEW.n)
	OR NEW.entry <> (SELECT coalesce(max(e.seq), 0) + 1 FROM journal_entry e)
BEGIN SELECT RAISE(ABORT, 'journal_line: its entry is closed'); END;
CREATE TRIGGER journal_line_update BEFORE UPDATE ON journal_line BEGIN SELECT RAISE(ABORT, 'journal_line: append-only'); END;
CREATE TRIGGER journal_line_delete BEFORE DELETE ON journal_line BEGIN SELECT RAISE(ABORT, 'journal_line: append-only'); END;

CREATE TRIGGER journal_entry_chain BEFORE INSERT ON journal_entry WHEN
	typeof(NEW.seq) <> 'integer' OR NEW.seq <> (SELECT coalesce(max(e.seq), 0) + 1 FROM journal_entry e)
	OR NEW.prev_hash <> coalesce((SELECT e.hash FROM journal_entry e ORDER BY e.seq DESC LIMIT 1), x'')
	OR length(NEW.hash) <> 32 OR typeof(NEW.hash) <> 'blob'
	OR EXISTS (SELECT 1 FROM journal_entry e WHERE e.method = NEW.method AND e.cause = NEW.cause AND e.kind = NEW.kind)
	OR EXISTS (SELECT 1 FROM journal_entry e WHERE e.order_id = NEW.order_id AND e.kind = 'payment' AND NEW.kind = 'payment')
	OR EXISTS (SELECT 1 FROM journal_entry e WHERE e.hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'journal_entry: it does not follow the last one'); END;
CREATE TRIGGER journal_entry_balance BEFORE INSERT ON journal_entry WHEN
	(SELECT count(*) FROM journal_line l WHERE l.entry = NEW.seq) < 2
	OR EXISTS (SELECT 1 FROM journal_line l WHERE l.entry = NEW.seq GROUP BY l.currency HAVING sum(l.amount) <> 0)
	OR EXISTS (SELECT 1 FROM journal_line l WHERE l.entry = NEW.seq AND l.currency <> NEW.currency)
	OR EXISTS (SELECT 1 FROM journal_line l JOIN payment_order o ON o.id = NEW.order_id WHERE l.entry = NEW.seq
		AND l.account_id NOT IN (o.buyer_party, o.seller_party))
BEGIN SELECT RAISE(ABORT, 'journal_entry: its lines do not balance between the two of its order'); END;
CREATE TRIGGER journal_entry_update BEFORE UPDATE ON journal_entry BEGIN SELECT RAISE(ABORT, 'journal_entry: append-only'); END;
CREATE TRIGGER journal_entry_delete BEFORE DELETE ON journal_entry BEGIN SELECT RAISE(ABORT, 'journal_entry: append-only'); END;
{{else}}
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '%: append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;

CREATE FUNCTION payment_order_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.state <> 'draft' OR NEW.checkout OR NEW.cancelled OR NEW.expired OR NEW.paid OR NEW.refunded <> 0 OR NEW.extra <> 0 OR NEW.disputes <> '{}' THEN
		RAISE EXCEPTION 'payment_order: an order begins as an empty draft' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER payment_order_begins BEFORE INSERT ON payment_order FOR EACH ROW EXECUTE FUNCTION payment_order_begins();

CREATE FUNCTION payment_order_changes() RETURNS trigger LANGUAGE plpgsql AS $$
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
	IF NEW.paid AND NOT OLD.paid AND NEW.amount > 0 AND NOT EXISTS (SELECT 1 FROM journal_entry e WHERE e.order_id = NEW.id AND e.kind = 'payment')
		OR NEW.refunded > OLD.refunded AND NEW.refunded > (SELECT coalesce(sum(l.amount), 0) FROM journal_entry e JOIN journal_line l ON l.entry = e.seq
			WHERE e.order_id = NEW.id AND e.kind IN ('refund', 'dispute_return') AND l.account_kind = 'buyer_external') THEN
		RAISE EXCEPTION 'payment_order: money without an entry in the journal' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER payment_order_changes BEFORE UPDATE ON payment_order FOR EACH ROW EXECUTE FUNCTION payment_order_changes();

CREATE FUNCTION payment_order_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD.paid OR OLD.state IN ('draft', 'awaiting_payment') THEN
		RAISE EXCEPTION 'payment_order: only an ended order without payment may go' USING ERRCODE = 'check_violation';
	END IF;
	RETURN OLD;
END $$;
CREATE TRIGGER payment_order_stays BEFORE DELETE ON payment_order FOR EACH ROW EXECUTE FUNCTION payment_order_stays();
CREATE TRIGGER payment_order_truncate BEFORE TRUNCATE ON payment_order FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER order_step_fixed BEFORE INSERT OR UPDATE OR DELETE ON order_step FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER order_step_truncate BEFORE TRUNCATE ON order_step FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION order_decision_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (NEW.id, NEW.order_id, NEW.question, NEW.paid, NEW.reason, NEW.decided_on) IS DISTINCT FROM
			(OLD.id, OLD.order_id, OLD.question, OLD.paid, OLD.reason, OLD.decided_on)
		OR NEW.moderator_id IS NOT NULL AND NEW.moderator_id IS DISTINCT FROM OLD.moderator_id THEN
		RAISE EXCEPTION 'order_decision: append-only' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER order_decision_update BEFORE UPDATE ON order_decision FOR EACH ROW EXECUTE FUNCTION order_decision_update();
CREATE TRIGGER order_decision_delete BEFORE DELETE ON order_decision FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER order_decision_truncate BEFORE TRUNCATE ON order_decision FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER journal_account_fixed BEFORE UPDATE OR DELETE ON journal_account FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_account_truncate BEFORE TRUNCATE ON journal_account FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION journal_line_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.entry <> (SELECT coalesce(max(e.seq), 0) + 1 FROM journal_entry e) THEN
		RAISE EXCEPTION 'journal_line: its entry is closed' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER journal_line_insert BEFORE INSERT ON journal_line FOR EACH ROW EXECUTE FUNCTION journal_line_insert();
CREATE TRIGGER journal_line_fixed BEFORE UPDATE OR DELETE ON journal_line FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_line_truncate BEFORE TRUNCATE ON journal_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION journal_entry_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.seq <> (SELECT coalesce(max(e.seq), 0) + 1 FROM journal_entry e)
		OR NEW.prev_hash <> coalesce((SELECT e.hash FROM journal_entry e ORDER BY e.seq DESC LIMIT 1), ''::bytea)
		OR octet_length(NEW.hash) <> 32 THEN
		RAISE EXCEPTION 'journal_entry: it does not follow the last one' USING ERRCODE = 'check_violation';
	END IF;
	IF (SELECT count(*) FROM journal_line l WHERE l.entry = NEW.seq) < 2
		OR EXISTS (SELECT 1 FROM journal_line l WHERE l.entry = NEW.seq GROUP BY l.currency HAVING sum(l.amount) <> 0)
		OR EXISTS (SELECT 1 FROM journal_line l WHERE l.entry = NEW.seq AND l.currency <> NEW.currency)
		OR EXISTS (SELECT 1 FROM journal_line l JOIN payment_order o ON o.id = NEW.order_id WHERE l.entry = NEW.seq
			AND l.account_id NOT IN (o.buyer_party, o.seller_party)) THEN
		RAISE EXCEPTION 'journal_entry: its lines do not balance between the two of its order' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER journal_entry_insert BEFORE INSERT ON journal_entry FOR EACH ROW EXECUTE FUNCTION journal_entry_insert();
CREATE TRIGGER journal_entry_fixed BEFORE UPDATE OR DELETE ON journal_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_entry_truncate BEFORE TRUNCATE ON journal_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
{{end}}
