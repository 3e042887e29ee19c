-- What JMAP keeps.

-- Clients that show one message of each thread must hear which thread a message was of that is gone. 0: gone before this was kept,
-- or no message.
ALTER TABLE destroyed ADD COLUMN thread BIGINT NOT NULL DEFAULT 0;

-- Where clients show a mailbox among others (RFC 8621 section 2); -1: by what it is for.
ALTER TABLE mailbox ADD COLUMN sort_order BIGINT NOT NULL DEFAULT -1;
