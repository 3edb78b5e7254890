-- Works, the ground on which each part of them may be licensed, and offers.
-- What may never happen is refused here, whoever writes the SQL: a holder other
-- than the organiser and then the collective of one branch, a changed version,
-- an agreement adopted without a discussion, an acceptance that reaches back, a
-- consent that is edited, an open offer for what may not be sold. Tables whose rows
-- are kept have no rowid on SQLite, by which INSERT OR REPLACE could push an old
-- row out without a trigger; the same by their keys is refused below.
CREATE TABLE work (
	{{text "id" 36}} PRIMARY KEY,
	{{textnull "account_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{text "kind" 10}},
	{{text "title" 150}},
	{{text "summary" 4000}},
	{{text "url" 300}},
	{{text "base_licence" 30}},
	{{text "basis" 10}},
	{{json "skills" 4000}},
	{{json "languages" 200}},
	{{text "payee" 200}},
	{{text "state" 10}},
	{{text "reason" 2000}},
	{{int "version"}},
	{{text "proof_token" 60}},
	{{timenull "proof_tried_at"}},
	{{timenull "proved_on"}},
	{{timenull "published_on"}},
	{{int "edit"}},
	CHECK (kind IN ('course', 'tasks', 'article', 'video', 'book', 'slides', 'code', 'game', 'picture', 'music', 'other')),
	CHECK (base_licence IN ('CC-BY-NC-4.0', 'CC-BY-NC-SA-4.0', 'CC-BY-NC-ND-4.0', 'CC-BY-4.0', 'CC-BY-SA-4.0', 'CC0-1.0')),
	CHECK (basis IN ('owner', 'community')),
	CHECK (state IN ('draft', 'published', 'suspended', 'withdrawn')),
	CHECK (state <> 'suspended' OR length(reason) >= 20),
	CHECK (state = 'draft' OR published_on IS NOT NULL),
	CHECK (version >= 1)
);
CREATE INDEX work_account ON work (account_id);
CREATE INDEX work_published ON work (state, published_on);

CREATE TABLE work_version (
	{{text "work_id" 36}} REFERENCES work (id) ON DELETE CASCADE,
	{{int "n"}},
	{{text "label" 40}},
	{{text "sha256" 64}},
	{{time "added_on"}},
	PRIMARY KEY (work_id, n),
	CHECK (n >= 1),
	CHECK (label <> ''),
	CHECK (sha256 = '' OR length(sha256) = 64)
){{if sqlite}} WITHOUT ROWID{{end}};

-- Who holds the rights in a community work.
CREATE TABLE work_holder (
	{{text "work_id" 36}} REFERENCES work (id) ON DELETE CASCADE,
	{{int "n"}},
	{{text "kind" 10}},
	{{text "name" 200}},
	{{text "branch" 300}},
	{{time "since_on"}},
	PRIMARY KEY (work_id, n),
	CHECK (n = 1 AND kind = 'organiser' OR n = 2 AND kind = 'collective'),
	CHECK (branch <> '')
){{if sqlite}} WITHOUT ROWID{{end}};

-- The contributor agreement of the branch.
CREATE TABLE agreement (
	n BIGINT PRIMARY KEY CHECK (n >= 1),
	{{text "text_ru" 40000}},
	{{text "text_en" 40000}},
	{{text "sha256" 64}},
	{{text "state" 10}},
	{{text "discussion" 300}},
	{{timenull "discussed_from"}},
	{{timenull "discussed_until"}},
	{{text "decision" 300}},
	{{time "created_on"}},
	{{timenull "adopted_at"}},
	CHECK (length(sha256) = 64),
	CHECK (state IN ('draft', 'discussion', 'adopted')),
	CHECK (state = 'draft' OR discussion <> '' AND discussed_from IS NOT NULL AND discussed_until IS NOT NULL AND discussed_from < discussed_until),
	CHECK ((state = 'adopted') = (adopted_at IS NOT NULL)),
	CHECK (state <> 'adopted' OR decision <> '' AND adopted_at >= discussed_until)
){{if sqlite}} WITHOUT ROWID{{end}};

CREATE TABLE agreement_acceptance (
	{{text "id" 36}} PRIMARY KEY,
	{{int "agreement"}} REFERENCES agreement (n),
	{{textnull "account_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{time "accepted_at"}},
	UNIQUE (agreement, account_id)
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE INDEX agreement_acceptance_account ON agreement_acceptance (account_id);

CREATE TABLE consent (
	{{text "id" 36}} PRIMARY KEY,
	{{text "work_id" 36}} REFERENCES work (id) ON DELETE CASCADE,
	{{int "version"}},
	{{textnull "account_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{text "payee" 200}},
	{{time "given_at"}},
	{{timenull "withdrawn_on"}},
	CHECK (payee <> '')
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE UNIQUE INDEX consent_standing ON consent (work_id, version, account_id) WHERE withdrawn_on IS NULL;
CREATE INDEX consent_account ON consent (account_id);

CREATE TABLE contribution (
	{{text "id" 36}} PRIMARY KEY,
	{{text "work_id" 36}} REFERENCES work (id) ON DELETE CASCADE,
	{{int "version"}},
	{{textnull "contributor_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{text "name" 100}},
	{{text "part" 300}},
	{{text "source" 300}},
	{{text "ground" 10}},
	{{intnull "agreement"}} REFERENCES agreement (n),
	{{textnull "acceptance_id" 36}} REFERENCES agreement_acceptance (id),
	{{textnull "consent_id" 36}} REFERENCES consent (id) ON DELETE SET NULL,
	{{text "licence" 40}},
	{{time "made_at"}},
	UNIQUE (work_id, version, contributor_id),
	CHECK (ground IN ('open', 'own', 'patch', 'agreement', 'consent', 'third')),
	CHECK ((ground = 'agreement') = (agreement IS NOT NULL)),
	CHECK ((ground = 'agreement') = (acceptance_id IS NOT NULL)),
	CHECK (consent_id IS NULL OR ground = 'consent'),
	CHECK ((ground = 'third') = (licence <> '')),
	CHECK (ground <> 'third' OR name <> '' AND contributor_id IS NULL)
);
CREATE INDEX contribution_work ON contribution (work_id, version);
CREATE INDEX contribution_contributor ON contribution (contributor_id);
CREATE INDEX contribution_consent ON contribution (consent_id);

CREATE TABLE rights_claim (
	{{text "id" 36}} PRIMARY KEY,
	{{text "work_id" 36}} REFERENCES work (id) ON DELETE CASCADE,
	{{textnull "claimant_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{text "text" 2000}},
	{{text "evidence" 300}},
	{{text "state" 10}},
	{{text "decision" 2000}},
	{{textnull "decider_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{time "made_on"}},
	{{timenull "decided_on"}},
	CHECK (state IN ('open', 'upheld', 'rejected', 'withdrawn')),
	CHECK ((state = 'open') = (decided_on IS NULL)),
	CHECK ((state IN ('upheld', 'rejected')) = (length(decision) >= 20)),
	CHECK (decider_id <> claimant_id)
){{if sqlite}} WITHOUT ROWID{{end}};
CREATE INDEX rights_claim_work ON rights_claim (work_id, state);
CREATE INDEX rights_claim_claimant ON rights_claim (claimant_id);
CREATE INDEX rights_claim_open ON rights_claim (state, made_on);

CREATE TABLE offer (
	{{text "id" 36}} PRIMARY KEY,
	{{text "work_id" 36}},
	{{int "version"}},
	{{textnull "account_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{json "uses" 100}},
	{{text "channel" 20}},
	{{json "territory" 2000}},
	{{int "learners"}},
	{{int "refund_days"}},
	{{int "grace_days"}},
	{{text "payee" 200}},
	{{bool "not_fund"}},
	{{json "ways" 4000}},
	{{text "link" 500}},
	{{text "terms_version" 40}},
	{{text "state" 10}},
	{{time "created_on"}},
	{{int "edit"}},
	FOREIGN KEY (work_id, version) REFERENCES work_version (work_id, n) ON DELETE CASCADE,
	CHECK (channel IN ('teaching', 'publishing', 'product')),
	CHECK (learners BETWEEN 0 AND 1000000),
	CHECK (refund_days BETWEEN 0 AND 365),
	CHECK (grace_days BETWEEN 0 AND 365),
	CHECK (not_fund),
	CHECK (state = 'withdrawn' OR payee <> ''),
	CHECK (state IN ('open', 'paused', 'withdrawn')),
	CHECK (state <> 'open' OR account_id IS NOT NULL)
);
CREATE INDEX offer_work ON offer (work_id, state);
CREATE INDEX offer_account ON offer (account_id);

CREATE TABLE offer_price (
	{{text "offer_id" 36}} REFERENCES offer (id) ON DELETE CASCADE,
	{{int "days"}},
	{{text "currency" 3}},
	{{int "amount"}},
	PRIMARY KEY (offer_id, days, currency),
	CHECK (days BETWEEN 1 AND 1096),
	CHECK (amount BETWEEN 0 AND 1000000000000),
	CHECK (length(currency) = 3)
);

{{if sqlite -}}
CREATE TRIGGER work_version_next BEFORE INSERT ON work_version
WHEN NEW.n <> (SELECT coalesce(max(v.n), 0) + 1 FROM work_version AS v WHERE v.work_id = NEW.work_id)
BEGIN SELECT RAISE(ABORT, 'work_version: it does not follow the last one'); END;
CREATE TRIGGER work_version_fixed BEFORE UPDATE ON work_version
BEGIN SELECT RAISE(ABORT, 'work_version: a version does not change'); END;
CREATE TRIGGER work_version_kept BEFORE DELETE ON work_version
WHEN EXISTS (SELECT 1 FROM work AS w WHERE w.id = OLD.work_id)
BEGIN SELECT RAISE(ABORT, 'work_version: a version stays as long as its work'); END;

CREATE TRIGGER work_holder_step BEFORE INSERT ON work_holder
WHEN NEW.n <> (SELECT coalesce(max(h.n), 0) + 1 FROM work_holder AS h WHERE h.work_id = NEW.work_id)
	OR NOT EXISTS (SELECT 1 FROM work AS w WHERE w.id = NEW.work_id AND w.basis = 'community')
	OR EXISTS (SELECT 1 FROM work_holder AS h WHERE h.work_id = NEW.work_id AND h.branch <> NEW.branch)
BEGIN SELECT RAISE(ABORT, 'work_holder: rights pass from the organiser to the collective of the same branch only'); END;
CREATE TRIGGER work_holder_fixed BEFORE UPDATE ON work_holder
BEGIN SELECT RAISE(ABORT, 'work_holder: append-only'); END;
CREATE TRIGGER work_holder_kept BEFORE DELETE ON work_holder
WHEN EXISTS (SELECT 1 FROM work AS w WHERE w.id = OLD.work_id)
BEGIN SELECT RAISE(ABORT, 'work_holder: append-only'); END;

CREATE TRIGGER work_fixed BEFORE UPDATE ON work
WHEN NEW.id <> OLD.id OR NEW.basis <> OLD.basis OR NEW.base_licence <> OLD.base_licence OR NEW.version < OLD.version
	OR (NEW.account_id IS NOT OLD.account_id AND NEW.account_id IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'work: what it was registered with does not change'); END;

CREATE TRIGGER agreement_begins BEFORE INSERT ON agreement WHEN NEW.state <> 'draft' OR EXISTS (SELECT 1 FROM agreement AS a WHERE a.n = NEW.n)
BEGIN SELECT RAISE(ABORT, 'agreement: it begins as a draft'); END;
CREATE TRIGGER agreement_step BEFORE UPDATE ON agreement
WHEN NEW.n <> OLD.n OR NEW.text_ru <> OLD.text_ru OR NEW.text_en <> OLD.text_en OR NEW.sha256 <> OLD.sha256 OR NEW.created_on <> OLD.created_on
	OR NOT (OLD.state = 'draft' AND NEW.state = 'discussion' OR OLD.state = 'discussion' AND NEW.state = 'adopted'
		AND NEW.discussion = OLD.discussion AND NEW.discussed_from = OLD.discussed_from AND NEW.discussed_until = OLD.discussed_until)
BEGIN SELECT RAISE(ABORT, 'agreement: its text does not change, and only what was discussed is adopted'); END;
CREATE TRIGGER agreement_kept BEFORE DELETE ON agreement
BEGIN SELECT RAISE(ABORT, 'agreement: a version is kept'); END;

CREATE TRIGGER agreement_acceptance_insert BEFORE INSERT ON agreement_acceptance
WHEN NOT EXISTS (SELECT 1 FROM agreement AS a WHERE a.n = NEW.agreement AND a.state = 'adopted' AND a.adopted_at <= NEW.accepted_at)
	OR EXISTS (SELECT 1 FROM agreement_acceptance AS x WHERE x.id = NEW.id OR x.agreement = NEW.agreement AND x.account_id = NEW.account_id)
BEGIN SELECT RAISE(ABORT, 'agreement_acceptance: only an adopted version can be accepted'); END;
CREATE TRIGGER agreement_acceptance_fixed BEFORE UPDATE ON agreement_acceptance
WHEN NEW.id <> OLD.id OR NEW.agreement <> OLD.agreement OR NEW.accepted_at <> OLD.accepted_at
	OR (NEW.account_id IS NOT OLD.account_id AND NEW.account_id IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'agreement_acceptance: append-only'); END;
CREATE TRIGGER agreement_acceptance_kept BEFORE DELETE ON agreement_acceptance
BEGIN SELECT RAISE(ABORT, 'agreement_acceptance: append-only'); END;

CREATE TRIGGER consent_new BEFORE INSERT ON consent
WHEN NEW.withdrawn_on IS NOT NULL OR EXISTS (SELECT 1 FROM consent AS k WHERE k.id = NEW.id
	OR k.work_id = NEW.work_id AND k.version = NEW.version AND k.account_id = NEW.account_id AND k.withdrawn_on IS NULL)
BEGIN SELECT RAISE(ABORT, 'consent: one stands already'); END;
CREATE TRIGGER consent_fixed BEFORE UPDATE ON consent
WHEN NEW.id <> OLD.id OR NEW.work_id <> OLD.work_id OR NEW.version <> OLD.version OR NEW.payee <> OLD.payee OR NEW.given_at <> OLD.given_at
	OR (NEW.account_id IS NOT OLD.account_id AND NEW.account_id IS NOT NULL)
	OR (OLD.withdrawn_on IS NOT NULL AND NEW.withdrawn_on IS NOT OLD.withdrawn_on)
BEGIN SELECT RAISE(ABORT, 'consent: it is given anew, not edited'); END;
CREATE TRIGGER consent_kept BEFORE DELETE ON consent
WHEN EXISTS (SELECT 1 FROM work AS w WHERE w.id = OLD.work_id)
BEGIN SELECT RAISE(ABORT, 'consent: what was said is kept'); END;

CREATE TRIGGER contribution_ground_insert BEFORE INSERT ON contribution
WHEN NEW.ground = 'agreement' AND NOT EXISTS (SELECT 1 FROM agreement_acceptance AS x WHERE x.id = NEW.acceptance_id
		AND x.agreement = NEW.agreement AND x.accepted_at <= NEW.made_at AND (x.account_id IS NEW.contributor_id OR x.account_id IS NULL))
	OR NEW.consent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM consent AS k WHERE k.id = NEW.consent_id
		AND k.work_id = NEW.work_id AND k.version = NEW.version AND (k.account_id IS NEW.contributor_id OR k.account_id IS NULL))
BEGIN SELECT RAISE(ABORT, 'contribution: its ground does not cover it'); END;
CREATE TRIGGER contribution_ground_update BEFORE UPDATE ON contribution
WHEN NEW.ground = 'agreement' AND NOT EXISTS (SELECT 1 FROM agreement_acceptance AS x WHERE x.id = NEW.acceptance_id
		AND x.agreement = NEW.agreement AND x.accepted_at <= NEW.made_at AND (x.account_id IS NEW.contributor_id OR x.account_id IS NULL OR NEW.contributor_id IS NULL))
	OR NEW.consent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM consent AS k WHERE k.id = NEW.consent_id
		AND k.work_id = NEW.work_id AND k.version = NEW.version AND (k.account_id IS NEW.contributor_id OR k.account_id IS NULL OR NEW.contributor_id IS NULL))
BEGIN SELECT RAISE(ABORT, 'contribution: its ground does not cover it'); END;

CREATE TRIGGER rights_claim_new BEFORE INSERT ON rights_claim
WHEN NEW.state <> 'open' OR EXISTS (SELECT 1 FROM rights_claim AS r WHERE r.id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'rights_claim: it begins open'); END;
CREATE TRIGGER rights_claim_kept BEFORE DELETE ON rights_claim
WHEN EXISTS (SELECT 1 FROM work AS w WHERE w.id = OLD.work_id)
BEGIN SELECT RAISE(ABORT, 'rights_claim: what was said is kept'); END;
CREATE TRIGGER rights_claim_fixed BEFORE UPDATE ON rights_claim
WHEN NEW.id <> OLD.id OR NEW.work_id <> OLD.work_id OR NEW.made_on <> OLD.made_on
	OR (NEW.text <> OLD.text AND NEW.text <> '') OR (NEW.evidence <> OLD.evidence AND NEW.evidence <> '')
	OR (NEW.claimant_id IS NOT OLD.claimant_id AND NEW.claimant_id IS NOT NULL)
	OR (OLD.state <> 'open' AND (NEW.state <> OLD.state OR NEW.decision <> OLD.decision OR NEW.decided_on <> OLD.decided_on))
BEGIN SELECT RAISE(ABORT, 'rights_claim: what was said and decided does not change'); END;

CREATE TRIGGER offer_gate_insert BEFORE INSERT ON offer
WHEN NEW.state = 'open' AND (NOT EXISTS (SELECT 1 FROM work AS w WHERE w.id = NEW.work_id AND w.state = 'published' AND w.base_licence LIKE '%-NC-%'
			AND (w.basis = 'owner' OR EXISTS (SELECT 1 FROM agreement AS a WHERE a.state = 'adopted')))
		OR EXISTS (SELECT 1 FROM contribution AS c WHERE c.work_id = NEW.work_id AND c.version = NEW.version AND c.ground = 'open')
		OR EXISTS (SELECT 1 FROM rights_claim AS r WHERE r.work_id = NEW.work_id AND r.state = 'open'))
BEGIN SELECT RAISE(ABORT, 'offer: this may not be offered'); END;
CREATE TRIGGER offer_gate_update BEFORE UPDATE ON offer
WHEN NEW.id <> OLD.id OR NEW.work_id <> OLD.work_id OR (OLD.state = 'withdrawn' AND NEW.state <> 'withdrawn')
	OR (NEW.account_id IS NOT OLD.account_id AND NEW.account_id IS NOT NULL)
	OR NEW.state = 'open' AND (NOT EXISTS (SELECT 1 FROM work AS w WHERE w.id = NEW.work_id AND w.state = 'published' AND w.base_licence LIKE '%-NC-%'
			AND (w.basis = 'owner' OR EXISTS (SELECT 1 FROM agreement AS a WHERE a.state = 'adopted')))
		OR EXISTS (SELECT 1 FROM contribution AS c WHERE c.work_id = NEW.work_id AND c.version = NEW.version AND c.ground = 'open')
		OR EXISTS (SELECT 1 FROM rights_claim AS r WHERE r.work_id = NEW.work_id AND r.state = 'open'))
BEGIN SELECT RAISE(ABORT, 'offer: this may not be offered'); END;
{{- else -}}
CREATE FUNCTION work_part_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_TABLE_NAME = 'work_version' AND NEW.n <> (SELECT coalesce(max(v.n), 0) + 1 FROM work_version AS v WHERE v.work_id = NEW.work_id) THEN
		RAISE EXCEPTION 'work_version: it does not follow the last one' USING ERRCODE = 'check_violation';
	END IF;
	IF TG_TABLE_NAME = 'work_holder' AND (NEW.n <> (SELECT coalesce(max(h.n), 0) + 1 FROM work_holder AS h WHERE h.work_id = NEW.work_id)
			OR NOT EXISTS (SELECT 1 FROM work AS w WHERE w.id = NEW.work_id AND w.basis = 'community')) THEN
		RAISE EXCEPTION 'work_holder: rights pass from the organiser to the collective of the same branch only' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER work_version_next BEFORE INSERT ON work_version FOR EACH ROW EXECUTE FUNCTION work_part_insert();
CREATE TRIGGER work_holder_next BEFORE INSERT ON work_holder FOR EACH ROW EXECUTE FUNCTION work_part_insert();

CREATE FUNCTION work_holder_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT 1 FROM work_holder AS h WHERE h.work_id = NEW.work_id AND h.branch <> NEW.branch) THEN
		RAISE EXCEPTION 'work_holder: rights pass from the organiser to the collective of the same branch only' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER work_holder_step BEFORE INSERT ON work_holder FOR EACH ROW EXECUTE FUNCTION work_holder_step();

CREATE FUNCTION work_part_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM work AS w WHERE w.id = OLD.work_id) THEN
		RETURN OLD;
	END IF;
	RAISE EXCEPTION '%: append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER work_version_fixed BEFORE UPDATE OR DELETE ON work_version FOR EACH ROW EXECUTE FUNCTION work_part_kept();
CREATE TRIGGER work_holder_fixed BEFORE UPDATE OR DELETE ON work_holder FOR EACH ROW EXECUTE FUNCTION work_part_kept();
CREATE TRIGGER consent_kept BEFORE DELETE ON consent FOR EACH ROW EXECUTE FUNCTION work_part_kept();
CREATE TRIGGER rights_claim_kept BEFORE DELETE ON rights_claim FOR EACH ROW EXECUTE FUNCTION work_part_kept();

CREATE FUNCTION work_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id <> OLD.id OR NEW.basis <> OLD.basis OR NEW.base_licence <> OLD.base_licence OR NEW.version < OLD.version
			OR (NEW.account_id IS DISTINCT FROM OLD.account_id AND NEW.account_id IS NOT NULL) THEN
		RAISE EXCEPTION 'work: what it was registered with does not change' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER work_fixed BEFORE UPDATE ON work FOR EACH ROW EXECUTE FUNCTION work_fixed();

CREATE FUNCTION agreement_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		IF NEW.state <> 'draft' THEN
			RAISE EXCEPTION 'agreement: it begins as a draft' USING ERRCODE = 'check_violation';
		END IF;
		RETURN NEW;
	END IF;
	IF TG_OP = 'DELETE' THEN
		RAISE EXCEPTION 'agreement: a version is kept' USING ERRCODE = 'check_violation';
	END IF;
	IF NEW.n <> OLD.n OR NEW.text_ru <> OLD.text_ru OR NEW.text_en <> OLD.text_en OR NEW.sha256 <> OLD.sha256 OR NEW.created_on <> OLD.created_on
			OR NOT (OLD.state = 'draft' AND NEW.state = 'discussion' OR OLD.state = 'discussion' AND NEW.state = 'adopted'
				AND NEW.discussion = OLD.discussion AND NEW.discussed_from = OLD.discussed_from AND NEW.discussed_until = OLD.discussed_until) THEN
		RAISE EXCEPTION 'agreement: its text does not change, and only what was discussed is adopted' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER agreement_step BEFORE INSERT OR UPDATE OR DELETE ON agreement FOR EACH ROW EXECUTE FUNCTION agreement_step();

CREATE FUNCTION agreement_acceptance_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		IF NOT EXISTS (SELECT 1 FROM agreement AS a WHERE a.n = NEW.agreement AND a.state = 'adopted' AND a.adopted_at <= NEW.accepted_at) THEN
			RAISE EXCEPTION 'agreement_acceptance: only an adopted version can be accepted' USING ERRCODE = 'check_violation';
		END IF;
		RETURN NEW;
	END IF;
	IF TG_OP = 'DELETE' OR NEW.id <> OLD.id OR NEW.agreement <> OLD.agreement OR NEW.accepted_at <> OLD.accepted_at
			OR (NEW.account_id IS DISTINCT FROM OLD.account_id AND NEW.account_id IS NOT NULL) THEN
		RAISE EXCEPTION 'agreement_acceptance: append-only' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER agreement_acceptance_step BEFORE INSERT OR UPDATE OR DELETE ON agreement_acceptance FOR EACH ROW EXECUTE FUNCTION agreement_acceptance_step();

CREATE FUNCTION consent_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id <> OLD.id OR NEW.work_id <> OLD.work_id OR NEW.version <> OLD.version OR NEW.payee <> OLD.payee OR NEW.given_at <> OLD.given_at
			OR (NEW.account_id IS DISTINCT FROM OLD.account_id AND NEW.account_id IS NOT NULL)
			OR (OLD.withdrawn_on IS NOT NULL AND NEW.withdrawn_on IS DISTINCT FROM OLD.withdrawn_on) THEN
		RAISE EXCEPTION 'consent: it is given anew, not edited' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER consent_fixed BEFORE UPDATE ON consent FOR EACH ROW EXECUTE FUNCTION consent_fixed();

CREATE FUNCTION contribution_ground() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.ground = 'agreement' AND NOT EXISTS (SELECT 1 FROM agreement_acceptance AS x WHERE x.id = NEW.acceptance_id
			AND x.agreement = NEW.agreement AND x.accepted_at <= NEW.made_at
			AND (x.account_id = NEW.contributor_id OR x.account_id IS NULL OR TG_OP = 'UPDATE' AND NEW.contributor_id IS NULL))
		OR NEW.consent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM consent AS k WHERE k.id = NEW.consent_id
			AND k.work_id = NEW.work_id AND k.version = NEW.version
			AND (k.account_id = NEW.contributor_id OR k.account_id IS NULL OR TG_OP = 'UPDATE' AND NEW.contributor_id IS NULL)) THEN
		RAISE EXCEPTION 'contribution: its ground does not cover it' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER contribution_ground BEFORE INSERT OR UPDATE ON contribution FOR EACH ROW EXECUTE FUNCTION contribution_ground();

CREATE FUNCTION rights_claim_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id <> OLD.id OR NEW.work_id <> OLD.work_id OR NEW.made_on <> OLD.made_on
			OR (NEW.text <> OLD.text AND NEW.text <> '') OR (NEW.evidence <> OLD.evidence AND NEW.evidence <> '')
			OR (NEW.claimant_id IS DISTINCT FROM OLD.claimant_id AND NEW.claimant_id IS NOT NULL)
			OR (OLD.state <> 'open' AND (NEW.state <> OLD.state OR NEW.decision <> OLD.decision OR NEW.decided_on <> OLD.decided_on)) THEN
		RAISE EXCEPTION 'rights_claim: what was said and decided does not change' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE FUNCTION begins_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_TABLE_NAME = 'rights_claim' THEN
		IF NEW.state <> 'open' THEN
			RAISE EXCEPTION 'rights_claim: it begins open' USING ERRCODE = 'check_violation';
		END IF;
	ELSIF NEW.withdrawn_on IS NOT NULL THEN
		RAISE EXCEPTION 'consent: it begins standing' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER rights_claim_new BEFORE INSERT ON rights_claim FOR EACH ROW EXECUTE FUNCTION begins_open();
CREATE TRIGGER consent_new BEFORE INSERT ON consent FOR EACH ROW EXECUTE FUNCTION begins_open();
CREATE TRIGGER rights_claim_fixed BEFORE UPDATE ON rights_claim FOR EACH ROW EXECUTE FUNCTION rights_claim_fixed();

CREATE FUNCTION offer_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND (NEW.id <> OLD.id OR NEW.work_id <> OLD.work_id OR (OLD.state = 'withdrawn' AND NEW.state <> 'withdrawn')
			OR (NEW.account_id IS DISTINCT FROM OLD.account_id AND NEW.account_id IS NOT NULL)) THEN
		RAISE EXCEPTION 'offer: what it is for does not change' USING ERRCODE = 'check_violation';
	END IF;
	IF NEW.state = 'open' AND (NOT EXISTS (SELECT 1 FROM work AS w WHERE w.id = NEW.work_id AND w.state = 'published' AND w.base_licence LIKE '%-NC-%'
				AND (w.basis = 'owner' OR EXISTS (SELECT 1 FROM agreement AS a WHERE a.state = 'adopted')))
			OR EXISTS (SELECT 1 FROM contribution AS c WHERE c.work_id = NEW.work_id AND c.version = NEW.version AND c.ground = 'open')
			OR EXISTS (SELECT 1 FROM rights_claim AS r WHERE r.work_id = NEW.work_id AND r.state = 'open')) THEN
		RAISE EXCEPTION 'offer: this may not be offered' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER offer_gate BEFORE INSERT OR UPDATE ON offer FOR EACH ROW EXECUTE FUNCTION offer_gate();
CREATE TRIGGER work_version_truncate BEFORE TRUNCATE ON work_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER work_holder_truncate BEFORE TRUNCATE ON work_holder FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER agreement_truncate BEFORE TRUNCATE ON agreement FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER agreement_acceptance_truncate BEFORE TRUNCATE ON agreement_acceptance FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_truncate BEFORE TRUNCATE ON consent FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
{{- end}}
