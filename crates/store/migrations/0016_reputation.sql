-- How senders, domains, networks and links have behaved, by organisation. Faded up to the moment of the last change.

CREATE TABLE reputation (
    mark BIGINT NOT NULL,               -- hash under the region key
    organisation BIGINT NOT NULL,
    good BIGINT NOT NULL,               -- thousandths: mail that people answered or kept, or said to be honest
    bad BIGINT NOT NULL,                -- thousandths: mail that was found or said to be unwanted
    told BIGINT NOT NULL,               -- thousandths: of the bad ones, those that people told of
    seen BIGINT NOT NULL,               -- thousandths: mail that nothing was wrong with
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    PRIMARY KEY (mark, organisation)
) WITHOUT ROWID;
CREATE INDEX reputation_organisation ON reputation (organisation, at);
