-- How many sensitive requests of an account were refused in a minute. Beyond a few they are counted here and recorded no more.

CREATE TABLE access_refusal (
    organisation BIGINT NOT NULL,
    account BIGINT NOT NULL,
    minute BIGINT NOT NULL,             -- minutes since 1970
    refusals BIGINT NOT NULL,
    PRIMARY KEY (organisation, account, minute)
) WITHOUT ROWID;
CREATE INDEX access_refusal_minute ON access_refusal (organisation, minute);
