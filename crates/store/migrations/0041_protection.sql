-- What must protect messages to partners, and how the last ones went.

-- Rules of organisations: mail to this partner must be protected by one of these, or it does not go.
CREATE TABLE partner_demand (
    organisation BIGINT NOT NULL,
    name BLOB NOT NULL,                 -- keyed hash of the partner's domain or address
    id BIGINT NOT NULL,
    detail BLOB NOT NULL,               -- sealed under the organisation's key: partner, ways, when it was set
    PRIMARY KEY (organisation, name)
);

-- How the connection of the last message to another domain was protected.
CREATE TABLE delivery_seen (
    domain BLOB PRIMARY KEY,            -- keyed hash
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    detail BLOB NOT NULL                -- sealed under the region key: server, TLS, who vouched for it
);
CREATE INDEX delivery_seen_at ON delivery_seen (at);
