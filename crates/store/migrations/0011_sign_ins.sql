-- Sign-in watch: attempts to sign in, and how often each account and everybody have shown what. Who came from where with what rests
-- sealed or as keyed hashes, under the account's key where there is an account, else under the region's.

CREATE TABLE sign_in_event (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,       -- 0: the name is nobody's here
    account BIGINT NOT NULL,            -- 0: likewise
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    outcome TEXT NOT NULL,              -- accepted | wrong | disabled | factor-needed | refused | frozen | throttled
    answer TEXT NOT NULL,               -- of the watch: pass | tell | demand | refuse | freeze; '' where it was not asked
    said TEXT NOT NULL,                 -- by the person: '' | mine | not-mine
    login BLOB NOT NULL,                -- hash of the name that was given
    network BLOB NOT NULL,              -- hash of the network that it came from
    fresh BIGINT NOT NULL,              -- 1: first sign-in from this network of an account known from elsewhere
    told BIGINT NOT NULL,               -- 0: nobody is to be told | 1: waits for its letters | 2: they are posted
    detail BLOB NOT NULL                -- sealed: address, place, client, device, score, findings
);
CREATE INDEX sign_in_event_account ON sign_in_event (account, at);
CREATE INDEX sign_in_event_organisation ON sign_in_event (organisation, at);
CREATE INDEX sign_in_event_network ON sign_in_event (network, at);
CREATE INDEX sign_in_event_told ON sign_in_event (told, at);

CREATE TABLE sign_in_feature (
    account BIGINT NOT NULL,            -- 0: everybody
    feature BLOB NOT NULL,              -- hash of kind and value
    kind BIGINT NOT NULL,
    seen BIGINT NOT NULL,               -- sign-ins with this value
    last BIGINT NOT NULL,               -- milliseconds since 1970
    PRIMARY KEY (account, feature)
) WITHOUT ROWID;
CREATE INDEX sign_in_feature_last ON sign_in_feature (last);

CREATE TABLE sign_in_profile (
    account BIGINT PRIMARY KEY,         -- 0: everybody
    detail BLOB NOT NULL                -- sealed: totals of each kind, countries, where the person was last
);

CREATE TABLE sign_in_review (
    organisation BIGINT NOT NULL,
    kind TEXT NOT NULL,                 -- sign-ins | access
    period TEXT NOT NULL,               -- 2026-11 | 2026-Q4
    made BIGINT NOT NULL,               -- milliseconds since 1970
    PRIMARY KEY (organisation, kind, period)
);
