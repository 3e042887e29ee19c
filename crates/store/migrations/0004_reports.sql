-- What mail from a domain was like, counted for its owner (RFC 7489 section 7.2), and what others count of ours.

CREATE TABLE dmarc_fact (
    day BIGINT NOT NULL,                -- days since 1970, UTC
    domain BIGINT NOT NULL,             -- keyed hash of the domain whose policy applied
    fact BIGINT NOT NULL,               -- keyed hash of the content
    messages BIGINT NOT NULL,
    content BLOB NOT NULL,              -- sealed under the region key: all that is reported of such messages
    PRIMARY KEY (day, domain, fact)
) WITHOUT ROWID;

CREATE TABLE dmarc_sent (
    day BIGINT NOT NULL,
    domain BIGINT NOT NULL,             -- as in dmarc_fact: whose row is here has its report of the day, or gets none
    PRIMARY KEY (day, domain)
) WITHOUT ROWID;

CREATE TABLE dmarc_report (
    id BIGINT PRIMARY KEY,
    origin BIGINT NOT NULL,             -- keyed hash of reporter, report number and domain: each is kept once
    received BIGINT NOT NULL,
    content BLOB NOT NULL               -- sealed under the region key
);
CREATE UNIQUE INDEX dmarc_report_origin ON dmarc_report (origin);
CREATE INDEX dmarc_report_received ON dmarc_report (received);
