-- Keys of other kinds than the log's own that sign its checkpoints too, and the lines that they gave.

CREATE TABLE audit_cosigner (
    kind TEXT PRIMARY KEY,              -- ml-dsa-44, sm2
    seed BLOB NOT NULL                  -- sealed under the region key
);

CREATE TABLE audit_cosigned (
    size BIGINT PRIMARY KEY,            -- records that the checkpoint is over
    at BIGINT NOT NULL,
    lines TEXT NOT NULL                 -- behind the checkpoint's note
);
