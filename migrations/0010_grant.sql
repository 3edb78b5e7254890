-- Licences that were bought. A grant is made of what its order froze; nothing
-- of it can be changed afterwards but its state, what its holder shows of it,
-- and the links to accounts, which an erasure empties.

-- A place in the status lists, drawn at random when the order was made.
CREATE TABLE status_entry (
	{{int "list"}} CHECK (list BETWEEN 0 AND 1000000),
	{{int "idx"}} CHECK (idx BETWEEN 0 AND 131071),
	{{text "grant_id" 12}} UNIQUE,
	PRIMARY KEY (list, idx),
	UNIQUE (list, idx, grant_id)
){{if sqlite}} WITHOUT ROWID{{end}};

CREATE TABLE licence_grant (
	{{text "id" 12}} PRIMARY KEY,
	{{text "order_id" 36}} UNIQUE REFERENCES payment_order (id),
	{{text "offer_id" 36}},
	{{text "work_id" 36}},
	{{int "version"}},
	{{textnull "buyer_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{textnull "seller_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{text "chain_id" 12}} REFERENCES licence_grant (id),
	{{textnull "previous_id" 12}} UNIQUE REFERENCES licence_grant (id),
	{{int "days"}},
	{{time "paid_at"}},
	{{time "valid_from"}},
	{{time "valid_until"}},
	{{text "base_licence" 30}},
	{{text "channel" 20}},
	{{text "state" 10}},
	{{text "ground" 20}},
	{{timenull "revoked_at"}},
	{{text "key_id" 43}},
	{{text "cert_hash" 64}} UNIQUE,
	{{int "status_list"}},
	{{int "status_index"}},
	{{json "frozen" 20000}},
	{{bool "shown"}},
	{{textnull "link_nonce" 36}},
	{{blobnull "link_mac" 32}} UNIQUE,
	UNIQUE (status_list, status_index),
	FOREIGN KEY (status_list, status_index, id) REFERENCES status_entry (list, idx, grant_id),
	CHECK (state IN ('active', 'suspended', 'revoked')),
	CHECK ((state = 'revoked') = (revoked_at IS NOT NULL)),
	CHECK ((state = 'revoked') = (ground <> '')),
	CHECK (length(key_id) = 43 AND length(cert_hash) = 64 AND length(id) = 12),
	-- A licence always ends, and a chain is a line: a first one that begins it,
	-- and each other renews the one before, which is renewed once.
	CHECK (days BETWEEN 1 AND 1096),
	CHECK ((previous_id IS NULL) = (chain_id = id)),
	CHECK ((link_nonce IS NULL) = (link_mac IS NULL)),
{{- if sqlite}}
	CHECK (COALESCE(CAST(strftime('%s', valid_until) AS INTEGER) - CAST(strftime('%s', valid_from) AS INTEGER), 0) = days * 86400),
	CHECK (COALESCE(CAST(strftime('%s', valid_from) AS INTEGER) - CAST(strftime('%s', paid_at) AS INTEGER), -1) >= 0)
{{- else}}
	CHECK (isfinite(valid_from) AND isfinite(valid_until) AND valid_until = valid_from + days * INTERVAL '24 hours'),
	CHECK (isfinite(paid_at) AND valid_from >= paid_at)
{{- end}}
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE INDEX licence_grant_buyer ON licence_grant (buyer_id, valid_until);
CREATE INDEX licence_grant_seller ON licence_grant (seller_id, valid_until);
CREATE INDEX licence_grant_chain ON licence_grant (chain_id);
CREATE INDEX licence_grant_offer ON licence_grant (offer_id);
CREATE INDEX licence_grant_work ON licence_grant (work_id);
CREATE INDEX licence_grant_key ON licence_grant (key_id);

-- A revocation that a seller announced, and the buyer's appeal.
CREATE TABLE revocation (
	{{text "id" 36}} PRIMARY KEY,
	{{text "grant_id" 12}} REFERENCES licence_grant (id),
	{{text "ground" 20}},
	{{text "reason" 2000}} CHECK (length(reason) >= 20),
	{{text "state" 10}},
	{{time "announced_at"}},
	{{time "effective_at"}},
	{{text "appeal" 2000}},
	{{timenull "appealed_at"}},
	{{text "decision" 10}},
	{{text "decision_reason" 2000}},
	{{timenull "decided_at"}},
	CHECK (state IN ('announced', 'effective', 'withdrawn', 'reversed')),
	CHECK (decision IN ('', 'upheld', 'reversed')),
	CHECK ((decision = '') = (decided_at IS NULL)),
	CHECK (decision = '' OR length(decision_reason) >= 20),
	CHECK ((decision = 'reversed') = (state = 'reversed')),
	CHECK (effective_at >= announced_at)
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE UNIQUE INDEX revocation_standing ON revocation (grant_id) WHERE state IN ('announced', 'effective');
CREATE INDEX revocation_grant ON revocation (grant_id);
CREATE INDEX revocation_appealed ON revocation (decided_at, appealed_at);

-- The feed of one's licences at a secret address.
CREATE TABLE licence_feed (
	{{text "account_id" 36}} PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
	{{text "nonce" 36}},
	{{blob "mac" 32}} UNIQUE
);

-- There is more to be told now than fits into the old bound of what is muted.
{{if sqlite -}}
CREATE TABLE notice_setting_wide (
	{{text "account_id" 36}} PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
	{{text "muted" 2000}},
	{{textnull "feed_nonce" 36}},
	{{blobnull "feed_mac" 32}} UNIQUE,
	CHECK ((feed_nonce IS NULL) = (feed_mac IS NULL))
);
INSERT INTO notice_setting_wide (account_id, muted, feed_nonce, feed_mac) SELECT account_id, muted, feed_nonce, feed_mac FROM notice_setting;
DROP TABLE notice_setting;
ALTER TABLE notice_setting_wide RENAME TO notice_setting;
{{- else -}}
ALTER TABLE notice_setting DROP CONSTRAINT notice_setting_muted_check;
ALTER TABLE notice_setting ADD CONSTRAINT notice_setting_muted_check CHECK (length(muted) <= 2000);
{{- end}}

{{if sqlite -}}
CREATE TRIGGER licence_grant_follows BEFORE INSERT ON licence_grant
WHEN NEW.previous_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM licence_grant AS p WHERE p.id = NEW.previous_id AND p.chain_id = NEW.chain_id
	AND CAST(strftime('%s', p.valid_until) AS INTEGER) <= CAST(strftime('%s', NEW.valid_from) AS INTEGER))
BEGIN SELECT RAISE(ABORT, 'licence_grant: a renewal begins where the one before ends, or later'); END;

CREATE TRIGGER licence_grant_frozen BEFORE UPDATE ON licence_grant
WHEN NEW.id <> OLD.id OR NEW.order_id <> OLD.order_id OR NEW.offer_id <> OLD.offer_id OR NEW.work_id <> OLD.work_id OR NEW.version <> OLD.version
	OR NEW.chain_id <> OLD.chain_id OR NEW.previous_id IS NOT OLD.previous_id OR NEW.days <> OLD.days OR NEW.paid_at <> OLD.paid_at
	OR NEW.valid_from <> OLD.valid_from OR NEW.valid_until <> OLD.valid_until OR NEW.base_licence <> OLD.base_licence OR NEW.channel <> OLD.channel
	OR NEW.status_list <> OLD.status_list OR NEW.status_index <> OLD.status_index OR NEW.frozen <> OLD.frozen
	OR (NEW.buyer_id IS NOT OLD.buyer_id AND NEW.buyer_id IS NOT NULL) OR (NEW.seller_id IS NOT OLD.seller_id AND NEW.seller_id IS NOT NULL)
	OR ((NEW.key_id <> OLD.key_id) <> (NEW.cert_hash <> OLD.cert_hash))
BEGIN SELECT RAISE(ABORT, 'licence_grant: what was agreed does not change'); END;

CREATE TRIGGER licence_grant_state BEFORE UPDATE ON licence_grant
WHEN OLD.state = 'revoked' AND (NEW.state <> 'revoked' OR NEW.revoked_at <> OLD.revoked_at)
	AND NOT EXISTS (SELECT 1 FROM revocation AS r WHERE r.grant_id = OLD.id AND r.state = 'reversed' AND r.ground = OLD.ground)
BEGIN SELECT RAISE(ABORT, 'licence_grant: only a reversed revocation ends'); END;

CREATE TRIGGER licence_grant_kept BEFORE DELETE ON licence_grant
BEGIN SELECT RAISE(ABORT, 'licence_grant: a licence is never deleted'); END;

-- On SQLite a row that replaces another removes it without any trigger for
-- deletions: so nothing may take a place that is taken.
CREATE TRIGGER licence_grant_once BEFORE INSERT ON licence_grant
WHEN EXISTS (SELECT 1 FROM licence_grant AS g WHERE g.id = NEW.id OR g.order_id = NEW.order_id OR g.previous_id = NEW.previous_id
	OR g.cert_hash = NEW.cert_hash OR g.link_mac = NEW.link_mac OR (g.status_list = NEW.status_list AND g.status_index = NEW.status_index))
BEGIN SELECT RAISE(ABORT, 'licence_grant: there is one already'); END;

CREATE TRIGGER licence_grant_other BEFORE UPDATE ON licence_grant
WHEN EXISTS (SELECT 1 FROM licence_grant AS g WHERE g.id <> OLD.id AND (g.cert_hash = NEW.cert_hash OR g.link_mac = NEW.link_mac))
BEGIN SELECT RAISE(ABORT, 'licence_grant: there is one already'); END;

CREATE TRIGGER status_entry_once BEFORE INSERT ON status_entry
WHEN EXISTS (SELECT 1 FROM status_entry AS e WHERE (e.list = NEW.list AND e.idx = NEW.idx) OR e.grant_id = NEW.grant_id)
BEGIN SELECT RAISE(ABORT, 'status_entry: the place is taken'); END;

CREATE TRIGGER revocation_fixed BEFORE UPDATE ON revocation
WHEN NEW.id <> OLD.id OR NEW.grant_id <> OLD.grant_id OR NEW.ground <> OLD.ground OR NEW.reason <> OLD.reason OR NEW.announced_at <> OLD.announced_at
	OR (OLD.decided_at IS NOT NULL AND (NEW.decision <> OLD.decision OR NEW.decision_reason <> OLD.decision_reason OR NEW.decided_at IS NOT OLD.decided_at))
BEGIN SELECT RAISE(ABORT, 'revocation: what was said does not change'); END;

CREATE TRIGGER revocation_kept BEFORE DELETE ON revocation
BEGIN SELECT RAISE(ABORT, 'revocation: it is never deleted'); END;

CREATE TRIGGER revocation_once BEFORE INSERT ON revocation
WHEN EXISTS (SELECT 1 FROM revocation AS r WHERE r.id = NEW.id OR (r.grant_id = NEW.grant_id AND r.state IN ('announced', 'effective') AND NEW.state IN ('announced', 'effective')))
BEGIN SELECT RAISE(ABORT, 'revocation: there is one already'); END;

CREATE TRIGGER status_entry_fixed BEFORE UPDATE ON status_entry
BEGIN SELECT RAISE(ABORT, 'status_entry: a place does not change'); END;

CREATE TRIGGER status_entry_kept BEFORE DELETE ON status_entry
BEGIN SELECT RAISE(ABORT, 'status_entry: a place is never given twice'); END;
{{- else -}}
CREATE FUNCTION licence_grant_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.previous_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM licence_grant AS p WHERE p.id = NEW.previous_id AND p.chain_id = NEW.chain_id
			AND p.valid_until <= NEW.valid_from) THEN
		RAISE EXCEPTION 'licence_grant: a renewal begins where the one before ends, or later' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER licence_grant_follows BEFORE INSERT ON licence_grant FOR EACH ROW EXECUTE FUNCTION licence_grant_follows();

CREATE FUNCTION licence_grant_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id <> OLD.id OR NEW.order_id <> OLD.order_id OR NEW.offer_id <> OLD.offer_id OR NEW.work_id <> OLD.work_id OR NEW.version <> OLD.version
			OR NEW.chain_id <> OLD.chain_id OR NEW.previous_id IS DISTINCT FROM OLD.previous_id OR NEW.days <> OLD.days OR NEW.paid_at <> OLD.paid_at
			OR NEW.valid_from <> OLD.valid_from OR NEW.valid_until <> OLD.valid_until OR NEW.base_licence <> OLD.base_licence OR NEW.channel <> OLD.channel
			OR NEW.status_list <> OLD.status_list OR NEW.status_index <> OLD.status_index OR NEW.frozen <> OLD.frozen
			OR (NEW.buyer_id IS DISTINCT FROM OLD.buyer_id AND NEW.buyer_id IS NOT NULL)
			OR (NEW.seller_id IS DISTINCT FROM OLD.seller_id AND NEW.seller_id IS NOT NULL)
			OR ((NEW.key_id <> OLD.key_id) <> (NEW.cert_hash <> OLD.cert_hash)) THEN
		RAISE EXCEPTION 'licence_grant: what was agreed does not change' USING ERRCODE = 'check_violation';
	END IF;
	IF OLD.state = 'revoked' AND (NEW.state <> 'revoked' OR NEW.revoked_at <> OLD.revoked_at)
			AND NOT EXISTS (SELECT 1 FROM revocation AS r WHERE r.grant_id = OLD.id AND r.state = 'reversed' AND r.ground = OLD.ground) THEN
		RAISE EXCEPTION 'licence_grant: only a reversed revocation ends' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER licence_grant_frozen BEFORE UPDATE ON licence_grant FOR EACH ROW EXECUTE FUNCTION licence_grant_frozen();

CREATE FUNCTION licence_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '%: its rows are kept as they are', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER licence_grant_kept BEFORE DELETE ON licence_grant FOR EACH ROW EXECUTE FUNCTION licence_kept();
CREATE TRIGGER licence_grant_whole BEFORE TRUNCATE ON licence_grant FOR EACH STATEMENT EXECUTE FUNCTION licence_kept();

CREATE FUNCTION revocation_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id <> OLD.id OR NEW.grant_id <> OLD.grant_id OR NEW.ground <> OLD.ground OR NEW.reason <> OLD.reason OR NEW.announced_at <> OLD.announced_at
			OR (OLD.decided_at IS NOT NULL AND (NEW.decision <> OLD.decision OR NEW.decision_reason <> OLD.decision_reason
				OR NEW.decided_at IS DISTINCT FROM OLD.decided_at)) THEN
		RAISE EXCEPTION 'revocation: what was said does not change' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER revocation_fixed BEFORE UPDATE ON revocation FOR EACH ROW EXECUTE FUNCTION revocation_fixed();
CREATE TRIGGER revocation_kept BEFORE DELETE ON revocation FOR EACH ROW EXECUTE FUNCTION licence_kept();
CREATE TRIGGER revocation_whole BEFORE TRUNCATE ON revocation FOR EACH STATEMENT EXECUTE FUNCTION licence_kept();
CREATE TRIGGER status_entry_fixed BEFORE UPDATE OR DELETE ON status_entry FOR EACH ROW EXECUTE FUNCTION licence_kept();
CREATE TRIGGER status_entry_whole BEFORE TRUNCATE ON status_entry FOR EACH STATEMENT EXECUTE FUNCTION licence_kept();
{{- end}}
