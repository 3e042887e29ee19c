-- The audit log: records that wait for their place, records in it, tiles of hashes, signed checkpoints.

CREATE TABLE audit_pending (
    event BIGINT PRIMARY KEY,
    leaf BLOB NOT NULL                  -- one line of JSON that names nobody
);

CREATE TABLE audit_log (
    id BIGINT PRIMARY KEY,              -- 1: there is one log
    name TEXT NOT NULL,                 -- first line of its checkpoints
    size BIGINT NOT NULL,               -- records that have their place
    key BLOB NOT NULL                   -- seed of the signing key, sealed under the region key
);

-- 256 records each but the last: two octets of length, then the record.
CREATE TABLE audit_bundle (
    n BIGINT PRIMARY KEY,
    entries BLOB NOT NULL
);

CREATE TABLE audit_tile (
    level BIGINT NOT NULL,
    n BIGINT NOT NULL,
    hashes BLOB NOT NULL,               -- 32 octets each, up to 256
    PRIMARY KEY (level, n)
);

CREATE TABLE audit_place (
    event BIGINT PRIMARY KEY,
    place BIGINT NOT NULL
);

CREATE TABLE audit_checkpoint (
    size BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    note TEXT NOT NULL
);

-- Under which name an account stands in the log. Goes with the account; then nobody knows any more whose records they were.
CREATE TABLE audit_person (
    account BIGINT PRIMARY KEY,
    name BLOB NOT NULL
);
