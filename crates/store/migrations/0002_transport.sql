-- What other domains ask of the way to them, and what became of it. Domains are found by their keyed hash; what is marked
-- "sealed" rests encrypted under the region key.

-- MTA-STS policies of other domains (RFC 8461 section 3.3).
CREATE TABLE mta_sts_policy (
    domain BLOB PRIMARY KEY,            -- keyed hash
    expires BIGINT NOT NULL,            -- when it is no longer to be used
    policy BLOB NOT NULL                -- sealed: its identifier, when it was fetched, its text
);
CREATE INDEX mta_sts_policy_expires ON mta_sts_policy (expires);

-- How connections to other domains fared, by domain and UTC day, until it is reported to them (RFC 8460).
CREATE TABLE tls_result (
    day BIGINT NOT NULL,                -- days since 1970
    domain BLOB NOT NULL,               -- keyed hash
    due BIGINT NOT NULL,                -- when the report is sent, or tried again
    results BLOB NOT NULL,              -- sealed: domain, policies, counts; whom the report has been sent to
    PRIMARY KEY (day, domain)
);
CREATE INDEX tls_result_due ON tls_result (due);

-- Reports of others about connections to us.
CREATE TABLE tls_report (
    id BIGINT PRIMARY KEY,
    received BIGINT NOT NULL,
    name BLOB NOT NULL,                 -- keyed hash of submitter and report identifier, so that none is kept twice
    report BLOB NOT NULL                -- sealed
);
CREATE UNIQUE INDEX tls_report_name ON tls_report (name);
CREATE INDEX tls_report_received ON tls_report (received);
