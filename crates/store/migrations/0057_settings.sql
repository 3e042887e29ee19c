-- Settings that were changed while the server ran, in place of their defaults. Versions are added and never changed.

CREATE TABLE setting_version (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,                 -- section.name, as in the file
    version BIGINT NOT NULL,            -- 1, 2, ... of each setting
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    changed_by BIGINT NOT NULL,         -- account; 0: at the machine itself
    detail BLOB NOT NULL                -- sealed under the region's key: value, the one before, why
);
CREATE UNIQUE INDEX setting_version_of ON setting_version (name, version);

-- The newest version of each setting that was ever changed.
CREATE TABLE setting_newest (
    name TEXT PRIMARY KEY,
    id BIGINT NOT NULL
);

-- One row, which whoever changes a setting takes first.
CREATE TABLE setting_revision (
    one BIGINT PRIMARY KEY,             -- 1
    revision BIGINT NOT NULL            -- another with each change
);

-- What each node has taken up, and what its file sets.
CREATE TABLE setting_node (
    node BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    detail TEXT NOT NULL                -- JSON: names of settings that its file sets, that wait for a restart, that cannot hold
);
