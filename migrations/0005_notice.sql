-- How people are told without contact data. What is told is a kind, the number
-- of a thing and a local address: the words are made when it is read.
CREATE TABLE notice (
	{{text "id" 36}} PRIMARY KEY,
	{{text "account_id" 36}} REFERENCES account (id) ON DELETE CASCADE,
	{{text "kind" 30}},
	{{text "subject" 80}},
	{{text "cause" 80}},
	{{text "path" 200}},
	{{text "handle" 30}},
	{{json "args" 1000}},
	{{time "created_at"}},
	{{timenull "read_at"}},
	{{bool "removed"}},
	UNIQUE (account_id, kind, subject, cause)
);
CREATE INDEX notice_inbox ON notice (account_id, read_at, created_at);
CREATE INDEX notice_created ON notice (created_at);
CREATE INDEX notice_read ON notice (read_at);
CREATE INDEX notice_handle ON notice (handle);

CREATE TABLE notice_setting (
	{{text "account_id" 36}} PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
	{{text "muted" 400}},
	{{textnull "feed_nonce" 36}},
	{{blobnull "feed_mac" 32}} UNIQUE,
	CHECK ((feed_nonce IS NULL) = (feed_mac IS NULL))
);

CREATE TABLE push_subscription (
	{{text "id" 36}} PRIMARY KEY,
	{{text "account_id" 36}} REFERENCES account (id) ON DELETE CASCADE,
	{{blob "endpoint_mac" 32}} UNIQUE,
	{{blob "sealed" 2000}},
	{{time "added_on"}}
);
CREATE INDEX push_subscription_account ON push_subscription (account_id);

-- That a notice reached a subscription, so that a repeated job sends no second.
CREATE TABLE push_sent (
	{{text "notice_id" 36}} REFERENCES notice (id) ON DELETE CASCADE,
	{{text "subscription_id" 36}} REFERENCES push_subscription (id) ON DELETE CASCADE,
	PRIMARY KEY (notice_id, subscription_id)
);
CREATE INDEX push_sent_subscription ON push_sent (subscription_id);
