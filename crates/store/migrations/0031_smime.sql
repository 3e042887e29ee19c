-- Keys and certificates of S/MIME.

-- Keys of accounts with their certificates.
CREATE TABLE smime_key (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    created BIGINT NOT NULL,            -- milliseconds since 1970
    detail BLOB NOT NULL,               -- sealed under the account's key: key, certificate and chain
    PRIMARY KEY (account, id)
);

-- Certificates of partners, of authorities that an organisation trusts, and lists of what these have revoked.
CREATE TABLE smime_certificate (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,                 -- root | partner | learned | list
    name BLOB NOT NULL,                 -- keyed hash: the partner's address, or a fingerprint
    created BIGINT NOT NULL,            -- milliseconds since 1970
    detail BLOB NOT NULL,               -- sealed under the organisation's key: certificate or list, what its owner's program reads
    PRIMARY KEY (organisation, id)
);
CREATE UNIQUE INDEX smime_certificate_name ON smime_certificate (organisation, kind, name);

-- The organisation's own authority.
CREATE TABLE smime_authority (
    organisation BIGINT PRIMARY KEY,
    created BIGINT NOT NULL,            -- milliseconds since 1970
    detail BLOB NOT NULL                -- sealed under the organisation's key: certificate and key
);
