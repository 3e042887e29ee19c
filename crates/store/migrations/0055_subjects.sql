-- Subject requests: what people ask about their data (GDPR articles 15 to 22, CCPA, PIPL articles 44 to 50), whose data may rest and be used for nothing
-- else, consents, and what the organisation itself says in the register of processing.

CREATE TABLE subject_request (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account BIGINT NOT NULL,            -- of ours; 0 for somebody outside, and after the account was erased
    kind TEXT NOT NULL,
    state TEXT NOT NULL,                -- open | done | refused | withdrawn
    received BIGINT NOT NULL,
    due BIGINT NOT NULL,
    told BIGINT NOT NULL,               -- reminders that were sent: 1 before the deadline, 2 on its day, 3 behind it
    closed BIGINT NOT NULL,             -- 0: open
    detail BLOB NOT NULL,               -- sealed: who asks, how he proved who he is, extension, what was carried out
    PRIMARY KEY (organisation, id)
);
CREATE INDEX subject_request_due ON subject_request (state, due);
CREATE INDEX subject_request_account ON subject_request (account);
CREATE INDEX subject_request_closed ON subject_request (closed) WHERE closed <> 0;

CREATE TABLE subject_step (
    organisation BIGINT NOT NULL,
    request BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    detail BLOB NOT NULL,               -- sealed: what was done, by whom, why
    PRIMARY KEY (organisation, request, id)
);

CREATE TABLE subject_letter (
    organisation BIGINT NOT NULL,
    request BIGINT NOT NULL,
    id BIGINT NOT NULL,
    made BIGINT NOT NULL,
    sent BIGINT NOT NULL,               -- 0: a draft
    detail BLOB NOT NULL,               -- sealed: kind, language, subject, text
    PRIMARY KEY (organisation, request, id)
);

-- Where in mailboxes the person of a request was found by the last search.
CREATE TABLE subject_mail (
    request BIGINT NOT NULL,
    account BIGINT NOT NULL,
    message BIGINT NOT NULL,
    roles BIGINT NOT NULL,              -- fields that name him: 1 author, 2 to, 4 copy, 8 hidden copy, 16 sender or address for answers
    PRIMARY KEY (request, account, message)
) WITHOUT ROWID;
CREATE INDEX subject_mail_account ON subject_mail (account);

-- Whose data rests and is used for nothing else (GDPR articles 18 and 21).
CREATE TABLE restriction (
    organisation BIGINT NOT NULL,
    name BLOB NOT NULL,                 -- keyed hash of the address, or of the account's number
    account BIGINT NOT NULL,            -- 0 for somebody outside
    request BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (organisation, name)
) WITHOUT ROWID;
CREATE INDEX restriction_account ON restriction (account);
CREATE INDEX restriction_request ON restriction (request);

CREATE TABLE consent (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    person BLOB NOT NULL,               -- keyed hash of the address
    given BIGINT NOT NULL,
    withdrawn BIGINT NOT NULL,          -- 0: it holds
    detail BLOB NOT NULL,               -- sealed: whose, for what, by which evidence
    PRIMARY KEY (organisation, id)
);
CREATE INDEX consent_person ON consent (organisation, person);

-- What an organisation says in its register of processing in place of what the program says, or beside it.
CREATE TABLE processing_part (
    organisation BIGINT NOT NULL,
    part TEXT NOT NULL,
    language TEXT NOT NULL,
    id BIGINT NOT NULL,
    detail BLOB NOT NULL,               -- sealed
    PRIMARY KEY (organisation, part, language)
) WITHOUT ROWID;
