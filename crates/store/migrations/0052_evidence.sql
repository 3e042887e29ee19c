-- Evidence: how each check came out, what was seen of the world, and how much went by in each hour. Nobody is named.

-- The last look of each check.
CREATE TABLE evidence_outcome (
    organisation BIGINT NOT NULL,       -- 0: of the installation, or of all organisations together
    name TEXT NOT NULL,                 -- of the check
    state TEXT NOT NULL,                -- passed | failed | needs-a-person
    since BIGINT NOT NULL,              -- from when on it has come out so; milliseconds since 1970
    at BIGINT NOT NULL,                 -- of the look; likewise
    detail TEXT NOT NULL,               -- JSON: figures and reasons
    PRIMARY KEY (organisation, name)
) WITHOUT ROWID;

-- How it came out before: a row for each change.
CREATE TABLE evidence_change (
    organisation BIGINT NOT NULL,
    name TEXT NOT NULL,
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (organisation, name, at)
) WITHOUT ROWID;
CREATE INDEX evidence_change_at ON evidence_change (at);

-- What was seen outside the store: DNS records, the clock, files of keys.
CREATE TABLE evidence_sight (
    kind TEXT NOT NULL,
    object TEXT NOT NULL,               -- a name in DNS, a file, an address
    state TEXT NOT NULL,                -- sound | wrong | unknown
    found TEXT NOT NULL,
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    PRIMARY KEY (kind, object)
) WITHOUT ROWID;

-- Mail and sign-ins by the hour, summed up from their rows once.
CREATE TABLE evidence_hour (
    organisation BIGINT NOT NULL,       -- 0: of names that are nobody's
    hour BIGINT NOT NULL,               -- since 1970
    figure TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (organisation, hour, figure)
) WITHOUT ROWID;
CREATE INDEX evidence_hour_hour ON evidence_hour (hour);

-- Up to when that is done.
CREATE TABLE evidence_summed (
    id BIGINT PRIMARY KEY,              -- 1
    until BIGINT NOT NULL               -- milliseconds since 1970
);
