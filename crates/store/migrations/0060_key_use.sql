-- How often keys of the server were used that are used too often for a record each, by the hour.

CREATE TABLE key_use (
    hour BIGINT NOT NULL,               -- hours since 1970
    name TEXT NOT NULL,                 -- kind of key, what for, and which one, divided by blanks
    organisation BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    PRIMARY KEY (hour, name)
) WITHOUT ROWID;
