-- What people say of judged mail, what is learned from it, and what was pulled back because of it.

CREATE TABLE mail_report (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    account BIGINT NOT NULL,            -- who says so
    judged BIGINT NOT NULL,
    kind TEXT NOT NULL,                 -- junk | honest
    weight BIGINT NOT NULL,             -- 1: of a person, 2: of somebody who looks after the quarantine
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    taken BIGINT NOT NULL,              -- a node works on it until then; milliseconds since 1970
    done BIGINT NOT NULL                -- 0 | 1
);
CREATE UNIQUE INDEX mail_report_once ON mail_report (judged, account);
CREATE INDEX mail_report_done ON mail_report (done, id);
CREATE INDEX mail_report_account ON mail_report (account, at);

CREATE TABLE mail_vote (
    organisation BIGINT NOT NULL,
    mark BIGINT NOT NULL,               -- keyed hash of a sender, a link, or what messages of one template share
    account BIGINT NOT NULL,
    weight BIGINT NOT NULL,             -- above 0: junk, below: honest
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    PRIMARY KEY (organisation, mark, account)
) WITHOUT ROWID;
CREATE INDEX mail_vote_at ON mail_vote (at);
CREATE INDEX mail_vote_account ON mail_vote (account);

CREATE TABLE mail_learned (
    organisation BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,            -- grows with each change; tells nodes that what they remember is old
    detail BLOB NOT NULL                -- sealed: weights on top of the shipped model's
);

CREATE TABLE mail_pulled (
    account BIGINT NOT NULL,
    message BIGINT NOT NULL,            -- in the account
    organisation BIGINT NOT NULL,
    judged BIGINT NOT NULL,
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    state TEXT NOT NULL,                -- pulled | returned
    PRIMARY KEY (account, message)
) WITHOUT ROWID;
CREATE INDEX mail_pulled_judged ON mail_pulled (judged);
CREATE INDEX mail_pulled_organisation ON mail_pulled (organisation, at);

-- What people here send: to whom for the first time, how much in an hour, and what was stopped.

CREATE TABLE sent_to (
    account BIGINT NOT NULL,
    recipient BIGINT NOT NULL,          -- keyed hash of the address
    last BIGINT NOT NULL,               -- milliseconds since 1970
    PRIMARY KEY (account, recipient)
) WITHOUT ROWID;
CREATE INDEX sent_to_last ON sent_to (last);

CREATE TABLE sent_hour (
    account BIGINT NOT NULL,
    hour BIGINT NOT NULL,               -- since 1970
    recipients BIGINT NOT NULL,
    fresh BIGINT NOT NULL,              -- of them, who were written to for the first time
    PRIMARY KEY (account, hour)
) WITHOUT ROWID;

CREATE TABLE sent_stop (
    id BIGINT PRIMARY KEY,              -- of the judged message
    organisation BIGINT NOT NULL,
    account BIGINT NOT NULL,
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    frozen BIGINT NOT NULL,             -- 1: the account was frozen, too
    told BIGINT NOT NULL,               -- 0: letters wait | 1: posted
    detail BLOB NOT NULL                -- sealed: subject, number of recipients, findings
);
CREATE INDEX sent_stop_told ON sent_stop (told, at);
CREATE INDEX sent_stop_account ON sent_stop (account);
