-- Contacts of people: address books and the cards in them.

CREATE TABLE contact_item (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,                 -- 0: the address book that every account has
    kind TEXT NOT NULL,                 -- book | card
    content BLOB NOT NULL,              -- sealed: its properties; empty once it is gone
    is_gone BIGINT NOT NULL DEFAULT 0,
    created_modseq BIGINT NOT NULL,
    changed_modseq BIGINT NOT NULL,
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE INDEX contact_item_changed ON contact_item (account, kind, changed_modseq);
