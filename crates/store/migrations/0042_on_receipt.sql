-- Mail that is encrypted to its owner's own key as it is put into the mailbox.
CREATE TABLE on_receipt (
    account BIGINT PRIMARY KEY,
    since BIGINT NOT NULL,              -- milliseconds since 1970
    trouble TEXT NOT NULL,              -- why the last message was not encrypted; empty while all is well
    told BIGINT NOT NULL,               -- when the owner was told of it; milliseconds since 1970, 0 for never
    detail BLOB NOT NULL                -- sealed under the account's key: method, fingerprint, certificate
);

-- Letters about keys that were sent, so that none is sent twice.
CREATE TABLE key_letter (
    account BIGINT NOT NULL,
    name BLOB NOT NULL,                 -- keyed hash of what it was about
    expires BIGINT NOT NULL,            -- milliseconds since 1970
    PRIMARY KEY (account, name)
) WITHOUT ROWID;
CREATE INDEX key_letter_expires ON key_letter (expires);
