-- Regions: which others there are, whose home is in one of them, what may cross into them, what has crossed.

-- Regions beside our own.
CREATE TABLE region (
    name TEXT PRIMARY KEY,
    country TEXT NOT NULL,              -- ISO 3166-1, two letters
    server TEXT NOT NULL                -- takes mail for those whose home is there: host or host:port; '' for a region of partners
);

-- Addresses and domains whose home is in another region. Nothing else of them is here.
CREATE TABLE region_home (
    name TEXT PRIMARY KEY,              -- canonical address or domain
    organisation BIGINT NOT NULL,
    region TEXT NOT NULL
);
CREATE INDEX region_home_region ON region_home (region);

-- Where a person works who is not in the country of our region.
CREATE TABLE account_place (
    account BIGINT PRIMARY KEY,
    country TEXT NOT NULL
);

-- What may cross, by organisation.
CREATE TABLE crossing_rule (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    detail BLOB NOT NULL,               -- sealed under the organisation's key
    PRIMARY KEY (organisation, id)
);

-- The register of transfers: what has crossed, and what was not let cross.
CREATE TABLE transfer (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    subject BLOB NOT NULL,              -- keyed hash of what crossed and where to, so that a second try is no second entry
    detail BLOB NOT NULL,               -- sealed under the organisation's key
    PRIMARY KEY (organisation, id)
);
CREATE UNIQUE INDEX transfer_subject ON transfer (organisation, subject);
CREATE INDEX transfer_at ON transfer (organisation, at);
