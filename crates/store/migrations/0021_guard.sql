-- The trade-fraud guard: who an organisation trades with and the payment details on file, what waits to be learned, and cases for
-- finance. All content rests sealed under the organisation's key; names are keyed hashes.

CREATE TABLE guard_row (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    kind BIGINT NOT NULL,               -- 1 address, 2 partner, 3 thread, 4 message, 5 account, 6 name, 7 domain, 8 summary
    name BIGINT NOT NULL,               -- keyed hash
    version BIGINT NOT NULL,            -- grows with each change: who read an older one changes nothing
    touched BIGINT NOT NULL,            -- day since 1970
    detail BLOB NOT NULL                -- sealed
);
CREATE UNIQUE INDEX guard_row_name ON guard_row (organisation, kind, name);
CREATE INDEX guard_row_partner ON guard_row (organisation, id) WHERE kind = 2;
CREATE INDEX guard_row_domain ON guard_row (organisation, id) WHERE kind = 7;
CREATE INDEX guard_row_touched ON guard_row (touched) WHERE kind IN (3, 4);

CREATE TABLE guard_lesson (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    detail BLOB NOT NULL                -- sealed: what a message teaches
);

CREATE TABLE guard_case (
    id BIGINT PRIMARY KEY,              -- of the judged message
    organisation BIGINT NOT NULL,
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    direction TEXT NOT NULL,            -- in | out
    action TEXT NOT NULL,               -- what was done with the message: warn | junk | quarantine | hold
    state TEXT NOT NULL,                -- open | proposed | honest | fraud
    told BIGINT NOT NULL,               -- 0: letters to finance wait | 1: posted
    version BIGINT NOT NULL,            -- grows with each change
    detail BLOB NOT NULL                -- sealed: message, findings, details side by side, what was done
);
CREATE INDEX guard_case_organisation ON guard_case (organisation, state, id);
CREATE INDEX guard_case_told ON guard_case (told, id);
