-- Message trace: what happened to each message, from the connection that brought it to the last answer. Who wrote to whom, about what and
-- from where rests sealed under the organisation's key (the region's, for what is nobody's here); it is found by keyed hashes.

CREATE TABLE trace (
    id BIGINT PRIMARY KEY,              -- the number that the reply to the message and its Received field name
    organisation BIGINT NOT NULL,       -- 0: nobody's here
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    direction BIGINT NOT NULL,          -- 1: in | 2: out
    outcome BIGINT NOT NULL,            -- as in the crate trace
    verdict BIGINT NOT NULL,            -- of the filter; 0: none
    open BIGINT NOT NULL,               -- recipients that wait in the queue
    failed BIGINT NOT NULL,             -- recipients that were given up
    size BIGINT NOT NULL,
    detail BLOB NOT NULL                -- sealed: sender, recipients, subject, Message-ID, client, what happened until it was taken
);
-- With the columns that lists filter by, so that they read no rows that they do not show.
CREATE INDEX trace_organisation ON trace (organisation, id, outcome, direction, verdict);

-- What happened later: attempts to deliver, and what people did.
CREATE TABLE trace_step (
    trace BIGINT NOT NULL,
    id BIGINT NOT NULL,
    detail BLOB NOT NULL,               -- sealed
    PRIMARY KEY (trace, id)
) WITHOUT ROWID;

-- Hashes that are not in the index yet, which is filled in batches: a message costs one row here instead of some at random places there.
CREATE TABLE trace_fresh (
    id BIGINT PRIMARY KEY,
    marks BLOB NOT NULL                 -- eight octets each: keyed hashes of addresses, domains, Message-ID, client, accounts
);

CREATE TABLE trace_mark (
    day BIGINT NOT NULL,                -- since 1970, of the trace
    mark BIGINT NOT NULL,
    id BIGINT NOT NULL,                 -- of the trace
    PRIMARY KEY (day, mark, id)
) WITHOUT ROWID;

-- How much was refused each day, so that a flood of it cannot fill the disk.
CREATE TABLE trace_day (
    day BIGINT PRIMARY KEY,
    refused BIGINT NOT NULL             -- traces that were kept of it
);
