-- Second factors, and what is remembered of passwords and devices.

CREATE TABLE factor (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,                 -- sms | totp | passkey | hardware-key | ukey
    label BLOB NOT NULL,                -- sealed: what its owner calls it
    detail BLOB NOT NULL,               -- sealed: number, secret, credential or fingerprint
    mark BLOB NOT NULL,                 -- keyed hash of what no other account may enrol; empty where that is nothing
    step BIGINT NOT NULL,               -- TOTP: time step of the last code taken, so that none is taken twice
    created BIGINT NOT NULL,            -- milliseconds since 1970
    used BIGINT NOT NULL,               -- milliseconds since 1970; 0: never
    PRIMARY KEY (account, id)
);
CREATE INDEX factor_mark ON factor (mark);

-- Enrolments and sign-ins that are under way.
CREATE TABLE factor_challenge (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    purpose TEXT NOT NULL,              -- enrol | answer
    kind TEXT NOT NULL,
    detail BLOB NOT NULL,               -- sealed: what the answer is judged by
    tries BIGINT NOT NULL,              -- wrong answers that are still allowed
    expires BIGINT NOT NULL,            -- milliseconds since 1970
    PRIMARY KEY (account, id)
);
CREATE INDEX factor_challenge_expires ON factor_challenge (expires);

-- Wrong answers, so that somebody who has the password cannot try all codes.
CREATE TABLE factor_failure (
    account BIGINT NOT NULL,
    mark BLOB NOT NULL,                 -- of a known client; empty for all others together
    failures BIGINT NOT NULL,
    last BIGINT NOT NULL,               -- milliseconds since 1970
    PRIMARY KEY (account, mark)
);

CREATE TABLE recovery_code (
    account BIGINT NOT NULL,
    code BLOB NOT NULL,                 -- hash under the account's key
    created BIGINT NOT NULL,            -- milliseconds since 1970
    PRIMARY KEY (account, code)
);

-- Codes sent, for the limit of each telephone number.
CREATE TABLE sms_sent (
    number BLOB NOT NULL,               -- hash under the region key
    id BIGINT NOT NULL,
    sent BIGINT NOT NULL,               -- milliseconds since 1970
    PRIMARY KEY (number, id)
);
CREATE INDEX sms_sent_sent ON sms_sent (sent);

CREATE TABLE password_history (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    hash TEXT NOT NULL,                 -- Argon2id, PHC string
    replaced BIGINT NOT NULL,           -- milliseconds since 1970
    PRIMARY KEY (account, id)
);

-- Devices and clients that have signed in, which guessers elsewhere must not lock out.
CREATE TABLE known_client (
    account BIGINT NOT NULL,
    mark BLOB NOT NULL,                 -- hash under the region key, of a device token, or of network, protocol and agent
    seen BIGINT NOT NULL,               -- milliseconds since 1970
    PRIMARY KEY (account, mark)
);
CREATE INDEX known_client_seen ON known_client (seen);

-- Authorities of client certificates.
CREATE TABLE client_authority (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    certificate BLOB NOT NULL,          -- DER
    crl BLOB,                           -- DER; none: nothing is revoked
    created BIGINT NOT NULL,            -- milliseconds since 1970
    PRIMARY KEY (organisation, id)
);

-- Since when an organisation's level asks for a second factor.
CREATE TABLE factor_demand (
    organisation BIGINT PRIMARY KEY,
    since BIGINT NOT NULL               -- milliseconds since 1970
);
