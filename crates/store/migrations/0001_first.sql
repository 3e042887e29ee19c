-- First schema. One dialect for both engines: every number is BIGINT, every string TEXT, every byte string BLOB;
-- `dialect.rs` turns the few words that differ and leaves out the lines marked for the other engine. Keys lead with the
-- account, but for SQLite tables with wide rows, which are fastest under the row's own number. What is marked "sealed" rests
-- encrypted.

-- The directory -------------------------------------------------------------------------------------------------

CREATE TABLE organisation (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    level TEXT NOT NULL,
    key_wrapped BLOB NOT NULL,          -- under the region key
    created BIGINT NOT NULL             -- milliseconds since 1970
);

CREATE TABLE domain (
    name TEXT PRIMARY KEY,              -- canonical: lowercase A-labels
    organisation BIGINT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE account (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    kind TEXT NOT NULL,                 -- person | shared | service
    name TEXT NOT NULL,                 -- shown name
    role TEXT NOT NULL,                 -- sales | finance | management | admin | ...
    language TEXT NOT NULL,             -- of notices to this person: zh | en
    state TEXT NOT NULL,                -- active | disabled
    key_wrapped BLOB NOT NULL,          -- under the organisation's key; destroying it destroys the mail
    modseq BIGINT NOT NULL,             -- last one given out; updating this row serialises the account's changes
    low_modseq BIGINT NOT NULL,         -- changes at or below it have been forgotten
    uidvalidity_last BIGINT NOT NULL DEFAULT 0, -- last UIDVALIDITY given out, so that none comes twice
    bytes BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    quota_bytes BIGINT NOT NULL,        -- 0: no limit
    created BIGINT NOT NULL
);

CREATE TABLE address (
    address TEXT PRIMARY KEY,           -- canonical
    account BIGINT NOT NULL,
    kind TEXT NOT NULL                  -- primary | alias
);
CREATE INDEX address_account ON address (account);

CREATE TABLE credential (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,                 -- password | app
    label TEXT NOT NULL,
    hash TEXT NOT NULL,                 -- Argon2id, PHC string
    scram BLOB,                         -- SCRAM-SHA-256 stored keys, sealed under the account's key
    created BIGINT NOT NULL,
    PRIMARY KEY (account, id)
);

-- Mail of an account ----------------------------------------------------------------------------------------------

CREATE TABLE mailbox (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name BLOB NOT NULL,                 -- sealed full path, levels divided by '/'
    name_key BLOB NOT NULL,             -- keyed hash of the path, for look-up
    special_use TEXT NOT NULL,          -- RFC 6154 attribute without backslash, or ''
    subscribed BIGINT NOT NULL,         -- 0 | 1
    uidvalidity BIGINT NOT NULL,
    uidnext BIGINT NOT NULL,
    first_recent BIGINT NOT NULL,       -- lowest UID that no session has been told of as \Recent
    highestmodseq BIGINT NOT NULL,
    total BIGINT NOT NULL,
    unseen BIGINT NOT NULL,
    deleted BIGINT NOT NULL,            -- messages flagged \Deleted
    bytes BIGINT NOT NULL,
    created_modseq BIGINT NOT NULL,
    changed_modseq BIGINT NOT NULL,     -- last change of the mailbox's own properties
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX mailbox_name ON mailbox (account, name_key);

CREATE TABLE message (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,                 -- postgres
    id INTEGER PRIMARY KEY,             -- sqlite
    thread BIGINT NOT NULL,
    blob BIGINT NOT NULL,
    key_wrapped BLOB NOT NULL,          -- the message's key under the account's key
    size BIGINT NOT NULL,               -- octets as a client sees them: trace and blob
    received BIGINT NOT NULL,           -- INTERNALDATE
    copies BIGINT NOT NULL,             -- rows in mailbox_message
    created_modseq BIGINT NOT NULL,
    PRIMARY KEY (account, id),          -- postgres
    summary BLOB NOT NULL,              -- sealed; rebuildable from the blob
    trace BLOB NOT NULL                 -- sealed header fields that we put before the message, or empty
);

CREATE TABLE mailbox_message (
    account BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    message BIGINT NOT NULL,
    flags BIGINT NOT NULL,              -- bits of the system flags
    keywords BIGINT NOT NULL,           -- bits of the account's keywords
    modseq BIGINT NOT NULL,
    size BIGINT NOT NULL,               -- as in message, so that lists need no join
    received BIGINT NOT NULL,
    saved BIGINT NOT NULL,              -- when it came into this mailbox (RFC 8514)
    PRIMARY KEY (account, mailbox, uid)
) WITHOUT ROWID;
CREATE INDEX mailbox_message_modseq ON mailbox_message (account, mailbox, modseq);
CREATE INDEX mailbox_message_message ON mailbox_message (account, message);

CREATE TABLE keyword (
    account BIGINT NOT NULL,
    bit BIGINT NOT NULL,
    name TEXT NOT NULL,                 -- as first written; compared without case
    PRIMARY KEY (account, bit)
) WITHOUT ROWID;

CREATE TABLE expunged (
    account BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    uid_first BIGINT NOT NULL,
    uid_last BIGINT NOT NULL,
    PRIMARY KEY (account, mailbox, modseq, uid_first)
) WITHOUT ROWID;

-- Objects that are gone. What was created or changed is read from the modseq of the rows themselves.
CREATE TABLE destroyed (
    account BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    kind TEXT NOT NULL,                 -- message | mailbox | thread
    id BIGINT NOT NULL,
    PRIMARY KEY (account, modseq, kind, id)
) WITHOUT ROWID;

CREATE TABLE thread_ref (
    account BIGINT NOT NULL,
    reference BIGINT NOT NULL,          -- keyed hash of a Message-ID and the base subject
    thread BIGINT NOT NULL,
    PRIMARY KEY (account, reference)
) WITHOUT ROWID;
CREATE INDEX thread_ref_thread ON thread_ref (account, thread);
CREATE INDEX message_thread ON message (account, thread);

CREATE TABLE search_signature (
    account BIGINT NOT NULL,
    message BIGINT NOT NULL,            -- postgres
    message INTEGER PRIMARY KEY,        -- sqlite
    PRIMARY KEY (account, message),     -- postgres
    signature BLOB NOT NULL             -- sealed; rebuildable from the blob
);
CREATE INDEX search_signature_account ON search_signature (account, message);

CREATE TABLE dedupe (
    account BIGINT NOT NULL,
    delivery BLOB NOT NULL,             -- keyed hash of what names the delivery
    message BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (account, delivery)
) WITHOUT ROWID;
CREATE INDEX dedupe_expires ON dedupe (expires);

-- Content ----------------------------------------------------------------------------------------------------------

CREATE TABLE blob (
    id BIGINT PRIMARY KEY,
    segment BIGINT NOT NULL,            -- number of the segment file; 0: the bytes are in `data`
    position BIGINT NOT NULL,           -- where the sealed bytes begin in the segment
    length BIGINT NOT NULL,             -- of the sealed bytes
    refs BIGINT NOT NULL,               -- rows of message and queue_message that name it
    released BIGINT NOT NULL,           -- when refs became 0; 0 while it is in use
    data BLOB
);
ALTER TABLE blob ALTER COLUMN data SET STORAGE EXTERNAL; -- postgres
CREATE INDEX blob_segment ON blob (segment);
CREATE INDEX blob_released ON blob (released) WHERE refs = 0;

-- Work -------------------------------------------------------------------------------------------------------------

CREATE TABLE queue_message (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    blob BIGINT NOT NULL,
    key_wrapped BLOB NOT NULL,          -- the message's key under the organisation's key
    envelope BLOB NOT NULL,             -- sealed: reverse path, DSN wishes, trace fields
    size BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    held BIGINT NOT NULL                -- 0 | 1
);
CREATE INDEX queue_message_blob ON queue_message (blob);

CREATE TABLE queue_recipient (
    message BIGINT NOT NULL,
    number BIGINT NOT NULL,             -- order in the envelope
    destination BIGINT NOT NULL,        -- keyed hash of the recipient's domain
    state TEXT NOT NULL,                -- due | held | delivered | failed | expired
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,        -- 0: free
    lease_fence BIGINT NOT NULL,        -- rises with each lease; results under an older one are refused
    recipient BLOB NOT NULL,            -- sealed: address, DSN wishes
    outcome BLOB,                       -- sealed: last reply and remote host
    PRIMARY KEY (message, number)
);
CREATE INDEX queue_recipient_due ON queue_recipient (state, due);
CREATE INDEX queue_recipient_destination ON queue_recipient (destination, state, due);

CREATE TABLE job (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    account BIGINT NOT NULL,
    object BIGINT NOT NULL,
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    lease_fence BIGINT NOT NULL
);
CREATE INDEX job_due ON job (kind, due);
