-- The journal of mail: what came in, went out or passed inside is kept for a period, whatever becomes of it in mailboxes.

CREATE TABLE mail_journal_rule (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    begun BIGINT NOT NULL,
    ended BIGINT NOT NULL,              -- 0: in force
    detail BLOB NOT NULL,               -- sealed: name, whose mail, with whom, which way, for how long, where reports go, why, who
    PRIMARY KEY (organisation, id)
);

CREATE TABLE mail_journal (
    id BIGINT PRIMARY KEY,              -- postgres
    id INTEGER PRIMARY KEY,             -- sqlite
    organisation BIGINT NOT NULL,
    blob BIGINT NOT NULL,
    key_wrapped BLOB NOT NULL,          -- under the organisation's key
    size BIGINT NOT NULL,
    received BIGINT NOT NULL,
    until BIGINT NOT NULL,              -- it is kept until then
    look BIGINT NOT NULL,               -- when it is looked at; put forward while a hold covers it
    by_law BIGINT NOT NULL,             -- 1: the erasure of a person does not take it
    envelope BLOB NOT NULL,             -- sealed: sender, all recipients, which way, by which rules
    summary BLOB NOT NULL,              -- these as beside a message, sealed under the organisation's key
    trace BLOB NOT NULL,
    signature BLOB
);
CREATE INDEX mail_journal_look ON mail_journal (look);

CREATE TABLE mail_journal_custodian (
    custodian BIGINT NOT NULL,          -- an account that took part, also where it is gone
    entry BIGINT NOT NULL,
    PRIMARY KEY (custodian, entry)
) WITHOUT ROWID;
CREATE INDEX mail_journal_custodian_of ON mail_journal_custodian (entry);

CREATE TABLE mail_journal_report (
    entry BIGINT NOT NULL,
    rule BIGINT NOT NULL,
    organisation BIGINT NOT NULL,
    PRIMARY KEY (entry, rule)
) WITHOUT ROWID;
