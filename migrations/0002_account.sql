-- Who may act. No e-mail, phone or name; days instead of instants.
CREATE TABLE branch (
	id BIGINT PRIMARY KEY CHECK (id = 1),
	{{text "name" 60}},
	{{json "languages" 200}},
	{{text "rules" 20000}},
	{{text "sign_up" 12}},
	{{bool "approval"}},
	{{json "links" 4000}},
	{{json "rates" 2000}},
	{{text "currency" 3}},
	{{blobnull "setup_mac" 32}},
	{{timenull "setup_at"}},
	CHECK (sign_up IN ('open', 'invitation', 'closed'))
);

CREATE TABLE account (
	{{text "id" 36}} PRIMARY KEY,
	{{text "handle" 30}} UNIQUE,
	{{text "role" 10}},
	{{text "state" 10}},
	{{text "avatar_seed" 16}},
	{{text "language" 2}},
	{{blobnull "recovery_mac" 32}} UNIQUE,
	{{blobnull "next_recovery_mac" 32}} UNIQUE,
	{{timenull "held_until"}},
	{{int "session_epoch"}},
	{{time "joined_on"}},
	CHECK (role IN ('member', 'moderator', 'operator')),
	CHECK (state IN ('active', 'unclaimed')),
	CHECK (length(handle) >= 3)
);

CREATE TABLE passkey (
	{{text "id" 36}} PRIMARY KEY,
	{{text "account_id" 36}} REFERENCES account (id) ON DELETE CASCADE,
	{{blob "credential_id" 1023}} UNIQUE,
	{{json "credential" 8000}},
	{{text "name" 60}},
	{{time "added_on"}},
	{{timenull "used_on"}}
);
CREATE INDEX passkey_account ON passkey (account_id);

CREATE TABLE session (
	{{blob "token_mac" 32}} PRIMARY KEY,
	{{textnull "account_id" 36}} REFERENCES account (id) ON DELETE CASCADE,
	{{blob "data" 16384}},
	{{time "expires_at"}}
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE api_token (
	{{text "id" 36}} PRIMARY KEY,
	{{text "account_id" 36}} REFERENCES account (id) ON DELETE CASCADE,
	{{blob "token_mac" 32}} UNIQUE,
	{{text "name" 60}},
	{{time "added_on"}},
	{{timenull "expires_at"}}
);
CREATE INDEX api_token_account ON api_token (account_id);

CREATE TABLE invitation (
	{{text "id" 36}} PRIMARY KEY,
	{{textnull "account_id" 36}} REFERENCES account (id) ON DELETE CASCADE,
	{{blob "code_mac" 32}} UNIQUE,
	{{time "expires_at"}}
);

CREATE TABLE imported (
	{{blob "source_mac" 32}} PRIMARY KEY,
	{{text "account_id" 36}} UNIQUE REFERENCES account (id) ON DELETE CASCADE,
	{{blobnull "claim_mac" 32}} UNIQUE,
	{{blob "content_mac" 32}},
	{{text "format" 20}},
	{{time "added_on"}}
);

-- That an entry was here, without whose it became: who has claimed or erased it
-- is never imported anew.
CREATE TABLE imported_seen (
	{{blob "source_mac" 32}} PRIMARY KEY
);

CREATE TABLE idempotency (
	{{text "account_id" 36}} REFERENCES account (id) ON DELETE CASCADE,
	{{text "route" 100}},
	{{blob "key_mac" 32}},
	{{blob "body_mac" 32}},
	{{int "status"}},
	{{text "location" 200}},
	{{blob "answer" 65536}},
	{{time "expires_at"}},
	PRIMARY KEY (account_id, route, key_mac)
);
