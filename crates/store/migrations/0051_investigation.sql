-- Investigations (e-discovery): whose mail is looked into, what was searched for, what was found and what was thought of it.

CREATE TABLE investigation (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    hold BIGINT NOT NULL,               -- the legal hold on its custodians
    opened BIGINT NOT NULL,
    closed BIGINT NOT NULL,             -- 0: open
    detail BLOB NOT NULL,               -- sealed: name, reasons, who, from when to when it may be fetched
    PRIMARY KEY (organisation, id)
);

CREATE TABLE investigation_account (
    account BIGINT NOT NULL,
    investigation BIGINT NOT NULL,
    PRIMARY KEY (account, investigation)
) WITHOUT ROWID;
CREATE INDEX investigation_account_of ON investigation_account (investigation);

CREATE TABLE investigation_search (
    investigation BIGINT NOT NULL,
    number BIGINT NOT NULL,             -- 1, 2, ... in each
    id BIGINT NOT NULL,                 -- what its detail is sealed for
    at BIGINT NOT NULL,
    detail BLOB NOT NULL,               -- sealed: what for, by whom, how much was found
    PRIMARY KEY (investigation, number)
);

CREATE TABLE investigation_item (
    investigation BIGINT NOT NULL,
    account BIGINT NOT NULL,
    message BIGINT NOT NULL,
    search BIGINT NOT NULL,             -- the first that found it
    mark BIGINT NOT NULL,               -- 0: not looked at; 1: relevant; 2: irrelevant; 3: privileged
    detail BLOB,                        -- sealed: note, by whom and when it was marked
    PRIMARY KEY (investigation, account, message)
) WITHOUT ROWID;
CREATE INDEX investigation_item_account ON investigation_item (account);
