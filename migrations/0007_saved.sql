-- Searches that people keep. What was found is known again by a keyed hash: the
-- table does not say whom or what it found.
CREATE TABLE saved_search (
	{{text "id" 36}} PRIMARY KEY,
	{{text "account_id" 36}} REFERENCES account (id) ON DELETE CASCADE,
	{{text "name" 80}},
	{{text "query" 2000}},
	{{text "state" 10}} CHECK (state IN ('watching', 'paused')),
	{{bool "whole"}},
	{{time "saved_on"}},
	{{time "checked_on"}},
	{{text "feed_nonce" 36}},
	{{blob "feed_mac" 32}} UNIQUE
);
CREATE INDEX saved_search_account ON saved_search (account_id);

CREATE TABLE saved_find (
	{{text "search_id" 36}} REFERENCES saved_search (id) ON DELETE CASCADE,
	{{blob "thing_mac" 32}},
	{{timenull "found_on"}},
	{{bool "seen"}},
	{{timenull "gone_on"}},
	PRIMARY KEY (search_id, thing_mac)
);
