-- The central fund's own books and what the audit found. No column can name an
-- order, a work, a licence or an account. An entry is never changed: a mistake
-- is answered by a reversing entry. In SQLite the tables have no row numbers of
-- their own, since INSERT OR REPLACE could remove a row by one without any trigger.
CREATE TABLE fund_goal (
	{{text "id" 40}} PRIMARY KEY,
	{{text "title" 120}} CHECK (title <> ''),
	{{text "about" 1000}},
	{{int "amount"}} CHECK (amount > 0 AND amount <= 1000000000000),
	{{text "currency" 3}} CHECK (length(currency) = 3),
	{{text "state" 10}} CHECK (state IN ('open', 'closed')),
	{{time "opened_on"}},
	{{timenull "ends_on"}},
	{{timenull "closed_on"}},
	CHECK ((state = 'closed') = (closed_on IS NOT NULL))
){{if sqlite}} WITHOUT ROWID{{end}};

CREATE TABLE fund_entry (
	{{int "seq"}} PRIMARY KEY CHECK (seq > 0),
	{{text "kind" 15}} CHECK (kind IN ('donation', 'crowdfunding', 'subsidy', 'expense')),
	{{int "amount"}} CHECK (amount <> 0 AND amount BETWEEN -1000000000000 AND 1000000000000),
	{{text "currency" 3}} CHECK (length(currency) = 3),
	{{time "day"}},
	{{text "channel" 15}} CHECK (channel IN ('bank', 'card', 'wallet', 'platform', 'crypto', 'cash', 'other')),
	{{textnull "goal_id" 40}} REFERENCES fund_goal (id),
	{{text "giver" 200}},
	{{text "category" 15}} CHECK (category IN ('', 'hosting', 'domain', 'equipment', 'software', 'education', 'events', 'prizes', 'printing', 'help', 'legal', 'fees', 'other')),
	{{text "purpose" 300}},
	{{bool "giver_is_payee"}},
	{{intnull "reverses"}} UNIQUE REFERENCES fund_entry (seq),
	{{text "reason" 300}},
	{{time "recorded_on"}},
	{{text "prev_hash" 64}} CHECK (length(prev_hash) = 64),
	{{text "hash" 64}} UNIQUE CHECK (length(hash) = 64),
	CHECK ((amount < 0) = ((kind = 'expense') = (reverses IS NULL))),
	CHECK ((kind = 'crowdfunding') = (goal_id IS NOT NULL)),
	CHECK ((kind = 'subsidy') = (giver <> '')),
	CHECK ((kind = 'expense') = (category <> '')),
	CHECK ((kind = 'expense') = (purpose <> '')),
	CHECK (kind <> 'expense' OR NOT giver_is_payee),
	CHECK ((reverses IS NULL) = (reason = ''))
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE INDEX fund_entry_day ON fund_entry (day);
CREATE INDEX fund_entry_goal ON fund_entry (goal_id);

-- Where the fund takes gifts. What was published once stays known for good, so
-- that nobody can be paid there on the market; only a mistake is let go.
CREATE TABLE fund_destination (
	{{text "id" 36}} PRIMARY KEY,
	{{text "kind" 10}} CHECK (kind IN ('number', 'name', 'link')),
	{{text "text" 300}} CHECK (text <> ''),
	{{text "compared" 600}} CHECK (compared <> ''),
	{{text "label" 80}},
	{{text "state" 10}} CHECK (state IN ('published', 'withdrawn', 'mistaken')),
	{{time "published_on"}},
	{{timenull "ended_on"}},
	CHECK ((state = 'published') = (ended_on IS NULL))
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE UNIQUE INDEX fund_destination_compared ON fund_destination (kind, compared) WHERE state <> 'mistaken';

CREATE TABLE audit_run (
	{{text "id" 36}} PRIMARY KEY,
	{{time "at"}},
	{{bool "ok"}},
	{{int "checked"}},
	{{int "findings"}},
	{{text "names" 8000}},
	CHECK (ok = (findings = 0)),
	CHECK (ok = (names = ''))
);
CREATE INDEX audit_run_at ON audit_run (at);

{{if sqlite}}
CREATE TRIGGER fund_entry_chain BEFORE INSERT ON fund_entry
WHEN NEW.seq <> COALESCE((SELECT max(seq) FROM fund_entry), 0) + 1
	OR NEW.prev_hash <> COALESCE((SELECT hash FROM fund_entry ORDER BY seq DESC LIMIT 1), '0000000000000000000000000000000000000000000000000000000000000000')
	OR EXISTS (SELECT 1 FROM fund_entry WHERE hash = NEW.hash OR reverses = NEW.reverses)
BEGIN SELECT RAISE(ABORT, 'fund_entry: it must follow the last entry'); END;

CREATE TRIGGER fund_entry_reversal BEFORE INSERT ON fund_entry
WHEN NEW.reverses IS NOT NULL AND NOT EXISTS (SELECT 1 FROM fund_entry AS o WHERE o.seq = NEW.reverses AND o.reverses IS NULL
	AND o.amount = -NEW.amount AND o.currency = NEW.currency AND o.kind = NEW.kind AND o.channel = NEW.channel AND o.giver = NEW.giver
	AND o.category = NEW.category AND COALESCE(o.goal_id, '') = COALESCE(NEW.goal_id, ''))
BEGIN SELECT RAISE(ABORT, 'fund_entry: a reversal undoes one entry as a whole'); END;

CREATE TRIGGER fund_entry_goal_currency BEFORE INSERT ON fund_entry
WHEN NEW.goal_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM fund_goal AS g WHERE g.id = NEW.goal_id AND g.currency = NEW.currency)
BEGIN SELECT RAISE(ABORT, 'fund_entry: the goal has another currency'); END;

CREATE TRIGGER fund_entry_update BEFORE UPDATE ON fund_entry BEGIN SELECT RAISE(ABORT, 'fund_entry: entries are never changed'); END;
CREATE TRIGGER fund_entry_delete BEFORE DELETE ON fund_entry BEGIN SELECT RAISE(ABORT, 'fund_entry: entries are never removed'); END;

CREATE TRIGGER fund_goal_insert BEFORE INSERT ON fund_goal
WHEN EXISTS (SELECT 1 FROM fund_goal WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'fund_goal: it exists'); END;
CREATE TRIGGER fund_goal_update BEFORE UPDATE ON fund_goal
WHEN NEW.id <> OLD.id OR NEW.title <> OLD.title OR NEW.about <> OLD.about OR NEW.amount <> OLD.amount OR NEW.currency <> OLD.currency
	OR NEW.opened_on <> OLD.opened_on OR COALESCE(NEW.ends_on, '') <> COALESCE(OLD.ends_on, '') OR OLD.state <> 'open'
BEGIN SELECT RAISE(ABORT, 'fund_goal: a goal is only closed'); END;
CREATE TRIGGER fund_goal_delete BEFORE DELETE ON fund_goal BEGIN SELECT RAISE(ABORT, 'fund_goal: goals are never removed'); END;

CREATE TRIGGER fund_destination_insert BEFORE INSERT ON fund_destination
WHEN EXISTS (SELECT 1 FROM fund_destination WHERE id = NEW.id OR (kind = NEW.kind AND compared = NEW.compared AND state <> 'mistaken' AND NEW.state <> 'mistaken'))
BEGIN SELECT RAISE(ABORT, 'fund_destination: it exists'); END;
CREATE TRIGGER fund_destination_update BEFORE UPDATE ON fund_destination
WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.text <> OLD.text OR NEW.compared <> OLD.compared OR NEW.label <> OLD.label
	OR NEW.published_on <> OLD.published_on OR OLD.state = 'mistaken' OR NEW.state = 'published'
BEGIN SELECT RAISE(ABORT, 'fund_destination: a destination is only ended'); END;
CREATE TRIGGER fund_destination_delete BEFORE DELETE ON fund_destination BEGIN SELECT RAISE(ABORT, 'fund_destination: destinations are never removed'); END;
{{else}}
CREATE FUNCTION fund_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '%: rows are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;

CREATE FUNCTION fund_entry_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.seq <> COALESCE((SELECT max(seq) FROM fund_entry), 0) + 1
		OR NEW.prev_hash <> COALESCE((SELECT hash FROM fund_entry ORDER BY seq DESC LIMIT 1), repeat('0', 64)) THEN
		RAISE EXCEPTION 'fund_entry: it must follow the last entry' USING ERRCODE = 'check_violation';
	END IF;
	IF NEW.reverses IS NOT NULL AND NOT EXISTS (SELECT 1 FROM fund_entry AS o WHERE o.seq = NEW.reverses AND o.reverses IS NULL
		AND o.amount = -NEW.amount AND o.currency = NEW.currency AND o.kind = NEW.kind AND o.channel = NEW.channel AND o.giver = NEW.giver
		AND o.category = NEW.category AND COALESCE(o.goal_id, '') = COALESCE(NEW.goal_id, '')) THEN
		RAISE EXCEPTION 'fund_entry: a reversal undoes one entry as a whole' USING ERRCODE = 'check_violation';
	END IF;
	IF NEW.goal_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM fund_goal AS g WHERE g.id = NEW.goal_id AND g.currency = NEW.currency) THEN
		RAISE EXCEPTION 'fund_entry: the goal has another currency' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;

CREATE FUNCTION fund_goal_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id <> OLD.id OR NEW.title <> OLD.title OR NEW.about <> OLD.about OR NEW.amount <> OLD.amount OR NEW.currency <> OLD.currency
		OR NEW.opened_on <> OLD.opened_on OR NEW.ends_on IS DISTINCT FROM OLD.ends_on OR OLD.state <> 'open' THEN
		RAISE EXCEPTION 'fund_goal: a goal is only closed' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;

CREATE FUNCTION fund_destination_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.text <> OLD.text OR NEW.compared <> OLD.compared OR NEW.label <> OLD.label
		OR NEW.published_on <> OLD.published_on OR OLD.state = 'mistaken' OR NEW.state = 'published' THEN
		RAISE EXCEPTION 'fund_destination: a destination is only ended' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;

CREATE TRIGGER fund_entry_chain BEFORE INSERT ON fund_entry FOR EACH ROW EXECUTE FUNCTION fund_entry_check();
CREATE TRIGGER fund_entry_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON fund_entry FOR EACH STATEMENT EXECUTE FUNCTION fund_refuse();
CREATE TRIGGER fund_goal_update BEFORE UPDATE ON fund_goal FOR EACH ROW EXECUTE FUNCTION fund_goal_check();
CREATE TRIGGER fund_goal_refuse BEFORE DELETE OR TRUNCATE ON fund_goal FOR EACH STATEMENT EXECUTE FUNCTION fund_refuse();
CREATE TRIGGER fund_destination_update BEFORE UPDATE ON fund_destination FOR EACH ROW EXECUTE FUNCTION fund_destination_check();
CREATE TRIGGER fund_destination_refuse BEFORE DELETE OR TRUNCATE ON fund_destination FOR EACH STATEMENT EXECUTE FUNCTION fund_refuse();
{{end}}
