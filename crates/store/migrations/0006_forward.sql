-- Where accounts' mail is passed on to, sealed under the account's key; and what others report of single messages in our name.

CREATE TABLE forward (
    account BIGINT NOT NULL,
    target BLOB NOT NULL,               -- keyed hash of the address, so that it is there once
    detail BLOB NOT NULL,               -- sealed: address, who set it
    keeps_copy BIGINT NOT NULL,         -- 1: a copy stays in the mailbox
    created BIGINT NOT NULL,            -- milliseconds since 1970
    expires BIGINT NOT NULL,            -- milliseconds since 1970; 0: never
    PRIMARY KEY (account, target)
);
CREATE INDEX forward_expires ON forward (expires);

CREATE TABLE failure_report (
    id BIGINT PRIMARY KEY,
    origin BIGINT NOT NULL,             -- keyed hash of the report: each is kept once
    received BIGINT NOT NULL,           -- milliseconds since 1970
    content BLOB NOT NULL               -- sealed under the region key
);
CREATE UNIQUE INDEX failure_report_origin ON failure_report (origin);
CREATE INDEX failure_report_received ON failure_report (received);
