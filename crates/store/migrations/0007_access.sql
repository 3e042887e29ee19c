-- Who may do what beyond the job role, what waits for a second person, who may read another's mail for a while, and what was decided.
-- Reasons and requests rest sealed under the organisation's key.

CREATE TABLE role_given (
    account BIGINT NOT NULL,
    role TEXT NOT NULL,                 -- a shipped role's word, or custom:NUMBER
    given_by BIGINT NOT NULL,           -- account; 0: at the machine itself
    created BIGINT NOT NULL,            -- milliseconds since 1970
    PRIMARY KEY (account, role)
) WITHOUT ROWID;
CREATE INDEX role_given_role ON role_given (role);

CREATE TABLE custom_role (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    rights TEXT NOT NULL,               -- one a line: effect action scope
    created BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);
CREATE UNIQUE INDEX custom_role_name ON custom_role (organisation, name);

-- People who hold duties that are else kept apart, which the organisation knows of.
CREATE TABLE duty_exception (
    organisation BIGINT NOT NULL,
    account BIGINT NOT NULL,
    detail BLOB NOT NULL,               -- sealed: why
    given_by BIGINT NOT NULL,           -- account; 0: at the machine itself
    created BIGINT NOT NULL,
    PRIMARY KEY (organisation, account)
);

-- Where the organisation departs from its level in asking for a second person.
CREATE TABLE approval_rule (
    organisation BIGINT NOT NULL,
    action TEXT NOT NULL,
    wanted BIGINT NOT NULL,             -- 0 | 1
    PRIMARY KEY (organisation, action)
) WITHOUT ROWID;

CREATE TABLE access_grant (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    owner BIGINT NOT NULL,              -- whose mail
    asker BIGINT NOT NULL,              -- who reads it
    decided_by BIGINT NOT NULL,         -- the second person; 0: nobody yet
    state TEXT NOT NULL,                -- asked | approved | refused | revoked
    detail BLOB NOT NULL,               -- sealed: reason, which mail, legal hold
    asked BIGINT NOT NULL,              -- milliseconds since 1970
    starts BIGINT NOT NULL,             -- 0: not approved
    ends BIGINT NOT NULL,               -- of an open request: when nobody can approve it any more
    held BIGINT NOT NULL,               -- 1: a legal hold keeps the owner from being told
    told BIGINT NOT NULL,               -- when the owner was told; 0: not yet
    PRIMARY KEY (organisation, id)
);
CREATE INDEX access_grant_asker ON access_grant (asker, owner);
CREATE INDEX access_grant_owner ON access_grant (owner);
CREATE INDEX access_grant_told ON access_grant (told, ends);

CREATE TABLE approval (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    asker BIGINT NOT NULL,
    decided_by BIGINT NOT NULL,         -- the second person; 0: nobody yet
    action TEXT NOT NULL,
    state TEXT NOT NULL,                -- waiting | approved | refused | done | failed
    detail BLOB NOT NULL,               -- sealed: the request, and what came of it
    created BIGINT NOT NULL,            -- milliseconds since 1970
    expires BIGINT NOT NULL,
    PRIMARY KEY (organisation, id)
);
CREATE INDEX approval_asker ON approval (asker);
CREATE INDEX approval_expires ON approval (expires);

-- Rows are added and never changed.
CREATE TABLE access_event (
    organisation BIGINT NOT NULL,       -- 0: of the installation
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    account BIGINT NOT NULL,            -- who; 0: the operator
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail BLOB NOT NULL,               -- sealed under the organisation's or the region's key: what on, from where, by which row
    PRIMARY KEY (organisation, id)
);
CREATE INDEX access_event_at ON access_event (organisation, at);
