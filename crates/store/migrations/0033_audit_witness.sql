-- What of the audit log's checkpoints went to whom, and time stamps of others on them (RFC 3161).

CREATE TABLE audit_handed (
    place TEXT PRIMARY KEY,             -- an address on the Web or a mailbox, or "stamp"
    size BIGINT NOT NULL,               -- records of the newest checkpoint that it has
    at BIGINT NOT NULL
);

CREATE TABLE audit_stamp (
    size BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,                 -- as the authority says
    token BLOB NOT NULL                 -- DER
);
