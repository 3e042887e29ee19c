-- Rules on how long mail stays.

CREATE TABLE retention_rule (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    last_run BIGINT NOT NULL,           -- when it was last through all accounts; 0: never
    at_account BIGINT NOT NULL,         -- the last account that the run under way has done; 0: none
    detail BLOB NOT NULL,               -- sealed: the rule
    PRIMARY KEY (organisation, id)
);
