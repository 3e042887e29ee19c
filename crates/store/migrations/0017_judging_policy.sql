-- Where an organisation departs from its protection level in what becomes of judged mail. Rows are ended, never changed.

CREATE TABLE judging_policy (
    organisation BIGINT NOT NULL,
    id BIGINT NOT NULL,
    setting TEXT NOT NULL,              -- warn | junk | quarantine | refuse | unjudged
    at BIGINT NOT NULL,                 -- milliseconds since 1970
    ended BIGINT NOT NULL,              -- 0: in force
    changed_by BIGINT NOT NULL,         -- account; 0: at the machine itself
    detail BLOB NOT NULL,               -- sealed: value, level at which it was lowered, why
    PRIMARY KEY (organisation, id)
);
CREATE INDEX judging_policy_setting ON judging_policy (organisation, ended);
