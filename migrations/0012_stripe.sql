-- Settling at Stripe, on the sellers' own accounts. Nothing here holds money or
-- what Stripe knows of a person: only numbers of things there, and what was
-- frozen before the first call.
CREATE TABLE stripe_account (
	{{text "id" 36}} PRIMARY KEY,
	{{text "account_id" 36}} UNIQUE REFERENCES account (id) ON DELETE CASCADE,
	{{textnull "stripe_id" 40}} UNIQUE,
	{{bool "livemode"}},
	{{text "state" 20}} CHECK (state IN ('new', 'pending', 'review', 'restricted', 'ready', 'disconnected')),
	{{time "connected_on"}},
	CHECK (stripe_id LIKE 'acct\_%' ESCAPE '\'),
	CHECK (state = 'new' OR stripe_id IS NOT NULL)
);

CREATE TABLE stripe_attempt (
	{{text "id" 36}} PRIMARY KEY,
	{{text "order_id" 36}} REFERENCES payment_order (id) ON DELETE CASCADE,
	{{text "seller" 40}} CHECK (seller LIKE 'acct\_%' ESCAPE '\'),
	{{blob "params" 4000}},
	{{int "amount"}} CHECK (amount BETWEEN 1 AND 99999999),
	{{text "currency" 3}} CHECK (length(currency) = 3 AND currency = lower(currency)),
	{{bool "livemode"}},
	{{time "expires_at"}},
	{{time "created_at"}},
	{{text "state" 20}} CHECK (state IN ('open', 'paid', 'expired', 'failed', 'cancelled')),
	{{text "code" 40}},
	{{textnull "session_id" 255}} UNIQUE,
	{{text "url" 2000}},
	{{textnull "intent_id" 255}} UNIQUE,
	{{int "refunded"}} CHECK (refunded BETWEEN 0 AND amount),
	{{timenull "charged_at"}},
	CHECK (expires_at > created_at),
	CHECK ((state = 'paid') = (charged_at IS NOT NULL)),
	CHECK (state <> 'paid' OR intent_id IS NOT NULL AND session_id IS NOT NULL),
	CHECK (refunded = 0 OR state = 'paid'),
	CHECK (url = '' OR state = 'open')
);
CREATE UNIQUE INDEX stripe_attempt_open ON stripe_attempt (order_id) WHERE state = 'open';
CREATE INDEX stripe_attempt_order ON stripe_attempt (order_id, created_at);
CREATE INDEX stripe_attempt_seller ON stripe_attempt (seller, state);

CREATE TABLE stripe_refund (
	{{text "id" 36}} PRIMARY KEY,
	{{text "attempt_id" 36}} REFERENCES stripe_attempt (id) ON DELETE CASCADE,
	{{int "amount"}} CHECK (amount BETWEEN 1 AND 99999999),
	{{text "state" 20}} CHECK (state IN ('pending', 'done', 'failed')),
	{{text "code" 40}},
	{{textnull "refund_id" 255}} UNIQUE,
	{{time "created_at"}},
	CHECK ((state = 'done') = (refund_id IS NOT NULL))
);
CREATE INDEX stripe_refund_attempt ON stripe_refund (attempt_id, state);

-- What Stripe told us to look at: that and when, never what it said.
CREATE TABLE payment_inbox (
	{{text "id" 36}} PRIMARY KEY,
	{{text "event_id" 255}} UNIQUE,
	{{text "seller" 40}},
	{{text "type" 80}},
	{{text "object_id" 255}},
	{{time "received_at"}},
	{{timenull "done_at"}},
	{{text "outcome" 30}},
	CHECK ((done_at IS NOT NULL) = (outcome <> ''))
);
CREATE INDEX payment_inbox_waiting ON payment_inbox (received_at) WHERE done_at IS NULL;
CREATE INDEX payment_inbox_done ON payment_inbox (done_at);

-- What somebody has to look at.
CREATE TABLE payment_finding (
	{{text "id" 36}} PRIMARY KEY,
	{{text "kind" 30}},
	{{text "subject" 255}},
	{{textnull "order_id" 36}} REFERENCES payment_order (id) ON DELETE CASCADE,
	{{time "found_at"}},
	{{timenull "settled_at"}},
	UNIQUE (kind, subject)
);
CREATE INDEX payment_finding_order ON payment_finding (order_id);
CREATE INDEX payment_finding_day ON payment_finding (found_at);

{{if sqlite}}
CREATE TRIGGER stripe_attempt_frozen BEFORE UPDATE ON stripe_attempt WHEN
	NEW.id IS NOT OLD.id OR NEW.order_id IS NOT OLD.order_id OR NEW.seller IS NOT OLD.seller OR NEW.params IS NOT OLD.params OR NEW.amount IS NOT OLD.amount
	OR NEW.currency IS NOT OLD.currency OR NEW.livemode IS NOT OLD.livemode OR NEW.expires_at IS NOT OLD.expires_at OR NEW.created_at IS NOT OLD.created_at
	OR OLD.session_id IS NOT NULL AND NEW.session_id IS NOT OLD.session_id OR OLD.intent_id IS NOT NULL AND NEW.intent_id IS NOT OLD.intent_id
	OR NEW.refunded < OLD.refunded OR OLD.state = 'paid' AND NEW.state <> 'paid' OR OLD.state <> 'open' AND NEW.state = 'open'
BEGIN SELECT RAISE(ABORT, 'stripe_attempt: what was frozen does not change'); END;
CREATE TRIGGER stripe_refund_frozen BEFORE UPDATE ON stripe_refund WHEN
	NEW.id IS NOT OLD.id OR NEW.attempt_id IS NOT OLD.attempt_id OR NEW.amount IS NOT OLD.amount OR NEW.created_at IS NOT OLD.created_at
	OR OLD.state <> 'pending' AND NEW.state <> OLD.state
BEGIN SELECT RAISE(ABORT, 'stripe_refund: what was frozen does not change'); END;
{{else}}
CREATE FUNCTION stripe_attempt_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (NEW.id, NEW.order_id, NEW.seller, NEW.params, NEW.amount, NEW.currency, NEW.livemode, NEW.expires_at, NEW.created_at) IS DISTINCT FROM
			(OLD.id, OLD.order_id, OLD.seller, OLD.params, OLD.amount, OLD.currency, OLD.livemode, OLD.expires_at, OLD.created_at)
		OR OLD.session_id IS NOT NULL AND NEW.session_id IS DISTINCT FROM OLD.session_id OR OLD.intent_id IS NOT NULL AND NEW.intent_id IS DISTINCT FROM OLD.intent_id
		OR NEW.refunded < OLD.refunded OR OLD.state = 'paid' AND NEW.state <> 'paid' OR OLD.state <> 'open' AND NEW.state = 'open' THEN
		RAISE EXCEPTION 'stripe_attempt: what was frozen does not change' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER stripe_attempt_frozen BEFORE UPDATE ON stripe_attempt FOR EACH ROW EXECUTE FUNCTION stripe_attempt_frozen();
CREATE FUNCTION stripe_refund_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (NEW.id, NEW.attempt_id, NEW.amount, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.attempt_id, OLD.amount, OLD.created_at)
		OR OLD.state <> 'pending' AND NEW.state <> OLD.state THEN
		RAISE EXCEPTION 'stripe_refund: what was frozen does not change' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER stripe_refund_frozen BEFORE UPDATE ON stripe_refund FOR EACH ROW EXECUTE FUNCTION stripe_refund_frozen();

-- Orders are opened under this role where it exists; the frozen attempt is
-- written in the same unit of work.
DO $$ BEGIN
	IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'oduvan_market') THEN
		GRANT SELECT, INSERT, UPDATE, DELETE ON stripe_account, stripe_attempt, stripe_refund, payment_inbox, payment_finding TO oduvan_market;
	END IF;
END $$;
{{end}}
