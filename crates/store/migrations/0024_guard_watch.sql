-- The trade-fraud guard: mailboxes that it learns from, look-alikes of our own domains, and signs of accounts in strange hands.

CREATE TABLE guard_history (
    account BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    after BIGINT NOT NULL,              -- the message that was read last: none is read twice
    until BIGINT NOT NULL,              -- the last message to read
    learned BIGINT NOT NULL,            -- messages that taught
    passed BIGINT NOT NULL,             -- messages that did not: known, doubted, or no letters
    done BIGINT NOT NULL                -- 1: all are read
);
CREATE INDEX guard_history_done ON guard_history (done, account);

CREATE TABLE guard_alike (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    name BIGINT NOT NULL,               -- keyed hash of the domain
    first BIGINT NOT NULL,              -- milliseconds since 1970
    last BIGINT NOT NULL,
    messages BIGINT NOT NULL,           -- that named it
    told BIGINT NOT NULL,               -- 0: letters to security wait | 1: posted
    detail BLOB NOT NULL                -- sealed: the domain, which of ours it is like, by what
);
CREATE UNIQUE INDEX guard_alike_name ON guard_alike (organisation, name);
CREATE INDEX guard_alike_told ON guard_alike (told, id);

CREATE TABLE guard_search (
    account BIGINT NOT NULL,
    day BIGINT NOT NULL,                -- days since 1970
    searches BIGINT NOT NULL,           -- for invoices, payments and the like
    last BIGINT NOT NULL,               -- milliseconds since 1970
    PRIMARY KEY (account, day)
);
CREATE INDEX guard_search_day ON guard_search (day);

CREATE TABLE guard_takeover (
    account BIGINT NOT NULL,
    guard_case BIGINT NOT NULL,         -- the case that tells of it
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    kinds BIGINT NOT NULL,              -- one bit for each kind of thing that happened
    PRIMARY KEY (account, guard_case)
);
