-- Who alone does a work that several processes could do, such as feeding a
-- search index that they share. Whoever holds it renews it; when it has run
-- out, another takes it.
CREATE TABLE lease (
	{{text "name" 40}} PRIMARY KEY,
	{{text "holder" 36}},
	{{time "until"}}
);
