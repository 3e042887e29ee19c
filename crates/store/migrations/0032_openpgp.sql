-- Keys of OpenPGP: those of accounts, and those that are known of correspondents.

CREATE TABLE pgp_key (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    state TEXT NOT NULL,                -- active | retired
    custody TEXT NOT NULL,              -- server | owner
    published BIGINT NOT NULL,          -- 1: the web key directory gives it
    created BIGINT NOT NULL,            -- milliseconds since 1970
    expires BIGINT NOT NULL,            -- likewise; 0 for never
    changed BIGINT NOT NULL,            -- another one with each change
    detail BLOB NOT NULL,               -- sealed: fingerprint, certificate
    private BLOB NOT NULL,              -- sealed: the private key; of a key in its owner's custody what he sealed himself, which may be empty
    PRIMARY KEY (account, id)
);
CREATE INDEX pgp_key_expires ON pgp_key (state, expires);

-- What the web key directory gives to everybody.
CREATE TABLE pgp_published (
    domain TEXT NOT NULL,               -- canonical
    name TEXT NOT NULL,                 -- of the local part
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    certificate BLOB NOT NULL,          -- packets
    PRIMARY KEY (domain, name)
) WITHOUT ROWID;
CREATE INDEX pgp_published_account ON pgp_published (account);

CREATE TABLE pgp_partner (
    organisation BIGINT NOT NULL,
    address BLOB NOT NULL,              -- keyed hash
    fingerprint BLOB NOT NULL,          -- keyed hash
    state TEXT NOT NULL,                -- current | waiting | old
    origin TEXT NOT NULL,               -- autocrypt | wkd | given
    verified BIGINT NOT NULL,           -- 1: somebody has compared the fingerprint
    first_seen BIGINT NOT NULL,         -- milliseconds since 1970
    last_seen BIGINT NOT NULL,          -- likewise
    id BIGINT NOT NULL,                 -- another one with each change
    detail BLOB NOT NULL,               -- sealed: address, fingerprint, certificate, wish
    PRIMARY KEY (organisation, address, fingerprint)
) WITHOUT ROWID;

-- When the directories of correspondents were asked last.
CREATE TABLE pgp_lookup (
    organisation BIGINT NOT NULL,
    address BLOB NOT NULL,              -- keyed hash
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    PRIMARY KEY (organisation, address)
) WITHOUT ROWID;
