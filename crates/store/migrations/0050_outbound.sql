-- What people may send: rules, marked documents, and messages that wait for a second person.

CREATE TABLE outbound_policy (
    organisation BIGINT PRIMARY KEY,
    revision BIGINT NOT NULL            -- another with each change of rules and marks
);

CREATE TABLE outbound_rule (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    detail BLOB NOT NULL,               -- sealed under the organisation's key: the rule
    PRIMARY KEY (organisation, id)
);

CREATE TABLE outbound_mark (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    detail BLOB NOT NULL,               -- sealed: name, hashes of runs of its words
    PRIMARY KEY (organisation, id)
);

CREATE TABLE outbound_waiting (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    account BIGINT NOT NULL,            -- who sends it
    at BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    state TEXT NOT NULL,                -- waiting, released, refused, expired, withdrawn
    told BIGINT NOT NULL,               -- 0: nobody, 1: those who may approve it, 2: its sender, too
    detail BLOB NOT NULL                -- sealed: recipients, what rules found, who must approve it, who did
);
CREATE INDEX outbound_waiting_untold ON outbound_waiting (told, state);
CREATE INDEX outbound_waiting_of ON outbound_waiting (organisation, state, at);

-- Entries of the queue that go only once it is approved.
CREATE TABLE outbound_waiting_queued (
    queued BIGINT PRIMARY KEY,
    waiting BIGINT NOT NULL
);
