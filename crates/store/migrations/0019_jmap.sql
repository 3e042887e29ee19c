-- What JMAP keeps.

-- Clients that show one message of each thread must hear which thread a message was of that is gone. 0: gone before this was kept,
-- or no message.
ALTER TABLE destroyed ADD COLUMN thread BIGINT NOT NULL DEFAULT 0;

-- Where clients show a mailbox among others (RFC 8621 section 2); -1: by what it is for.
ALTER TABLE mailbox ADD COLUMN sort_order BIGINT NOT NULL DEFAULT -1;

-- Files that clients have sent and not yet put into a message.
CREATE TABLE jmap_upload (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    blob BIGINT NOT NULL,
    key_wrapped BLOB NOT NULL,          -- the file's key under the account's key
    size BIGINT NOT NULL,               -- octets
    expires BIGINT NOT NULL,
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE INDEX jmap_upload_expires ON jmap_upload (expires);
CREATE INDEX jmap_upload_blob ON jmap_upload (blob);
