-- How many messages of an organisation were sent, redacted, to a language model outside, and to which region.

CREATE TABLE opinion_day (
    organisation BIGINT NOT NULL,
    day BIGINT NOT NULL,                -- since 1970, UTC
    region TEXT NOT NULL,
    asked BIGINT NOT NULL,
    PRIMARY KEY (organisation, day, region)
) WITHOUT ROWID;
