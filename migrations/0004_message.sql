-- Words between two people, and how tutors answer. A thread outlives the
-- account of one party, for the other: then that party is empty.
CREATE TABLE thread (
	{{text "id" 36}} PRIMARY KEY,
	{{text "kind" 10}},
	{{textnull "learner_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{textnull "tutor_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{text "state" 10}},
	{{int "messages"}},
	{{bool "learner_marks"}},
	{{bool "tutor_marks"}},
	{{int "learner_read"}},
	{{int "tutor_read"}},
	{{time "last_at"}},
	{{timenull "ending_on"}},
	CHECK (kind IN ('inquiry')),
	CHECK (state IN ('open', 'closed')),
	CHECK (learner_id <> tutor_id)
);
CREATE INDEX thread_learner ON thread (learner_id, last_at);
CREATE INDEX thread_tutor ON thread (tutor_id, last_at);

-- An inquiry has the id of its thread.
CREATE TABLE inquiry (
	{{text "id" 36}} PRIMARY KEY REFERENCES thread (id) ON DELETE CASCADE,
	{{text "learner_id" 36}} REFERENCES account (id) ON DELETE CASCADE,
	{{textnull "tutor_id" 36}} REFERENCES account (id) ON DELETE SET NULL,
	{{textnull "service_id" 36}} REFERENCES service (id) ON DELETE SET NULL,
	{{text "service_title" 100}},
	{{text "goal" 1000}},
	{{text "background" 1000}},
	{{text "expectation" 1000}},
	{{text "state" 10}},
	{{text "reason" 20}},
	{{text "comment" 500}},
	{{time "created_at"}},
	{{timenull "ended_at"}},
	CHECK (state IN ('open', 'answered', 'declined', 'expired', 'withdrawn')),
	CHECK ((state = 'declined') = (reason <> '')),
	CHECK ((state = 'open') = (ended_at IS NULL))
);
CREATE INDEX inquiry_learner ON inquiry (learner_id, created_at);
CREATE INDEX inquiry_tutor ON inquiry (tutor_id, ended_at);
CREATE INDEX inquiry_service ON inquiry (service_id);
CREATE UNIQUE INDEX inquiry_waiting ON inquiry (tutor_id, learner_id) WHERE state = 'open';

CREATE TABLE message (
	{{text "id" 36}} PRIMARY KEY,
	{{text "thread_id" 36}} REFERENCES thread (id) ON DELETE CASCADE,
	{{int "n"}},
	{{bool "by_learner"}},
	{{text "text" 4000}},
	{{time "created_at"}},
	UNIQUE (thread_id, n)
);

CREATE TABLE message_report (
	{{text "id" 36}} PRIMARY KEY,
	{{text "thread_id" 36}} REFERENCES thread (id) ON DELETE CASCADE,
	{{text "subject_id" 36}},
	{{bool "by_learner"}},
	{{text "reason" 1000}},
	{{time "reported_on"}},
	UNIQUE (subject_id, by_learner)
);
CREATE INDEX message_report_thread ON message_report (thread_id);

CREATE TABLE reply_habit (
	{{text "account_id" 36}} PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
	{{int "asked"}},
	{{int "answered"}},
	{{intnull "median_minutes"}},
	{{int "unanswered"}},
	{{int "capacity"}},
	{{timenull "slept_on"}},
	CHECK (capacity BETWEEN 1 AND 50),
	CHECK (answered BETWEEN 0 AND asked)
);
