//! Delivered mail that is kept back after all: out of the folders where it lies, into quarantine.

use std::time::Duration;

use env::Timestamp;
use filter::Action;
use mailbox::UidRange;
use queue::{Envelope, NewRecipient};
use store::{StoreError, Tx, params};
use trace::Traced;

use super::{Copy, Way, note, traced_pulled};
use crate::quarantine::{self, NewPlace, NewQuarantined, Shown, Whose};
use crate::{Direction, JudgementError, Kept};

/// How long a message that is brought back is tried.
const RETURN_TIME: Duration = Duration::from_secs(5 * 86_400);

/// The field by which a mailbox says who sent a message; whoever delivers it again writes it anew.
const RETURN_PATH: &str = "Return-Path:";

/// Mailboxes with UIDs where a message lies and is taken from: all but those that its owner sends from, writes in and throws away to.
pub(super) fn places(tx: &mut Tx<'_>, account: i64, message: i64) -> Result<Vec<(i64, u32)>, StoreError> {
    tx.rows(
        "SELECT m.mailbox, m.uid FROM mailbox_message m JOIN mailbox b ON b.account = m.account AND b.id = m.mailbox
         WHERE m.account = $1 AND m.message = $2 AND b.special_use NOT IN ('Sent', 'Trash', 'Drafts') ORDER BY m.mailbox, m.uid",
        params![account, message],
        |row| Ok((row.int(0)?, row.uint32(1)?)),
    )
}

/// Takes one copy into quarantine; false if it is not there any more.
pub(super) fn hold_one(
    tx: &mut Tx<'_>,
    organisation: i64,
    account: i64,
    copy: &Copy,
    expires: Timestamp,
) -> Result<bool, JudgementError> {
    let places = places(tx, account, copy.message)?;
    let address = identity::list_addresses(tx, account)?.into_iter().next();
    let Some(address) = address.filter(|_| !places.is_empty()) else { return Ok(false) };
    if !note(tx, organisation, account, copy, Way::Held)? {
        return Ok(false);
    }
    let place = NewPlace { account: Some(account), recipient: NewRecipient::new(address) };
    if quarantine::is_there(tx, copy.of.id)? {
        quarantine::add_places(tx, organisation, copy.of.id, &[place])?;
    } else {
        keep(tx, organisation, account, copy, expires, place)?;
    }
    for (mailbox, uid) in places {
        mailbox::discard(tx, account, mailbox, &[UidRange::one(uid)])?;
    }
    traced_pulled(tx, organisation, account, copy, true)?;
    Ok(true)
}

/// Puts the message there with this copy's content, of which quarantine holds a reference of its own.
fn keep(
    tx: &mut Tx<'_>,
    organisation: i64,
    account: i64,
    copy: &Copy,
    expires: Timestamp,
    place: NewPlace,
) -> Result<(), JudgementError> {
    let source = mailbox::source(tx, account, copy.message)?;
    let trace = without_return_path(&String::from_utf8_lossy(source.trace()));
    let row =
        tx.row("SELECT marks FROM judged WHERE id = $1", params![copy.of.id], |row| Ok(row.bytes(0)?.to_vec()))?;
    let kept = Kept {
        id: copy.of.id,
        organisation,
        at: tx.now(),
        direction: Direction::In,
        action: Action::Quarantine,
        marks: row.unwrap_or_default(),
        detail: Vec::new(),
        guarded: None,
    };
    store::blobs::add_refs(tx, source.blob(), 1)?;
    let new = NewQuarantined {
        kept: &kept,
        blob: source.blob(),
        key: source.key(),
        size: source.size() - source.trace_bytes() + trace.len() as u64,
        envelope: Envelope {
            reverse_path: copy.of.envelope_from.clone(),
            smtputf8: !trace.is_ascii(),
            body_8bit: true,
            // It was sorted and passed on when it came.
            stays: true,
            traced: vec![Traced { organisation, id: copy.of.id }],
            trace,
            ..Envelope::default()
        },
        shown: Shown::of(&copy.of.from, &copy.of.subject, &copy.of.verdict),
        expires,
    };
    quarantine::keep(tx, &new, &[place])
}

/// Trace fields but the one of the mailbox.
fn without_return_path(trace: &str) -> String {
    let mut kept = String::with_capacity(trace.len());
    let mut is_left_out = false;
    for line in trace.split_inclusive('\n') {
        if !line.starts_with([' ', '\t']) {
            is_left_out = line.get(..RETURN_PATH.len()).is_some_and(|name| name.eq_ignore_ascii_case(RETURN_PATH));
        }
        if !is_left_out {
            kept.push_str(line);
        }
    }
    kept
}

/// Has an account's copy delivered again; gives how many. One that its owner has deleted meanwhile stays away.
pub(super) fn release(tx: &mut Tx<'_>, judged: i64, account: i64) -> Result<usize, JudgementError> {
    let expires = tx.now().plus(RETURN_TIME);
    match quarantine::release(tx, judged, Whose::Account(account), expires) {
        Err(JudgementError::NotQuarantined(_)) => Ok(0),
        released => released,
    }
}

/// Notes that the copies of accounts were released: they are not pulled again.
pub(crate) fn note_released(tx: &mut Tx<'_>, judged: i64, accounts: &[i64]) -> Result<(), StoreError> {
    for account in accounts {
        tx.execute(
            "UPDATE mail_pulled SET state = 'returned' WHERE judged = $1 AND account = $2 AND state = 'held'",
            params![judged, *account],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mailbox_says_anew_who_sent_it() {
        let trace = "Return-Path: <a@b.test>\r\n (folded)\r\nReceived: from x\r\n\tby y\r\n";
        assert_eq!(without_return_path(trace), "Received: from x\r\n\tby y\r\n");
    }
}
