-- The change counter, the change log of public things, and deadlines.
CREATE TABLE generation (
	{{int "n"}},
	{{int "forgotten"}}
);
INSERT INTO generation (n, forgotten) VALUES (0, 0);

CREATE TABLE search_change (
	{{int "seq"}},
	{{text "kind" 20}},
	{{text "id" 36}},
	PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX search_change_seq ON search_change (seq);

CREATE TABLE due (
	{{text "kind" 40}},
	{{text "id" 36}},
	{{time "at"}},
	PRIMARY KEY (kind, id)
);
CREATE INDEX due_at ON due (at);
