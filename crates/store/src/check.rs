//! The store's own check: whether everything in it fits together.
//!
//! Counters are compared with the rows that they count, references with the objects that they name; the deep check opens every message.
//! Reads one snapshot at a time and changes nothing, so it may run beside the server.

use std::fmt;

use crypto::record;

use crate::{Database, Row, Store, StoreError, Tx, blobs, params};

/// Findings of one kind that are told; more say the same.
const FINDINGS_PER_RULE_MAX: usize = 20;

/// Messages opened in one read.
const DEEP_PAGE: i64 = 200;

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: &'static str,
    /// Where.
    pub object: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.rule)
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What does not fit; empty for a sound store.
    pub findings: Vec<Finding>,
    /// Accounts in the store.
    pub accounts: u64,
    /// Messages in the store; opened each, if the check was deep.
    pub messages: u64,
}

/// An invariant: the query finds what breaks it, as one or two numbers that name the object.
struct Rule {
    says: &'static str,
    kind: &'static str,
    query: &'static str,
}

const RULES: &[Rule] = &[
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
        says: "the message's size in the mailbox is another than its own",
        kind: "message",
        query: "SELECT c.account, c.message FROM mailbox_message c
                JOIN message m ON m.account = c.account AND m.id = c.message WHERE m.size <> c.size LIMIT 20",
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
                        SELECT blob FROM message UNION ALL SELECT blob FROM queue_message
                    ) AS named GROUP BY blob
                ) c ON c.blob = b.id WHERE b.refs <> COALESCE(c.refs, 0) LIMIT 20",
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
                WHERE a.id IS NULL LIMIT 20",
    },
];

/// Checks the store; `deep` opens every message.
///
/// # Errors
/// [`StoreError`] if the store cannot be read. What does not fit is no error but a finding.
pub async fn run(store: &Store, deep: bool) -> Result<Report, StoreError> {
    let mut report = Report::default();
    if let Database::Sqlite(_) = &store.0.database {
        report.findings.extend(store.read(sqlite_integrity).await?);
    }
    let (findings, accounts, messages) = store
        .read(|tx| {
            let mut findings = Vec::new();
            for rule in RULES {
                findings.extend(broken(tx, rule)?);
            }
            let count = |row: &Row<'_>| row.int(0);
            let accounts = tx.row("SELECT COUNT(*) FROM account", &[], count)?.unwrap_or(0);
            let messages = tx.row("SELECT COUNT(*) FROM message", &[], count)?.unwrap_or(0);
            Ok::<_, StoreError>((findings, accounts, messages))
        })
        .await?;
    report.findings.extend(findings);
    (report.accounts, report.messages) = (accounts.unsigned_abs(), messages.unsigned_abs());
    if deep {
        report.findings.extend(open_all(store).await?);
    }
    Ok(report)
}

fn broken(tx: &mut Tx<'_>, rule: &Rule) -> Result<Vec<Finding>, StoreError> {
    tx.rows(rule.query, &[], |row| {
        let object = format!("{} {} {}", rule.kind, row.int(0)?, row.int(1)?);
        Ok(Finding { rule: rule.says, object })
    })
}

fn sqlite_integrity(tx: &mut Tx<'_>) -> Result<Vec<Finding>, StoreError> {
    let lines = tx.rows("PRAGMA integrity_check(20)", &[], |row| Ok(row.text(0)?.to_owned()))?;
    let broken = lines.into_iter().filter(|line| line != "ok");
    Ok(broken.map(|line| Finding { rule: "the database file is damaged", object: line }).collect())
}

/// Opens every message, a page at a time.
async fn open_all(store: &Store) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let mut after = (0_i64, 0_i64);
    loop {
        let reading = store.clone();
        let (found, last) = store.read(move |tx| open_page(tx, &reading, after)).await?;
        findings.extend(found);
        findings.truncate(FINDINGS_PER_RULE_MAX);
        match last {
            Some(last) => after = last,
            None => return Ok(findings),
        }
    }
}

type Page = (Vec<Finding>, Option<(i64, i64)>);

fn open_page(tx: &mut Tx<'_>, store: &Store, after: (i64, i64)) -> Result<Page, StoreError> {
    let rows = tx.rows(
        "SELECT account, id, blob, key_wrapped FROM message
         WHERE account > $1 OR (account = $1 AND id > $2) ORDER BY account, id LIMIT $3",
        params![after.0, after.1, DEEP_PAGE],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.bytes(3)?.to_vec())),
    )?;
    let mut findings = Vec::new();
    for (account, id, blob, wrapped) in &rows {
        if let Err(error) = open_one(tx, store, *account, *blob, wrapped) {
            tracing::warn!(account, message = id, %error, "a message does not open");
            findings.push(Finding { rule: "the message does not open", object: format!("message {account} {id}") });
        }
    }
    Ok((findings, rows.last().map(|(account, id, ..)| (*account, *id))))
}

fn open_one(tx: &mut Tx<'_>, store: &Store, account: i64, blob: i64, wrapped: &[u8]) -> Result<(), StoreError> {
    let key = tx.context().keys.account(tx, account)?.unwrap_message(wrapped, blob)?;
    let location = blobs::locate(tx, blob)?;
    let mut sealed = store.blobs().read(&location)?;
    record::open(&key, &mut sealed)?;
    Ok(())
}
