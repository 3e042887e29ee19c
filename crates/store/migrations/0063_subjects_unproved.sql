-- Requests that strangers leave on the public page, until the link that is mailed to their address has shown that it is theirs.

CREATE TABLE subject_unproved (
    token BLOB PRIMARY KEY,             -- hash of what the link holds
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    person BLOB NOT NULL,               -- keyed hash of the address
    made BIGINT NOT NULL,               -- milliseconds since 1970
    expires BIGINT NOT NULL,
    detail BLOB NOT NULL                -- sealed under the organisation's key: what is asked for, by whom
) WITHOUT ROWID;
CREATE INDEX subject_unproved_person ON subject_unproved (organisation, person, made);
CREATE INDEX subject_unproved_expires ON subject_unproved (expires);
