-- Who is allowed and denied, which relays are known to forward, and whom the greylist has seen. Correspondents rest sealed or as
-- hashes under the organisation's key.

CREATE TABLE list_entry (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    effect TEXT NOT NULL,               -- allow | deny
    kind TEXT NOT NULL,                 -- address | domain | network | key
    value_hash BLOB NOT NULL,           -- of the value, so that it is listed once
    detail BLOB NOT NULL,               -- sealed: value, owner, reason, conditions
    created BIGINT NOT NULL,            -- milliseconds since 1970
    expires BIGINT NOT NULL,            -- milliseconds since 1970; 0: never
    PRIMARY KEY (organisation, id)
);
CREATE UNIQUE INDEX list_entry_value ON list_entry (organisation, effect, kind, value_hash);
CREATE INDEX list_entry_expires ON list_entry (expires);

CREATE TABLE list_state (
    organisation BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,            -- grows with each change; tells nodes that what they remember is old
    entries BIGINT NOT NULL             -- kept, not counted
);

CREATE TABLE forwarded (
    organisation BIGINT NOT NULL,
    relay BLOB NOT NULL,                -- hash of the relay's authenticated name
    author BLOB NOT NULL,               -- hash of a domain whose signature survived the relay
    messages BIGINT NOT NULL,
    expires BIGINT NOT NULL,            -- milliseconds since 1970
    PRIMARY KEY (organisation, relay, author)
);
CREATE INDEX forwarded_expires ON forwarded (expires);

CREATE TABLE greylist (
    organisation BIGINT NOT NULL,
    attempt BLOB NOT NULL,              -- hash of client's network, sender and recipient
    first BIGINT NOT NULL,              -- milliseconds since 1970
    expires BIGINT NOT NULL,            -- milliseconds since 1970
    PRIMARY KEY (organisation, attempt)
);
CREATE INDEX greylist_expires ON greylist (expires);
