//! What somebody of ours asks about his own data, by himself: it enters the register as any request does, and he sees how far it is.
//!
//! Nothing is carried out by it. Whoever works on requests does that; an erasure takes the two people that every erasure takes.

use identity::Language;
use store::{Tx, holds, params};

use crate::answer::{self, Letter};
use crate::error::held_own_text;
use crate::request::{NewRequest, Request, load, open};
use crate::step::By;
use crate::words::{Kind, Regime, State};
use crate::{SubjectError, SubjectSettings, course};

/// Requests of one person that wait for an answer at the same time.
const OPEN_MAX: i64 = 10;

/// Requests of one person that are listed.
const LISTED_MAX: i64 = 200;

/// What somebody of ours asks for.
#[derive(Debug, Clone)]
pub struct OwnRequest {
    /// What.
    pub kind: Kind,
    /// Under which law.
    pub regime: Regime,
    /// Language of the answers.
    pub language: Language,
    /// What is to be known of it.
    pub note: String,
}

/// A request as whoever made it sees it.
#[derive(Debug, Clone)]
pub struct Own {
    /// The request.
    pub request: Request,
    /// Letters that were sent to him.
    pub letters: Vec<Letter>,
    /// Of an erasure that waits: which legal holds stand against it, in words; none if none does.
    pub held: Option<String>,
}

/// Enters a request of the account about itself. Who asks has signed in; the clock runs from now on.
///
/// # Errors
/// [`SubjectError::Twice`] if one of the kind waits already, [`SubjectError::TooManyOwn`], or if a part is wrong or the store fails.
pub fn open_own(
    tx: &mut Tx<'_>,
    (organisation, account): (i64, i64),
    new: &OwnRequest,
    settings: &SubjectSettings,
) -> Result<Own, SubjectError> {
    let owner = identity::load_account(tx, account)?;
    let waiting = tx.rows(
        "SELECT id, kind FROM subject_request WHERE organisation = $1 AND account = $2 AND state = 'open' ORDER BY id LIMIT $3",
        params![organisation, account, OPEN_MAX],
        |row| Ok((row.int(0)?, row.text(1)?.to_owned())),
    )?;
    if let Some((id, _)) = waiting.iter().find(|(_, kind)| kind == new.kind.as_str()) {
        return Err(SubjectError::Twice(*id));
    }
    if waiting.len() as i64 >= OPEN_MAX {
        return Err(SubjectError::TooManyOwn(OPEN_MAX));
    }
    let by = By { account: Some(account), name: owner.addresses.first().cloned().unwrap_or_default() };
    let name = if owner.name.trim().is_empty() { by.name.clone() } else { owner.name };
    let whole = NewRequest {
        kind: new.kind,
        regime: new.regime,
        name,
        addresses: owner.addresses.into_iter().take(1).collect(),
        answer_to: None,
        language: new.language,
        received: None,
        note: new.note.clone(),
    };
    let request = open(tx, organisation, &whole, &by, settings)?;
    course::identify(tx, organisation, request.id, ("signed in", None), &by)?;
    own(tx, organisation, account, request.id)
}

/// A request of the account.
///
/// # Errors
/// [`SubjectError::NoOwn`] if it is none of the account's, or if the store fails.
pub fn own(tx: &mut Tx<'_>, organisation: i64, account: i64, id: i64) -> Result<Own, SubjectError> {
    let request = match load(tx, organisation, id) {
        Ok(request) if request.account == Some(account) => request,
        Ok(_) | Err(SubjectError::NoRequest(_)) => return Err(SubjectError::NoOwn(id)),
        Err(error) => return Err(error),
    };
    let mut letters = answer::letters(tx, organisation, id)?;
    letters.retain(|letter| letter.sent.is_some());
    let is_open_erasure = request.kind == Kind::Erasure && request.state == State::Open;
    let all = if is_open_erasure { holds::of_account(tx, account)? } else { Vec::new() };
    let held = (!all.is_empty()).then(|| held_own_text(&all, request.language));
    Ok(Own { request, letters, held })
}

/// Requests of the account, the latest first.
///
/// # Errors
/// [`SubjectError`] if the store fails.
pub fn list_own(tx: &mut Tx<'_>, organisation: i64, account: i64) -> Result<Vec<Own>, SubjectError> {
    let ids = tx.rows(
        "SELECT id FROM subject_request WHERE organisation = $1 AND account = $2 ORDER BY id DESC LIMIT $3",
        params![organisation, account, LISTED_MAX],
        |row| row.int(0),
    )?;
    ids.into_iter().map(|id| own(tx, organisation, account, id)).collect()
}

/// Takes a request of the account back.
///
/// # Errors
/// [`SubjectError::NoOwn`], [`SubjectError::Closed`], or if the store fails.
pub fn withdraw_own(tx: &mut Tx<'_>, organisation: i64, account: i64, id: i64) -> Result<Own, SubjectError> {
    let Own { request, .. } = own(tx, organisation, account, id)?;
    let by = By { account: Some(account), name: request.addresses.first().cloned().unwrap_or_default() };
    course::close(tx, organisation, id, (true, ""), &by)?;
    own(tx, organisation, account, id)
}
