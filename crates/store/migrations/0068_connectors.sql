-- By which servers mail leaves, and who may hand mail in, as data beside the settings' routes.

CREATE TABLE connector (
    id BIGINT PRIMARY KEY,
    position BIGINT NOT NULL,           -- the lowest is tried first
    detail BLOB NOT NULL                -- sealed under the region's key: name, way, password
);

-- One row, which whoever changes a connector raises: by it running servers see that they have to look.
CREATE TABLE connector_revision (
    one BIGINT PRIMARY KEY,             -- 1
    revision BIGINT NOT NULL
);
