-- Mail that is taken over from other servers by IMAP: where it comes from, and what of each folder is here.
CREATE TABLE move_source (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name BLOB NOT NULL,                 -- keyed hash of host and user there
    begun BIGINT NOT NULL,              -- the first run; milliseconds since 1970
    ended BIGINT NOT NULL,              -- the last run that came to its end; 0: none
    detail BLOB NOT NULL,               -- sealed under the account's key: host, user
    PRIMARY KEY (account, id)
) WITHOUT ROWID;

CREATE TABLE move_folder (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    source BIGINT NOT NULL,
    name BLOB NOT NULL,                 -- keyed hash of its name there
    uidvalidity BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,            -- where it goes
    messages BIGINT NOT NULL,           -- how many it had at the last look
    PRIMARY KEY (account, id)
) WITHOUT ROWID;

CREATE TABLE move_message (
    account BIGINT NOT NULL,
    folder BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    message BIGINT NOT NULL,            -- the message here, which may be gone
    flags BIGINT NOT NULL,              -- as they were there at the last look
    keywords BIGINT NOT NULL,           -- the same, by the bits that they have here
    number BIGINT NOT NULL,             -- the number that Gmail has for it in all its folders; 0 elsewhere
    PRIMARY KEY (account, folder, uid)
) WITHOUT ROWID;
CREATE INDEX move_message_number ON move_message (account, number);
