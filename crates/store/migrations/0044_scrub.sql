-- The walk over all content that looks whether it is whole, and what it found damaged.

CREATE TABLE scrub (
    id BIGINT PRIMARY KEY,              -- 1
    begun BIGINT NOT NULL,              -- milliseconds since 1970
    finished BIGINT NOT NULL,           -- likewise; 0: it is under way
    step BIGINT NOT NULL,               -- what is walked over now
    after_owner BIGINT NOT NULL,        -- what was looked at last
    after_id BIGINT NOT NULL,
    blobs BIGINT NOT NULL,              -- looked at
    bytes BIGINT NOT NULL
);

CREATE TABLE damaged_blob (
    id BIGINT PRIMARY KEY,              -- of the blob
    found BIGINT NOT NULL,              -- milliseconds since 1970
    told BIGINT NOT NULL                -- 1: administrators were told that no backup has it
);
