-- What the audit log says of keys: for each address of an organisation, which key it had from when on. Rows are only ever added, until the account
-- is erased.

CREATE TABLE key_directory (
    organisation BIGINT NOT NULL,
    address BLOB NOT NULL,              -- keyed hash
    event BIGINT NOT NULL,              -- of the record in the audit log
    account BIGINT NOT NULL,
    detail BLOB NOT NULL,               -- sealed: what the record tells, and the salt of its commitment
    PRIMARY KEY (organisation, address, event)
) WITHOUT ROWID;
CREATE INDEX key_directory_account ON key_directory (account);
