-- The public face of tutors and creators, and what tutors offer.
CREATE TABLE profile (
	{{text "account_id" 36}} PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
	{{bool "tutor"}},
	{{bool "creator"}},
	{{text "name" 60}},
	{{text "headline" 160}},
	{{text "about" 8000}},
	{{json "skills" 4000}},
	{{json "levels" 100}},
	{{json "languages" 200}},
	{{json "formats" 200}},
	{{json "links" 12000}},
	{{text "timezone" 60}},
	{{text "picture" 80}},
	{{text "state" 10}},
	{{text "paused_by" 10}},
	{{timenull "paused_until"}},
	{{bool "approved"}},
	{{timenull "reminded_on"}},
	{{timenull "published_on"}},
	{{time "active_on"}},
	{{int "version"}},
	CHECK (state IN ('draft', 'open', 'paused')),
	CHECK (paused_by IN ('', 'owner', 'silence', 'operator'))
);
CREATE INDEX profile_published ON profile (state, published_on);

CREATE TABLE service (
	{{text "id" 36}} PRIMARY KEY,
	{{text "account_id" 36}} REFERENCES account (id) ON DELETE CASCADE,
	{{text "title" 100}},
	{{text "summary" 300}},
	{{text "format" 10}},
	{{int "minutes"}},
	{{intnull "price"}},
	{{text "currency" 3}},
	{{bool "by_agreement"}},
	{{bool "free_trial"}},
	{{text "rules" 2000}},
	{{text "state" 10}},
	{{timenull "published_on"}},
	{{int "version"}},
	CHECK (format IN ('call', 'chat', 'review', 'group', 'plan')),
	CHECK (state IN ('draft', 'published', 'paused')),
	CHECK (minutes >= 0 AND minutes <= 100000),
	CHECK (price IS NULL OR price >= 0),
	CHECK ((price IS NULL) = by_agreement),
	CHECK (price IS NULL OR price = 0 OR length(currency) = 3)
);
CREATE INDEX service_account ON service (account_id);
CREATE INDEX service_published ON service (state, published_on);
