-- Complaints in the abuse reporting format (RFC 5965), and by what is known that a reported message is one of ours.

CREATE TABLE sent_message (
    organisation BIGINT NOT NULL,
    message BIGINT NOT NULL,            -- keyed hash of its Message-ID
    account BIGINT NOT NULL,            -- who sent it
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    PRIMARY KEY (organisation, message)
) WITHOUT ROWID;
CREATE INDEX sent_message_at ON sent_message (at);
CREATE INDEX sent_message_account ON sent_message (account);

CREATE TABLE complaint (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    direction TEXT NOT NULL,            -- in: of others, to us | out: ours, to others
    origin BIGINT NOT NULL,             -- keyed hash of the report's own Message-ID or of the one that we made; each is kept once
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    account BIGINT NOT NULL,            -- in: who sent the message, 0 if it is none of ours; out: who complains, 0 for the operator
    told BIGINT NOT NULL,               -- of one of ours, when the administrators were told; 0: not yet
    detail BLOB NOT NULL                -- sealed
);
CREATE UNIQUE INDEX complaint_origin ON complaint (organisation, origin);
CREATE INDEX complaint_organisation ON complaint (organisation, direction, at);
CREATE INDEX complaint_account ON complaint (account);
CREATE INDEX complaint_told ON complaint (told, at);
