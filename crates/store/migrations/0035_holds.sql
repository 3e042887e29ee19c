-- Mail that was removed and is kept for a while, and legal holds, which keep it for longer.

CREATE TABLE retention_window (
    organisation BIGINT PRIMARY KEY,
    days BIGINT NOT NULL                -- how long removed mail can be brought back; 0: it goes at once
);

CREATE TABLE hold (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    everyone BIGINT NOT NULL,           -- 1: every account of the organisation; 0: those in hold_account
    begun BIGINT NOT NULL,
    ended BIGINT NOT NULL,              -- 0: in force
    detail BLOB NOT NULL,               -- sealed: name, reasons, who, which mail
    PRIMARY KEY (organisation, id)
);

CREATE TABLE hold_account (
    account BIGINT NOT NULL,
    hold BIGINT NOT NULL,
    PRIMARY KEY (account, hold)
) WITHOUT ROWID;

CREATE TABLE removed_message (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,                 -- postgres
    id INTEGER PRIMARY KEY,             -- sqlite
    PRIMARY KEY (account, id),          -- postgres
    organisation BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,            -- the last one that it was in
    removed BIGINT NOT NULL,            -- when
    look BIGINT NOT NULL,               -- from when its window counts; put forward while a hold covers it
    blob BIGINT NOT NULL,
    key_wrapped BLOB NOT NULL,          -- these as they were in message
    size BIGINT NOT NULL,
    received BIGINT NOT NULL,
    summary BLOB NOT NULL,
    trace BLOB NOT NULL,
    signature BLOB                      -- as it was in search_signature
);
CREATE INDEX removed_message_look ON removed_message (organisation, look);
CREATE INDEX removed_message_account ON removed_message (account, removed);
