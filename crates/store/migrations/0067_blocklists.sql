-- Our own addresses and domains on blocklists in DNS.

CREATE TABLE blocklist_listing (
    list TEXT NOT NULL,                 -- zone of the list
    object TEXT NOT NULL,               -- address or domain of ours
    since BIGINT NOT NULL,              -- when it was first seen there, in milliseconds since 1970
    seen BIGINT NOT NULL,               -- when it was last seen there
    gone BIGINT NOT NULL,               -- when it was first seen to be gone; 0 while it stands there
    told BIGINT NOT NULL,               -- 0: the letters on how it stands wait | 1: posted
    codes TEXT NOT NULL,                -- what the list answers
    said TEXT NOT NULL,                 -- what it says of that
    PRIMARY KEY (list, object)
);

-- The last look: one row.
CREATE TABLE blocklist_look (
    id BIGINT PRIMARY KEY,              -- 1
    begun BIGINT NOT NULL,              -- when a node took it upon itself
    done BIGINT NOT NULL,               -- when one was through last; 0 for never
    detail TEXT NOT NULL                -- JSON: how each list answered, how much was asked
);
