-- How full an account was when its owner was last told.

CREATE TABLE quota_told (
    account BIGINT PRIMARY KEY,
    percent BIGINT NOT NULL,            -- 80, 95 or 100
    at BIGINT NOT NULL                  -- milliseconds since 1970
);
