//! What was sent, as it is kept.

use env::Timestamp;
use queue::{QueueError, RecipientState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Row, StoreError, Tx, params};
use wire::jmap::{Object, format_utc_date};

use crate::error::Failure;
use crate::ids;

/// Submissions of an account that are looked at.
const ROWS_MAX: i64 = 10_000;

/// What the content of a submission is sealed for.
fn sealed_for(id: i64) -> Vec<u8> {
    [&b"jmap submission "[..], &id.to_le_bytes()].concat()
}

/// An envelope (RFC 8621 section 7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope {
    pub(super) mail_from: Path,
    pub(super) rcpt_to: Vec<Path>,
}

/// A path of an envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Path {
    pub(super) email: String,
    #[serde(default)]
    pub(super) parameters: Option<Object>,
}

/// What of a submission rests sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) identity: String,
    pub(super) envelope: Envelope,
    /// Where it waits.
    pub(super) queued: Vec<i64>,
}

/// A submission.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Submission {
    pub(super) id: i64,
    pub(super) email: i64,
    pub(super) thread: i64,
    pub(super) sent: Timestamp,
    pub(super) is_canceled: bool,
    pub(super) content: Content,
}

/// A submission that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) id: i64,
    pub(super) created: i64,
    pub(super) changed: i64,
    pub(super) is_gone: bool,
}

/// Writes down what was sent.
pub(super) fn add(tx: &mut Tx<'_>, account: i64, new: &Submission) -> Result<(), StoreError> {
    let modseq = store::account::next_modseq(tx, account)?;
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    let plain = serde_json::to_vec(&new.content).map_err(|_| StoreError::Abandoned("a submission does not write"))?;
    let sealed = key.sealing().seal(context.entropy.as_ref(), &sealed_for(new.id), &plain);
    tx.execute(
        "INSERT INTO jmap_submission (account, id, email, thread, sent, state, content, created_modseq, changed_modseq)
         VALUES ($1, $2, $3, $4, $5, 'sent', $6, $7, $7)",
        params![account, new.id, new.email, new.thread, new.sent.millis(), &sealed, modseq],
    )?;
    tx.notify(store::Notice::Account(account));
    Ok(())
}

/// Notes that a submission was called back, or destroyed.
pub(super) fn set_state(tx: &mut Tx<'_>, account: i64, id: i64, state: &'static str) -> Result<(), Failure> {
    let modseq = store::account::next_modseq(tx, account)?;
    tx.execute(
        "UPDATE jmap_submission SET state = $3, changed_modseq = $4 WHERE account = $1 AND id = $2",
        params![account, id, state, modseq],
    )?;
    if state == "gone" {
        let none: &[u8] = &[];
        tx.execute(
            "UPDATE jmap_submission SET content = $3 WHERE account = $1 AND id = $2",
            params![account, id, none],
        )?;
    }
    tx.notify(store::Notice::Account(account));
    Ok(())
}

/// The submissions of an account, the last first.
pub(super) fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Submission>, Failure> {
    let key = tx.context().keys.account(tx, account)?;
    let read = |row: &Row<'_>| {
        let plain = key.sealing().open("submission", &sealed_for(row.int(0)?), row.bytes(5)?)?;
        let content = serde_json::from_slice(&plain)
            .map_err(|_| StoreError::Corrupt { what: "a submission does not read".to_owned() })?;
        Ok(Submission {
            id: row.int(0)?,
            email: row.int(1)?,
            thread: row.int(2)?,
            sent: Timestamp::from_millis(row.int(3)?),
            is_canceled: row.text(4)? == "canceled",
            content,
        })
    };
    Ok(tx.rows(
        "SELECT id, email, thread, sent, state, content FROM jmap_submission
         WHERE account = $1 AND state <> 'gone' ORDER BY id DESC LIMIT $2",
        params![account, ROWS_MAX],
        read,
    )?)
}

/// What changed after `since`.
pub(super) fn changed(tx: &mut Tx<'_>, account: i64, since: i64) -> Result<Vec<Change>, Failure> {
    Ok(tx.rows(
        "SELECT id, created_modseq, changed_modseq, state FROM jmap_submission
         WHERE account = $1 AND changed_modseq > $2 ORDER BY changed_modseq, id LIMIT $3",
        params![account, since, ROWS_MAX],
        |row| {
            Ok(Change { id: row.int(0)?, created: row.int(1)?, changed: row.int(2)?, is_gone: row.text(3)? == "gone" })
        },
    )?)
}

/// The state of submissions.
pub(crate) fn state(tx: &mut Tx<'_>, account: i64) -> Result<i64, Failure> {
    let last = tx.row(
        "SELECT changed_modseq FROM jmap_submission WHERE account = $1 ORDER BY changed_modseq DESC LIMIT 1",
        params![account],
        |row| row.int(0),
    )?;
    Ok(last.unwrap_or(0))
}

/// Where a submission stands: whether it can be called back, and how each recipient fares.
pub(super) fn stand(tx: &mut Tx<'_>, submission: &Submission) -> Result<(bool, Object), Failure> {
    let mut fates = Object::new();
    let mut can_cancel = !submission.content.queued.is_empty();
    for id in &submission.content.queued {
        let waiting = match queue::show(tx, *id) {
            Ok(waiting) => waiting,
            Err(QueueError::NoSuchMessage { .. }) => {
                can_cancel = false;
                continue;
            }
            Err(error) => return Err(StoreError::Corrupt { what: error.to_string() }.into()),
        };
        for it in &waiting.recipients {
            let is_untried = it.attempts == 0 && matches!(it.state, RecipientState::Waiting | RecipientState::Held);
            can_cancel &= is_untried;
            let reply =
                it.last.as_ref().map_or_else(|| "250 2.0.0 queued".to_owned(), |last| last.text.replace('\n', " "));
            fates.insert(
                it.recipient.address.clone(),
                json!({ "smtpReply": reply, "delivered": "queued", "displayed": "unknown" }),
            );
        }
    }
    for to in &submission.content.envelope.rcpt_to {
        if !fates.contains_key(&to.email) {
            let told = json!({ "smtpReply": "250 2.0.0 taken over", "delivered": "unknown", "displayed": "unknown" });
            fates.insert(to.email.clone(), told);
        }
    }
    Ok((can_cancel && !submission.is_canceled, fates))
}

impl Submission {
    /// The object that a client sees.
    pub(super) fn shown(&self, tx: &mut Tx<'_>, wanted: Option<&[String]>) -> Result<Value, Failure> {
        let (can_cancel, fates) = stand(tx, self)?;
        let undo = match (self.is_canceled, can_cancel) {
            (true, _) => "canceled",
            (false, true) => "pending",
            (false, false) => "final",
        };
        let all = [
            ("identityId", self.content.identity.clone().into()),
            ("emailId", ids::show(self.email).into()),
            ("threadId", ids::show(self.thread).into()),
            ("envelope", json!(self.content.envelope)),
            ("sendAt", format_utc_date(self.sent).into()),
            ("undoStatus", undo.into()),
            ("deliveryStatus", if self.is_canceled { Value::Null } else { Value::Object(fates) }),
            ("dsnBlobIds", json!([])),
            ("mdnBlobIds", json!([])),
        ];
        let mut object = Object::new();
        object.insert("id".to_owned(), ids::show(self.id).into());
        for (name, value) in all {
            if wanted.is_none_or(|wanted| wanted.iter().any(|it| it == name)) {
                object.insert(name.to_owned(), value);
            }
        }
        Ok(Value::Object(object))
    }
}
