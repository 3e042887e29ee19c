-- What people sign in with beside their password, and what goes on after it: app passwords, web sessions, OAuth. Secrets that we
-- make are random and long, so a keyed hash of each is enough to find and to check it; none rests here itself.

-- Grows when everything that somebody is signed in with ends at once; what began under an earlier number is over.
ALTER TABLE account ADD COLUMN sign_in_epoch BIGINT NOT NULL DEFAULT 0;

CREATE TABLE app_password (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    secret BLOB NOT NULL,               -- keyed hash
    scram BLOB NOT NULL,                -- sealed SCRAM-SHA-256 keys
    scope TEXT NOT NULL,                -- protocols, divided by spaces
    detail BLOB NOT NULL,               -- sealed: label, and from where it was last used
    created BIGINT NOT NULL,            -- milliseconds since 1970
    used BIGINT NOT NULL,               -- milliseconds since 1970; 0: never
    expires BIGINT NOT NULL,            -- milliseconds since 1970; 0: never
    PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX app_password_secret ON app_password (account, secret);

CREATE TABLE session (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    token BLOB NOT NULL,                -- keyed hash
    token_before BLOB NOT NULL,         -- keyed hash of the one before the last change, or empty
    rotated BIGINT NOT NULL,            -- when the token was changed last
    stage TEXT NOT NULL,                -- factor | enrol | whole
    tries BIGINT NOT NULL,              -- failed answers to a challenge
    agent BLOB NOT NULL,                -- keyed hash of what the browser calls itself, without versions
    detail BLOB NOT NULL,               -- sealed: browser and address
    strong_at BIGINT NOT NULL,          -- when a second factor was shown last; 0: never
    created BIGINT NOT NULL,            -- milliseconds since 1970
    seen BIGINT NOT NULL,               -- about
    expires BIGINT NOT NULL,            -- at the latest
    PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX session_token ON session (token);
CREATE INDEX session_token_before ON session (token_before);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE oauth_client (
    id TEXT PRIMARY KEY,
    organisation BIGINT NOT NULL,       -- whose people may use it
    name TEXT NOT NULL,
    secret BLOB NOT NULL,               -- keyed hash; empty for a public client
    redirects TEXT NOT NULL,            -- one a line
    scope TEXT NOT NULL,                -- what it may ask for, divided by spaces
    created BIGINT NOT NULL
);
CREATE INDEX oauth_client_organisation ON oauth_client (organisation);

-- What somebody has allowed a client to do; its tokens live and die with it.
CREATE TABLE oauth_grant (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    client TEXT NOT NULL,
    scope TEXT NOT NULL,
    detail BLOB NOT NULL,               -- sealed: from where it was given and last used
    strong_at BIGINT NOT NULL,          -- when a second factor was shown last before it was given; 0: never
    signed_in BIGINT NOT NULL,          -- when the person had signed in
    created BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (account, id)
);
CREATE INDEX oauth_grant_client ON oauth_grant (client);

CREATE TABLE oauth_token (
    token BLOB PRIMARY KEY,             -- keyed hash
    kind TEXT NOT NULL,                 -- code | access | refresh
    account BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    detail BLOB NOT NULL,               -- sealed, of a code: redirect URI, PKCE challenge, nonce
    used BIGINT NOT NULL,               -- of codes and refresh tokens, which are good once; 0: not yet
    expires BIGINT NOT NULL
);
CREATE INDEX oauth_token_grant ON oauth_token (account, grant_id);
CREATE INDEX oauth_token_expires ON oauth_token (expires);

-- Devices without browser that wait for a person to allow them (RFC 8628).
CREATE TABLE oauth_device (
    device BLOB PRIMARY KEY,            -- keyed hash of the device code
    user_code BLOB NOT NULL,            -- keyed hash
    client TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT NOT NULL,                -- waiting | allowed | denied
    account BIGINT NOT NULL,            -- who allowed it; 0: nobody yet
    grant_id BIGINT NOT NULL,
    polled BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE UNIQUE INDEX oauth_device_user_code ON oauth_device (user_code);
CREATE INDEX oauth_device_account ON oauth_device (account);
CREATE INDEX oauth_device_expires ON oauth_device (expires);

-- Keys that identity tokens are signed with.
CREATE TABLE oauth_key (
    id TEXT PRIMARY KEY,
    secret BLOB NOT NULL,               -- PKCS#8, sealed under the region key
    public BLOB NOT NULL,               -- the point, uncompressed
    created BIGINT NOT NULL,
    retires BIGINT NOT NULL             -- signs no more from then on; told for a while longer
);
