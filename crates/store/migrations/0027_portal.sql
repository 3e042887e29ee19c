-- Deliveries for partners: ciphertext that the sender's browser made, and what is needed to hand it out. Names, addresses, wrapped keys and
-- telephone numbers rest sealed under the account's key. The server has no key to the content.

CREATE TABLE portal_delivery (
    account BIGINT NOT NULL,            -- of the sender
    id BIGINT NOT NULL,
    name BLOB NOT NULL,                 -- keyed hash of the name in links
    state TEXT NOT NULL,                -- draft | open | revoked
    created BIGINT NOT NULL,            -- milliseconds since 1970
    expires BIGINT NOT NULL,            -- likewise; of a draft, until when it may be finished
    openings BIGINT NOT NULL,           -- how often it was opened
    openings_max BIGINT NOT NULL,
    opened BIGINT NOT NULL,             -- last time; 0: never
    wrong BIGINT NOT NULL,              -- wrong proofs and codes since it was sent or extended
    bytes BIGINT NOT NULL,              -- of its chunks, those of replies included
    detail BLOB NOT NULL,               -- sealed: name, recipient, lock, wrapped keys, parts
    code BLOB,                          -- sealed: digest of the code that was sent, its time, wrong tries
    PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX portal_delivery_name ON portal_delivery (name);
CREATE INDEX portal_delivery_expires ON portal_delivery (expires);

CREATE TABLE portal_reply (
    account BIGINT NOT NULL,
    delivery BIGINT NOT NULL,
    id BIGINT NOT NULL,
    state TEXT NOT NULL,                -- draft | sent
    created BIGINT NOT NULL,            -- milliseconds since 1970
    detail BLOB NOT NULL,               -- sealed: the partner's key for it, the wrapped key, parts
    PRIMARY KEY (account, delivery, id)
);

CREATE TABLE portal_chunk (
    account BIGINT NOT NULL,
    delivery BIGINT NOT NULL,
    reply BIGINT NOT NULL,              -- 0: of the delivery itself
    part BIGINT NOT NULL,               -- 0: the message; from 1 on its files
    number BIGINT NOT NULL,
    blob BIGINT NOT NULL,
    key_wrapped BLOB NOT NULL,          -- under the account's key
    size BIGINT NOT NULL,               -- of the ciphertext
    PRIMARY KEY (account, delivery, reply, part, number)
);
CREATE INDEX portal_chunk_blob ON portal_chunk (blob);
