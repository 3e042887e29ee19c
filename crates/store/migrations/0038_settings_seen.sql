-- With which settings each node ran last: that a file was changed is a record of the audit log.

CREATE TABLE settings_seen (
    node BIGINT PRIMARY KEY,
    content TEXT NOT NULL               -- JSON: a keyed hash for the name of each setting
);
