-- What authorities said of certificates, and when directories were asked for those of partners.

-- Whether a certificate was revoked, as its authority last said. The same for all organisations: who asked is not told.
CREATE TABLE smime_status (
    name BLOB PRIMARY KEY,              -- keyed hash of the certificate and its issuer
    state TEXT NOT NULL,                -- good | revoked | silent
    until BIGINT NOT NULL               -- how long it is gone by; milliseconds since 1970
) WITHOUT ROWID;
CREATE INDEX smime_status_until ON smime_status (until);

-- Lists of revoked certificates that were fetched.
CREATE TABLE smime_list (
    name BLOB PRIMARY KEY,              -- keyed hash of its address and its issuer
    asked BIGINT NOT NULL,              -- milliseconds since 1970
    until BIGINT NOT NULL,              -- when the authority publishes the next one; milliseconds since 1970
    octets BIGINT NOT NULL,             -- its length
    detail BLOB NOT NULL                -- sealed under the region's key: the list
);
CREATE INDEX smime_list_until ON smime_list (until);

-- When an organisation's directories are asked again for the certificate of a partner.
CREATE TABLE smime_lookup (
    organisation BIGINT NOT NULL,
    name BLOB NOT NULL,                 -- keyed hash of the address
    until BIGINT NOT NULL,              -- milliseconds since 1970
    PRIMARY KEY (organisation, name)
) WITHOUT ROWID;
CREATE INDEX smime_lookup_until ON smime_lookup (until);
