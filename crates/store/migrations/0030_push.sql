-- Clients that are told of changes through a push service, and the key that we are known by there.

CREATE TABLE push_subscription (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    expires BIGINT NOT NULL,            -- milliseconds since 1970
    detail BLOB NOT NULL,               -- sealed: device, address, keys, code, types, what was told, the sign-in that it stands on
    PRIMARY KEY (account, id)
);
CREATE INDEX push_subscription_expires ON push_subscription (expires);

CREATE TABLE push_key (
    id BIGINT PRIMARY KEY,              -- 1: there is one
    secret BLOB NOT NULL                -- sealed under the region's key: PKCS#8
);
