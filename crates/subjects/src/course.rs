//! The way of a request: who asks is known, it is extended, refused, closed; what was carried out for it is noted.

use env::Timestamp;
use store::{Tx, holds, params};

use crate::answer::{self, LetterKind};
use crate::error::day;
use crate::request::{Extension, Identity, Refusal, Request, TEXT_BYTES_MAX, change, check_address, check_text, load};
use crate::step::{self, By};
use crate::words::{Kind, State};
use crate::{SubjectError, SubjectSettings, deadline};

/// Notes how whoever asks has proved who he is, and where answers go if that changes.
///
/// # Errors
/// [`SubjectError`] if it is closed, a part is wrong, or the store fails.
pub fn identify(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    (how, answer_to): (&str, Option<&str>),
    by: &By,
) -> Result<(), SubjectError> {
    check_text("how it was proved", how)?;
    let answer_to = answer_to.map(|given| check_address("answer_to", given)).transpose()?;
    let request = load(tx, organisation, id)?;
    request.check_open()?;
    let at = tx.now().millis();
    change(tx, organisation, id, |detail| {
        detail.identity = Some(Identity { how: how.to_owned(), by: by.name.clone(), at });
        if let Some(answer_to) = answer_to {
            detail.answer_to = answer_to;
        }
    })?;
    step::note(tx, request.of(), "identified", by, how).map(drop)
}

/// Extends the deadline, once and within it, with a draft that tells why; gives the new one.
///
/// # Errors
/// [`SubjectError`] if it is closed, was extended, is over its deadline, or the store fails.
pub fn extend(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    reason: &str,
    by: &By,
    settings: &SubjectSettings,
) -> Result<Timestamp, SubjectError> {
    check_text("the reason", reason)?;
    let request = load(tx, organisation, id)?;
    request.check_open()?;
    if request.extension.is_some() {
        return Err(SubjectError::Extended(id));
    }
    let now = tx.now();
    if now > request.due {
        return Err(SubjectError::TooLate(id));
    }
    let due = deadline::due(request.regime, request.received, true, settings);
    change(tx, organisation, id, |detail| {
        let (reason, by) = (reason.to_owned(), by.name.clone());
        detail.extension = Some(Extension { reason, by, at: now.millis() });
    })?;
    tx.execute(
        "UPDATE subject_request SET due = $3, told = 0 WHERE organisation = $1 AND id = $2",
        params![organisation, id, due.millis()],
    )?;
    step::note(tx, request.of(), "extended", by, reason)?;
    answer::draft(tx, &Request { due, ..request }, LetterKind::Extended, &[("reason", reason)])?;
    Ok(due)
}

/// Refuses a request, with a draft that tells why; if a legal hold stands against it, which.
///
/// # Errors
/// [`SubjectError`] if it is closed, there is no such hold in force, or the store fails.
pub fn refuse(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    (reason, hold): (&str, Option<i64>),
    by: &By,
) -> Result<(), SubjectError> {
    check_text("the reason", reason)?;
    let request = load(tx, organisation, id)?;
    request.check_open()?;
    let hold = match hold {
        Some(number) => {
            let in_force = holds::list(tx, organisation)?.into_iter().find(|it| it.id == number && it.ended.is_none());
            let found = in_force.ok_or(SubjectError::NoHold(number))?;
            Some((found.id, found.detail.name, day(found.begun)))
        }
        None => None,
    };
    let refusal = Refusal { reason: reason.to_owned(), by: by.name.clone(), hold };
    let told = refusal.clone();
    change(tx, organisation, id, |detail| detail.refusal = Some(refusal))?;
    end(tx, &request, State::Refused, by, reason)?;
    match &told.hold {
        Some((number, name, since)) => {
            let number = number.to_string();
            let values = [("reason", reason), ("hold", name.as_str()), ("hold-number", &number), ("since", since)];
            answer::draft(tx, &request, LetterKind::RefusedByHold, &values)
        }
        None => answer::draft(tx, &request, LetterKind::Refused, &[("reason", reason)]),
    }
    .map(drop)
}

/// Closes a request as done, with a draft that tells what was done, or as taken back.
///
/// # Errors
/// [`SubjectError`] if it is closed, nothing of it was carried out, or the store fails.
pub fn close(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    (withdrawn, note): (bool, &str),
    by: &By,
) -> Result<(), SubjectError> {
    let request = load(tx, organisation, id)?;
    request.check_open()?;
    if note.len() > TEXT_BYTES_MAX {
        let cause = format!("is longer than {TEXT_BYTES_MAX} octets");
        return Err(SubjectError::Part { part: "the note", cause });
    }
    if withdrawn {
        return end(tx, &request, State::Withdrawn, by, note);
    }
    request.check_identified()?;
    if !request.carried_out {
        return Err(SubjectError::NotCarriedOut { id, remedy: remedy(request.kind) });
    }
    end(tx, &request, State::Done, by, note)?;
    let kept = request.erased.as_ref().map(|erased| erased.told(request.language)).unwrap_or_default();
    let note = if note.is_empty() { String::new() } else { format!("\n{note}\n") };
    answer::draft(tx, &request, LetterKind::Done, &[("kept", &kept), ("note", &note)]).map(drop)
}

const fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::Access | Kind::Export => {
            "make the report with subject-report; somebody of ours also fetches the archive of his account on his account page"
        }
        Kind::Correction => "use subject-correct",
        Kind::Restriction | Kind::Objection => "use subject-restrict",
        Kind::Erasure => "use subject-erase",
    }
}

fn end(tx: &mut Tx<'_>, request: &Request, state: State, by: &By, note: &str) -> Result<(), SubjectError> {
    let now = tx.now().millis();
    tx.execute(
        "UPDATE subject_request SET state = $3, closed = $4 WHERE organisation = $1 AND id = $2",
        params![request.organisation, request.id, state.as_str(), now],
    )?;
    tx.execute("DELETE FROM subject_mail WHERE request = $1", params![request.id])?;
    step::note(tx, request.of(), state.as_str(), by, note).map(drop)
}

/// Notes the investigation by which content of a request is given out.
///
/// # Errors
/// [`SubjectError`] if it is closed, it is not known who asks, or the store fails.
pub fn note_investigation(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    investigation: i64,
    by: &By,
) -> Result<(), SubjectError> {
    let request = load(tx, organisation, id)?;
    request.check_open()?;
    request.check_kind(&[Kind::Access, Kind::Export])?;
    request.check_identified()?;
    change(tx, organisation, id, |detail| detail.investigation = Some(investigation))?;
    step::note(tx, request.of(), "investigated", by, &investigation.to_string()).map(drop)
}

/// Notes that somebody of ours has fetched the archive of his account: his requests for it are carried out by that.
///
/// # Errors
/// [`SubjectError`] if the store fails.
pub fn note_taken(tx: &mut Tx<'_>, account: i64) -> Result<(), SubjectError> {
    let open = tx.rows(
        "SELECT organisation, id FROM subject_request WHERE account = $1 AND state = 'open' AND kind IN ('access', 'export')",
        params![account],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?;
    for (organisation, id) in open {
        let request = load(tx, organisation, id)?;
        let at = tx.now().millis();
        change(tx, organisation, id, |detail| {
            detail.carried_out = true;
            // Who fetches it has signed in and shown a strong factor.
            detail.identity.get_or_insert(Identity { how: "signed in".to_owned(), by: request.name.clone(), at });
        })?;
        let by = By { account: Some(account), name: request.name.clone() };
        step::note(tx, request.of(), "taken", &by, "")?;
    }
    Ok(())
}
