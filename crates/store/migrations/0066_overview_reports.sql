-- Who gets the overview as a report, and how often.

CREATE TABLE overview_report (
    id BIGINT PRIMARY KEY,
    organisation BIGINT NOT NULL,
    due BIGINT NOT NULL,                -- when it is sent next, in milliseconds since 1970; who sends it moves this on first
    detail BLOB NOT NULL                -- sealed under the organisation's key: name, rhythm, hour, zone, recipients, what was sent last
);
CREATE INDEX overview_report_due ON overview_report (due);
CREATE INDEX overview_report_organisation ON overview_report (organisation);
