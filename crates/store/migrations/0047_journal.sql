-- Which rows changed, for the steps between two backups. Triggers write it, where points in time are wanted; the values are read from the
-- tables when a step is taken, so that nothing is kept here that is not in them.
CREATE TABLE journal_entry (
    id BIGINT PRIMARY KEY, -- sqlite
    k1, k2, k3, k4, k5, -- sqlite
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- postgres
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(), -- postgres
    k1 TEXT, k2 TEXT, k3 TEXT, k4 TEXT, k5 TEXT, -- postgres
    name TEXT NOT NULL
);

-- The chain of steps that is being written (0 for none), with which schema; which of the nodes takes steps, and until when; how often this
-- store has been taken over by another machine.
CREATE TABLE journal_state (
    id BIGINT PRIMARY KEY,
    chain BIGINT NOT NULL,
    schema BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    holder BIGINT NOT NULL,
    held_until BIGINT NOT NULL
);
INSERT INTO journal_state (id, chain, schema, generation, holder, held_until) VALUES (1, 0, 0, 1, 0, 0);

-- How far each repository has the journal: the last step there and up to where it goes, when it was known to lack nothing, when a backup of
-- this chain came there (0 for none), and what fails.
CREATE TABLE journal_reached (
    location TEXT PRIMARY KEY,
    chain BIGINT NOT NULL,
    number BIGINT NOT NULL,
    mark TEXT NOT NULL,
    taken BIGINT NOT NULL,
    clean BIGINT NOT NULL,
    based BIGINT NOT NULL,
    failing_since BIGINT NOT NULL,
    failure TEXT NOT NULL,
    told TEXT NOT NULL
);

-- On a standby: the last step that was carried out, and the moment that it shows.
CREATE TABLE journal_followed (
    id BIGINT PRIMARY KEY,
    chain BIGINT NOT NULL,
    number BIGINT NOT NULL,
    mark_first BIGINT NOT NULL,
    mark_second BIGINT NOT NULL,
    taken BIGINT NOT NULL
);
