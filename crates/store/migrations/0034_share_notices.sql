-- What others have given an account of their mailboxes and taken back, as it is told of it. Rows that are gone stay as marks, so that
-- clients hear of that; the oldest marks go once an account has many.

CREATE TABLE share_notice (
    account BIGINT NOT NULL,            -- whose rights changed
    id BIGINT NOT NULL,
    owner BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,            -- of the owner; of what is given of a whole account: INBOX
    name BLOB NOT NULL,                 -- of the mailbox then, sealed under the owner's key as in its row; empty once the notice is gone
    changed_by BIGINT NOT NULL,         -- account; 0: at the machine itself
    rights_before TEXT NOT NULL,        -- of r (read), w (write), a (arrange)
    rights_after TEXT NOT NULL,
    created BIGINT NOT NULL,            -- milliseconds since 1970
    is_gone BIGINT NOT NULL DEFAULT 0,
    created_modseq BIGINT NOT NULL,
    changed_modseq BIGINT NOT NULL,
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE INDEX share_notice_changed ON share_notice (account, changed_modseq);
CREATE INDEX share_notice_owner ON share_notice (owner, account);
CREATE INDEX share_notice_created ON share_notice (is_gone, created);
