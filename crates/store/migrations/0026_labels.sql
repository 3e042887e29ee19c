-- Labels: names and colours that people give to keywords of their messages.

CREATE TABLE label (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    keyword TEXT NOT NULL,              -- what its messages have; empty once it is gone and no message has it
    name BLOB NOT NULL,                 -- sealed; empty once it is gone
    color TEXT NOT NULL,
    sort_order BIGINT NOT NULL,
    is_gone BIGINT NOT NULL DEFAULT 0,
    created_modseq BIGINT NOT NULL,
    changed_modseq BIGINT NOT NULL,
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE INDEX label_changed ON label (account, changed_modseq);
CREATE INDEX label_gone ON label (is_gone, keyword);
