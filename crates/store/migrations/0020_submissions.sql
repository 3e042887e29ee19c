-- What people have sent over JMAP, and as whom they send.

CREATE TABLE jmap_identity (
    account BIGINT NOT NULL,
    id TEXT NOT NULL,
    content BLOB NOT NULL,              -- sealed: name, address, signatures
    PRIMARY KEY (account, id)
) WITHOUT ROWID;

CREATE TABLE jmap_submission (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    email BIGINT NOT NULL,              -- the message that was sent; it may be gone
    thread BIGINT NOT NULL,
    sent BIGINT NOT NULL,               -- when it went or is to go
    state TEXT NOT NULL,                -- sent | canceled | gone
    content BLOB NOT NULL,              -- sealed: identity, envelope, where it waits in the queue; empty once it is gone
    created_modseq BIGINT NOT NULL,
    changed_modseq BIGINT NOT NULL,
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE INDEX jmap_submission_changed ON jmap_submission (account, changed_modseq);
