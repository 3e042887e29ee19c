-- Accounts that were erased, and the places from which their keys are gone since: what is left of them elsewhere opens no more.

CREATE TABLE erasure (
    account BIGINT PRIMARY KEY,         -- its number; nothing else of it is kept
    organisation BIGINT NOT NULL,
    erased BIGINT NOT NULL              -- milliseconds since 1970
);

CREATE TABLE erasure_reached (
    account BIGINT NOT NULL,
    place TEXT NOT NULL,                -- "store", or where a repository of backups is
    reached BIGINT NOT NULL,            -- milliseconds since 1970
    PRIMARY KEY (account, place)
);
