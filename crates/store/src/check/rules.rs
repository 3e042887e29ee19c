//! Invariants between rows, as queries for what breaks them.

/// An invariant: the query finds what breaks it, as two numbers that name the object; at most as many as are told.
pub(super) struct Rule {
    /// What is wrong where the rule is broken.
    pub(super) says: &'static str,
    /// Kind of the object that the numbers name.
    pub(super) kind: &'static str,
    pub(super) query: &'static str,
}

/// What must hold between the rows.
pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "counters of the mailbox differ from its messages",
        kind: "mailbox",
        query: "SELECT m.account, m.id FROM mailbox m LEFT JOIN (
                    SELECT account, mailbox, COUNT(*) AS total, SUM(CASE WHEN flags & 1 = 0 THEN 1 ELSE 0 END) AS unseen,
                        SUM(CASE WHEN flags & 8 = 8 THEN 1 ELSE 0 END) AS deleted, SUM(size) AS bytes,
                        MAX(uid) AS uid, MAX(modseq) AS modseq
                    FROM mailbox_message GROUP BY account, mailbox
                ) c ON c.account = m.account AND c.mailbox = m.id
                WHERE m.total <> COALESCE(c.total, 0) OR m.unseen <> COALESCE(c.unseen, 0)
                    OR m.deleted <> COALESCE(c.deleted, 0) OR m.bytes <> COALESCE(c.bytes, 0)
                    OR m.uidnext <= COALESCE(c.uid, 0) OR m.highestmodseq < COALESCE(c.modseq, 0) LIMIT 20",
    },
    Rule {
        says: "counters of the account differ from its messages",
        kind: "account",
        query: "SELECT a.id, a.id FROM account a LEFT JOIN (
                    SELECT account, COUNT(*) AS messages, SUM(size) AS bytes FROM message GROUP BY account
                ) c ON c.account = a.id
                WHERE a.messages <> COALESCE(c.messages, 0) OR a.bytes <> COALESCE(c.bytes, 0) LIMIT 20",
    },
    Rule {
        says: "a mailbox has a later modseq than its account",
        kind: "mailbox",
        query: "SELECT m.account, m.id FROM mailbox m JOIN account a ON a.id = m.account
                WHERE m.highestmodseq > a.modseq LIMIT 20",
    },
    Rule {
        says: "the mailbox lists a message that is not there",
        kind: "mailbox",
        query: "SELECT c.account, c.mailbox FROM mailbox_message c
                LEFT JOIN message m ON m.account = c.account AND m.id = c.message WHERE m.id IS NULL LIMIT 20",
    },
    Rule {
        says: "messages lie in a mailbox that is not there",
        kind: "mailbox",
        query: "SELECT c.account, c.mailbox FROM mailbox_message c
                LEFT JOIN mailbox m ON m.account = c.account AND m.id = c.mailbox WHERE m.id IS NULL LIMIT 20",
    },
    Rule {
        says: "the message's size or date in the mailbox is another than its own",
        kind: "message",
        query: "SELECT c.account, c.message FROM mailbox_message c
                JOIN message m ON m.account = c.account AND m.id = c.message
                WHERE m.size <> c.size OR m.received <> c.received LIMIT 20",
    },
    Rule {
        says: "the message's number of copies is wrong",
        kind: "message",
        query: "SELECT m.account, m.id FROM message m LEFT JOIN (
                    SELECT account, message, COUNT(*) AS copies FROM mailbox_message GROUP BY account, message
                ) c ON c.account = m.account AND c.message = m.id WHERE m.copies <> COALESCE(c.copies, 0) LIMIT 20",
    },
    Rule {
        says: "the message's content is missing",
        kind: "message",
        query: "SELECT m.account, m.id FROM message m LEFT JOIN blob b ON b.id = m.blob WHERE b.id IS NULL LIMIT 20",
    },
    Rule {
        says: "the message belongs to an account that is not there",
        kind: "message",
        query: "SELECT m.account, m.id FROM message m LEFT JOIN account a ON a.id = m.account WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "mail of an account that is not there is forwarded",
        kind: "account",
        query: "SELECT f.account, f.account FROM forward f LEFT JOIN account a ON a.id = f.account
                WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "the queued message's content is missing",
        kind: "queued message",
        query: "SELECT q.id, q.id FROM queue_message q LEFT JOIN blob b ON b.id = q.blob WHERE b.id IS NULL LIMIT 20",
    },
    Rule {
        says: "the queued message has no recipients",
        kind: "queued message",
        query: "SELECT q.id, q.id FROM queue_message q LEFT JOIN queue_recipient r ON r.message = q.id
                WHERE r.message IS NULL LIMIT 20",
    },
    Rule {
        says: "recipients wait for a message that is not in the queue",
        kind: "queued message",
        query: "SELECT r.message, r.number FROM queue_recipient r LEFT JOIN queue_message q ON q.id = r.message
                WHERE q.id IS NULL LIMIT 20",
    },
    Rule {
        says: "the content's number of references is wrong",
        kind: "blob",
        query: "SELECT b.id, b.refs FROM blob b LEFT JOIN (
                    SELECT blob, COUNT(*) AS refs FROM (
                        SELECT blob FROM message UNION ALL SELECT blob FROM queue_message UNION ALL SELECT blob FROM quarantine
                        UNION ALL SELECT blob FROM jmap_upload UNION ALL SELECT blob FROM portal_chunk
                        UNION ALL SELECT blob FROM removed_message UNION ALL SELECT blob FROM mail_journal
                    ) AS named GROUP BY blob
                ) c ON c.blob = b.id WHERE b.refs <> COALESCE(c.refs, 0) LIMIT 20",
    },
    Rule {
        says: "a removed message's account or content is missing, or it is still in a mailbox",
        kind: "removed message",
        query: "SELECT r.account, r.id FROM removed_message r
                LEFT JOIN account a ON a.id = r.account AND a.organisation = r.organisation LEFT JOIN blob b ON b.id = r.blob
                LEFT JOIN message m ON m.account = r.account AND m.id = r.id
                WHERE a.id IS NULL OR b.id IS NULL OR m.id IS NOT NULL LIMIT 20",
    },
    Rule {
        says: "a message in the journal has no content, or its organisation is missing",
        kind: "message in the journal",
        query: "SELECT e.organisation, e.id FROM mail_journal e LEFT JOIN organisation o ON o.id = e.organisation
                LEFT JOIN blob b ON b.id = e.blob WHERE o.id IS NULL OR b.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a custodian or a report is of a message that is not in the journal",
        kind: "message in the journal",
        query: "SELECT n.whose, n.entry FROM (
                    SELECT custodian AS whose, entry FROM mail_journal_custodian
                    UNION ALL SELECT organisation, entry FROM mail_journal_report
                ) AS n LEFT JOIN mail_journal e ON e.id = n.entry WHERE e.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a legal hold, a retention rule or a rule of the journal names an account or an organisation that is not there",
        kind: "legal hold",
        query: "SELECT n.id, n.named FROM (
                    SELECT c.hold AS id, c.account AS named, a.id AS found FROM hold_account c
                    LEFT JOIN account a ON a.id = c.account
                    UNION ALL SELECT h.id, h.organisation, o.id FROM hold h LEFT JOIN organisation o ON o.id = h.organisation
                    UNION ALL SELECT r.id, r.organisation, o.id FROM retention_rule r
                    LEFT JOIN organisation o ON o.id = r.organisation
                    UNION ALL SELECT j.id, j.organisation, o.id FROM mail_journal_rule j
                    LEFT JOIN organisation o ON o.id = j.organisation
                ) AS n WHERE n.found IS NULL LIMIT 20",
    },
    Rule {
        says: "a UID is told as gone and still there",
        kind: "mailbox",
        query: "SELECT c.account, c.mailbox FROM expunged e JOIN mailbox_message c
                ON c.account = e.account AND c.mailbox = e.mailbox AND c.uid BETWEEN e.uid_first AND e.uid_last LIMIT 20",
    },
    Rule {
        says: "a search signature belongs to no message",
        kind: "message",
        query: "SELECT s.account, s.message FROM search_signature s
                LEFT JOIN message m ON m.account = s.account AND m.id = s.message WHERE m.id IS NULL LIMIT 20",
    },
    Rule {
        says: "an address leads to no account",
        kind: "account",
        query: "SELECT d.account, d.account FROM address d LEFT JOIN account a ON a.id = d.account
                WHERE a.id IS NULL AND d.kind <> 'group' LIMIT 20",
    },
    Rule {
        says: "a UID is told as gone that was never given out",
        kind: "mailbox",
        query: "SELECT e.account, e.mailbox FROM expunged e
                LEFT JOIN mailbox m ON m.account = e.account AND m.id = e.mailbox
                WHERE m.id IS NULL OR e.uid_last >= m.uidnext OR e.modseq > m.highestmodseq LIMIT 20",
    },
    Rule {
        says: "the mailbox belongs to an account that is not there",
        kind: "mailbox",
        query: "SELECT m.account, m.id FROM mailbox m LEFT JOIN account a ON a.id = m.account WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "something of the account is gone later than its modseq",
        kind: "account",
        query: "SELECT d.account, d.id FROM destroyed d LEFT JOIN account a ON a.id = d.account
                WHERE a.id IS NULL OR d.modseq > a.modseq LIMIT 20",
    },
    Rule {
        says: "a reference leads to a thread that is not there",
        kind: "thread",
        query: "SELECT t.account, t.thread FROM thread_ref t WHERE NOT EXISTS (
                    SELECT 1 FROM message m WHERE m.account = t.account AND m.thread = t.thread) LIMIT 20",
    },
    Rule {
        says: "the queued recipient's state is unknown, or held otherwise than its message",
        kind: "queued message",
        query: "SELECT r.message, r.number FROM queue_recipient r JOIN queue_message q ON q.id = r.message
                WHERE r.state NOT IN ('due', 'held', 'delivered', 'failed', 'expired')
                    OR (r.state = 'due' AND q.held <> 0) OR (r.state = 'held' AND q.held = 0) LIMIT 20",
    },
    Rule {
        says: "the queued message belongs to an organisation that is not there",
        kind: "queued message",
        query: "SELECT q.id, q.organisation FROM queue_message q LEFT JOIN organisation o ON o.id = q.organisation
                WHERE o.id IS NULL LIMIT 20",
    },
    Rule {
        says: "the content in the row is missing or of another length than is said",
        kind: "blob",
        query: "SELECT id, length FROM blob
                WHERE segment = 0 AND (data IS NULL OR LENGTH(data) <> length) OR segment <> 0 AND data IS NOT NULL LIMIT 20",
    },
    Rule {
        says: "the account belongs to an organisation that is not there",
        kind: "account",
        query: "SELECT a.id, a.organisation FROM account a LEFT JOIN organisation o ON o.id = a.organisation
                WHERE o.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a credential belongs to an account that is not there",
        kind: "account",
        query: "SELECT c.account, c.id FROM credential c LEFT JOIN account a ON a.id = c.account
                WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "the kept number of list entries is not the counted one",
        kind: "organisation",
        query: "SELECT s.organisation, s.entries FROM list_state s
                LEFT JOIN list_entry e ON e.organisation = s.organisation
                GROUP BY s.organisation, s.entries HAVING s.entries <> COUNT(e.id) LIMIT 20",
    },
    Rule {
        says: "a role is given to an account that is not there",
        kind: "account",
        query: "SELECT r.account, r.account FROM role_given r LEFT JOIN account a ON a.id = r.account WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a grant to read mail names an account that is not there",
        kind: "grant",
        query: "SELECT g.organisation, g.id FROM access_grant g LEFT JOIN account a ON a.id = g.owner
                LEFT JOIN account b ON b.id = g.asker WHERE a.id IS NULL OR b.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a request waits for a second person and its asker is not there",
        kind: "request",
        query: "SELECT p.organisation, p.id FROM approval p LEFT JOIN account a ON a.id = p.asker WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "the address leads to no group",
        kind: "group",
        query: "SELECT d.account, d.account FROM address d LEFT JOIN mail_group g ON g.id = d.account
                WHERE g.id IS NULL AND d.kind = 'group' LIMIT 20",
    },
    Rule {
        says: "the group has a member that is not there",
        kind: "group",
        query: "SELECT m.group_id, m.target FROM group_member m
                LEFT JOIN account a ON a.id = m.target AND m.kind = 'account'
                LEFT JOIN mail_group g ON g.id = m.target AND m.kind = 'group'
                WHERE m.kind <> 'outside' AND a.id IS NULL AND g.id IS NULL LIMIT 20",
    },
    Rule {
        says: "members or owners belong to a group that is not there",
        kind: "group",
        query: "SELECT n.group_id, n.target FROM (
                    SELECT group_id, target FROM group_member UNION ALL SELECT group_id, account FROM group_owner
                ) AS n LEFT JOIN mail_group g ON g.id = n.group_id WHERE g.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a right to the account is given by or to an account that is not there",
        kind: "account",
        query: "SELECT d.account, d.delegate FROM delegation d LEFT JOIN account a ON a.id = d.account
                LEFT JOIN account b ON b.id = d.delegate WHERE a.id IS NULL OR b.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a notice of rights is for an account that is not there",
        kind: "account",
        query: "SELECT n.account, n.id FROM share_notice n LEFT JOIN account a ON a.id = n.account
                WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "an app password belongs to an account that is not there",
        kind: "account",
        query: "SELECT c.account, c.id FROM app_password c LEFT JOIN account a ON a.id = c.account
                WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a web session belongs to an account that is not there",
        kind: "account",
        query: "SELECT c.account, c.id FROM session c LEFT JOIN account a ON a.id = c.account WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "an OAuth grant belongs to an account that is not there",
        kind: "account",
        query: "SELECT c.account, c.id FROM oauth_grant c LEFT JOIN account a ON a.id = c.account
                WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "an OAuth token belongs to a grant that is not there",
        kind: "account",
        query: "SELECT t.account, t.grant_id FROM oauth_token t
                LEFT JOIN oauth_grant g ON g.account = t.account AND g.id = t.grant_id WHERE g.id IS NULL LIMIT 20",
    },
    Rule {
        says: "the quarantined message's content is missing",
        kind: "quarantined message",
        query: "SELECT q.organisation, q.id FROM quarantine q LEFT JOIN blob b ON b.id = q.blob WHERE b.id IS NULL LIMIT 20",
    },
    Rule {
        says: "recipients wait for a message that is not in quarantine",
        kind: "quarantined message",
        query: "SELECT r.quarantine, r.number FROM quarantine_recipient r LEFT JOIN quarantine q ON q.id = r.quarantine
                WHERE q.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a judged or quarantined message, a reputation, a judging policy, a complaint or what the trade guard knows belongs to an organisation that is not there",
        kind: "judged message",
        query: "SELECT j.organisation, j.id FROM (
                    SELECT organisation, id FROM judged UNION ALL SELECT organisation, id FROM quarantine
                    UNION ALL SELECT organisation, mark FROM reputation UNION ALL SELECT organisation, mark FROM mail_picture
                    UNION ALL SELECT organisation, id FROM judging_policy
                    UNION ALL SELECT organisation, id FROM complaint
                    UNION ALL SELECT organisation, day FROM opinion_day
                    UNION ALL SELECT organisation, id FROM guard_row UNION ALL SELECT organisation, id FROM guard_lesson
                    UNION ALL SELECT organisation, id FROM guard_case
                    UNION ALL SELECT organisation, id FROM guard_alike
                    UNION ALL SELECT organisation, account FROM guard_history
                ) AS j LEFT JOIN organisation o ON o.id = j.organisation WHERE o.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a copy of a judged message or a place in quarantine belongs to an account that is not there",
        kind: "account",
        query: "SELECT c.account, c.judged FROM (
                    SELECT account, judged FROM judged_copy
                    UNION ALL SELECT account, quarantine FROM quarantine_recipient WHERE account <> 0
                ) AS c LEFT JOIN account a ON a.id = c.account WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a report on mail, a vote, a complaint, what was sent or pulled, or what the trade guard watches belongs to an account that is not there",
        kind: "account",
        query: "SELECT c.account, c.what FROM (
                    SELECT account, judged AS what FROM mail_report UNION ALL SELECT account, mark FROM mail_vote
                    UNION ALL SELECT account, message FROM mail_pulled UNION ALL SELECT account, recipient FROM sent_to
                    UNION ALL SELECT account, hour FROM sent_hour UNION ALL SELECT account, id FROM sent_stop
                    UNION ALL SELECT account, message FROM sent_message UNION ALL SELECT account, id FROM complaint
                    UNION ALL SELECT account, after FROM guard_history UNION ALL SELECT account, day FROM guard_search
                    UNION ALL SELECT account, guard_case FROM guard_takeover
                ) AS c LEFT JOIN account a ON a.id = c.account WHERE a.id IS NULL AND c.account <> 0 LIMIT 20",
    },
    Rule {
        says: "a delivery of the portal belongs to an account that is not there",
        kind: "delivery of the portal",
        query: "SELECT d.account, d.id FROM portal_delivery d LEFT JOIN account a ON a.id = d.account
                WHERE a.id IS NULL LIMIT 20",
    },
    Rule {
        says: "a chunk or a reply belongs to a delivery of the portal that is not there",
        kind: "delivery of the portal",
        query: "SELECT c.account, c.delivery FROM (
                    SELECT account, delivery FROM portal_chunk UNION ALL SELECT account, delivery FROM portal_reply
                ) AS c LEFT JOIN portal_delivery d ON d.account = c.account AND d.id = c.delivery
                WHERE d.id IS NULL LIMIT 20",
    },
    Rule {
        says: "the kept size of a delivery of the portal is not the counted one",
        kind: "delivery of the portal",
        query: "SELECT d.account, d.id FROM portal_delivery d LEFT JOIN (
                    SELECT account, delivery, SUM(size) AS bytes FROM portal_chunk GROUP BY account, delivery
                ) c ON c.account = d.account AND c.delivery = d.id WHERE d.bytes <> COALESCE(c.bytes, 0) LIMIT 20",
    },
];
