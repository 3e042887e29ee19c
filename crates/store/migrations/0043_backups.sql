-- What became of the backups, by repository, so that whoever must know is told once of each change.

CREATE TABLE backup_standing (
    location TEXT PRIMARY KEY,
    good BIGINT NOT NULL,               -- moment that the last good backup shows; 0: there was none
    bytes BIGINT NOT NULL,              -- what it brings back
    added_bytes BIGINT NOT NULL,        -- what it added to the repository
    tried BIGINT NOT NULL,              -- when one was tried first
    failing_since BIGINT NOT NULL,      -- 0: the last one succeeded
    failure TEXT NOT NULL,              -- why it failed, or ''
    told TEXT NOT NULL                  -- what was told last: good | failing | late
);
