-- Scripts, rules and automatic replies of people. Names, texts and addresses rest sealed under the account's key or as keyed hashes.

CREATE TABLE script (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name BLOB NOT NULL,                 -- keyed hash
    content BIGINT NOT NULL,            -- another one with each change of the text
    active BIGINT NOT NULL,             -- 1: it is run for mail that comes in; one of an account at most
    detail BLOB NOT NULL,               -- sealed: name, text
    PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX script_name ON script (account, name);

CREATE TABLE auto_reply (
    account BIGINT PRIMARY KEY,
    enabled BIGINT NOT NULL,            -- 1: it is sent within its time
    detail BLOB NOT NULL                -- sealed: times, subject, text
);

-- What was done lately for a script: messages seen, people replied to, owners told.
CREATE TABLE script_memory (
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,                 -- seen | replied | told
    name BLOB NOT NULL,                 -- keyed hash
    made BIGINT NOT NULL,               -- milliseconds since 1970
    expires BIGINT NOT NULL,            -- likewise
    PRIMARY KEY (account, kind, name)
) WITHOUT ROWID;
CREATE INDEX script_memory_expires ON script_memory (expires);

-- Rules that were made and hide mail from its reader, for those who look whether an account was taken over.
CREATE TABLE rule_event (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    detail BLOB NOT NULL,               -- sealed: what is done with mail, and with which
    PRIMARY KEY (account, id)
);
CREATE INDEX rule_event_at ON rule_event (at, account);
