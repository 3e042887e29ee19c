-- Pictures that people have reported, found again by what they look like.

CREATE TABLE mail_picture (
    organisation BIGINT NOT NULL,
    band BIGINT NOT NULL,               -- keyed hash of a part of the picture's bits
    mark BIGINT NOT NULL,               -- what votes name it by: keyed hash of all of them
    at BIGINT NOT NULL,                 -- of the first report, milliseconds since 1970
    bits BLOB NOT NULL,                 -- sealed: all of them
    PRIMARY KEY (organisation, band, mark)
) WITHOUT ROWID;
CREATE INDEX mail_picture_at ON mail_picture (at);
