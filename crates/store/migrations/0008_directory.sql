-- Groups, who may do what with another's mailbox, programs with accounts, and which other directories speak for whom.

-- A group's address stands in `address` with kind 'group' and the group's identifier, so that no address is given twice.
CREATE TABLE mail_group (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    name TEXT NOT NULL,
    senders TEXT NOT NULL,              -- who may write to it: anyone | organisation | members | owners
    created BIGINT NOT NULL
);
CREATE INDEX mail_group_organisation ON mail_group (organisation, id);

CREATE TABLE group_member (
    group_id BIGINT NOT NULL,
    kind TEXT NOT NULL,                 -- account | group | outside
    target BIGINT NOT NULL,             -- the account or group; keyed hash of an outside address
    address BLOB NOT NULL,              -- outside address, sealed under the organisation's key; else empty
    PRIMARY KEY (group_id, kind, target)
) WITHOUT ROWID;
CREATE INDEX group_member_target ON group_member (kind, target);

CREATE TABLE group_owner (
    group_id BIGINT NOT NULL,
    account BIGINT NOT NULL,
    PRIMARY KEY (group_id, account)
) WITHOUT ROWID;
CREATE INDEX group_owner_account ON group_owner (account);

-- Messages to groups that have been sent on, so that a repeated attempt does not send them twice.
CREATE TABLE group_sent (
    delivery BLOB PRIMARY KEY,          -- hash of what names the delivery
    expires BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX group_sent_expires ON group_sent (expires);

CREATE TABLE delegation (
    account BIGINT NOT NULL,            -- whose mailbox
    delegate BIGINT NOT NULL,           -- account that may
    permission TEXT NOT NULL,           -- read | write | send-as | send-on-behalf
    mailbox BIGINT NOT NULL,            -- read and write: one mailbox; 0: all
    since BIGINT NOT NULL,              -- milliseconds since 1970
    until BIGINT NOT NULL,              -- milliseconds since 1970; 0: no end
    granted_by BIGINT NOT NULL,         -- account; 0: at the machine itself
    PRIMARY KEY (account, delegate, permission, mailbox)
) WITHOUT ROWID;
CREATE INDEX delegation_delegate ON delegation (delegate, account);

-- Mailboxes of others that an account is subscribed to; of its own the mailbox says so itself.
CREATE TABLE shared_subscription (
    account BIGINT NOT NULL,
    owner BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,
    PRIMARY KEY (account, owner, mailbox)
) WITHOUT ROWID;
CREATE INDEX shared_subscription_owner ON shared_subscription (owner, mailbox);

-- From where the account of a program may be used.
CREATE TABLE service_account (
    account BIGINT PRIMARY KEY,
    networks TEXT NOT NULL,             -- divided by spaces; empty: from anywhere
    purpose TEXT NOT NULL
);

-- Who in another directory an account or group is.
CREATE TABLE provisioned (
    source TEXT NOT NULL,               -- ldap:NAME | scim:NUMBER | oidc:NAME
    kind TEXT NOT NULL,                 -- person | group
    external TEXT NOT NULL,             -- its identifier there
    object BIGINT NOT NULL,             -- account or group
    state TEXT NOT NULL,                -- present | gone
    fingerprint BLOB NOT NULL,          -- hash of what was taken over last; empty before
    changed BIGINT NOT NULL,
    PRIMARY KEY (source, kind, external)
);
CREATE INDEX provisioned_object ON provisioned (object, source);

-- Clients of the provisioning interface (SCIM).
CREATE TABLE provision_client (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    name TEXT NOT NULL,
    token_hash BLOB NOT NULL,           -- SHA-256 of the random token
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,            -- 0: no end
    used BIGINT NOT NULL                -- 0: not yet
);
CREATE UNIQUE INDEX provision_client_token ON provision_client (token_hash);
CREATE UNIQUE INDEX provision_client_name ON provision_client (organisation, name);

-- Sign-ins under way at an outside provider (OpenID Connect); each row is used once.
CREATE TABLE outside_sign_in (
    state_hash BLOB PRIMARY KEY,        -- of the value that comes back with the browser
    expires BIGINT NOT NULL,
    detail BLOB NOT NULL                -- sealed under the region key: provider, nonce, code verifier, where to go on
) WITHOUT ROWID;
CREATE INDEX outside_sign_in_expires ON outside_sign_in (expires);
