-- Judged mail: what was found of each message, where its copies are, and what waits in quarantine. Content rests sealed under the
-- organisation's key; marks are keyed hashes.

CREATE TABLE judged (
    id BIGINT PRIMARY KEY,              -- the number that stands in the message's fields of ours
    organisation BIGINT NOT NULL,
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    direction TEXT NOT NULL,            -- in | out
    action TEXT NOT NULL,               -- deliver | warn | junk | quarantine | refuse
    marks BLOB NOT NULL,                -- eight octets each: keyed hashes of sender, links and likeness
    detail BLOB NOT NULL                -- sealed: facts, verdict, envelope, what it was judged by
);
CREATE INDEX judged_organisation ON judged (organisation, at);
CREATE INDEX judged_at ON judged (at);

CREATE TABLE judged_copy (
    account BIGINT NOT NULL,
    message BIGINT NOT NULL,            -- in the account
    judged BIGINT NOT NULL,
    PRIMARY KEY (account, message)
) WITHOUT ROWID;
CREATE INDEX judged_copy_judged ON judged_copy (judged);

CREATE TABLE quarantine (
    id BIGINT PRIMARY KEY,              -- of the judged message
    organisation BIGINT NOT NULL,
    blob BIGINT NOT NULL,
    key_wrapped BLOB NOT NULL,          -- the message's key under the organisation's key
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    expires BIGINT NOT NULL,            -- milliseconds since 1970
    size BIGINT NOT NULL,
    marks BLOB NOT NULL,                -- as in judged
    detail BLOB NOT NULL                -- sealed: envelope for its release, sender, subject, findings
);
CREATE INDEX quarantine_organisation ON quarantine (organisation, at);
CREATE INDEX quarantine_expires ON quarantine (expires);

CREATE TABLE quarantine_recipient (
    quarantine BIGINT NOT NULL,
    number BIGINT NOT NULL,
    account BIGINT NOT NULL,            -- whose it is; 0: of a group
    state TEXT NOT NULL,                -- held | released | deleted
    told BIGINT NOT NULL,               -- 1: stood in a digest
    recipient BLOB NOT NULL,            -- sealed: address, wishes about notifications
    PRIMARY KEY (quarantine, number)
) WITHOUT ROWID;
CREATE INDEX quarantine_recipient_account ON quarantine_recipient (account, state);

CREATE TABLE quarantine_digest (
    account BIGINT PRIMARY KEY,
    at BIGINT NOT NULL                  -- of the last letter, milliseconds since 1970
);
