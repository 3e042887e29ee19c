//! Letters about access: to the second person, to the asker, to the owner of mail that was read, to those who watch over duties.
//!
//! A letter that cannot be sent is logged and stops nothing: the inbox of requests, the list of grants and the review say the same.

use std::collections::BTreeSet;

use ::letters::{LetterError, Texts, Words};
use ::subjects::{self, Reminder, SubjectError};
use access::{Action as Right, Duty};
use identity::rights::{self, Approval, Grant};
use identity::{AccountKind, IdentityError, Language};
use queue::QueueError;
use store::Tx;

use super::list::Action;
use super::{Controls, sentences};

/// People who are written to about one matter.
const READERS_MAX: usize = 20;

/// Tells those who may decide that a request waits.
pub(super) async fn tell_approvers(controls: &Controls, organisation: i64, asker: i64, id: i64, action: &Action) {
    let who = address_of(controls, asker).await;
    let id = id.to_string();
    for reader in readers(controls, organisation, Right::ApprovalDecide).await {
        if reader != asker {
            let values = |language: Language| {
                vec![("who", who.clone()), ("what", sentences::of(action, language)), ("id", id.clone())]
            };
            tell(controls, reader, "letter-request", values).await;
        }
    }
}

/// Tells the asker what became of a request.
pub(super) async fn tell_asker(
    controls: &Controls,
    request: &Approval,
    action: Option<&Action>,
    approved: bool,
    failure: Option<&str>,
) {
    let key = match (approved, failure) {
        (false, _) => "letter-request-refused",
        (true, None) => "letter-request-done",
        (true, Some(_)) => "letter-request-failed",
    };
    let values = |language: Language| {
        let what = action.map_or_else(|| request.action.clone(), |action| sentences::of(action, language));
        vec![("what", what), ("why", failure.unwrap_or_default().to_owned())]
    };
    tell(controls, request.asker, key, values).await;
}

/// Tells the owner of an account that another has changed who can use it. Of forwarding its own action tells.
pub(super) async fn tell_of_change(controls: &Controls, owner: i64, by: Option<i64>, action: &Action) {
    if action.right() == Right::ForwardingChange {
        return;
    }
    let Ok(account) = controls.store.read(move |tx| identity::load_account(tx, owner)).await else { return };
    if account.kind != AccountKind::Person {
        return;
    }
    let who = match by {
        Some(by) => address_of(controls, by).await,
        None => controls.mailer.hostname().to_owned(),
    };
    let address = account.addresses.into_iter().next().unwrap_or_default();
    let values = |language: Language| {
        vec![("address", address.clone()), ("who", who.clone()), ("what", sentences::of(action, language))]
    };
    tell(controls, owner, "letter-personal", values).await;
}

/// Tells somebody that his mail was looked into by an investigation that is closed now; false if he could not be told.
pub(super) async fn tell_custodian(controls: &Controls, account: i64, closed: &investigation::Investigation) -> bool {
    let values = [
        ("name", closed.name.clone()),
        ("why", closed.reason.clone()),
        ("who", closed.by.clone()),
        ("from", closed.opened.to_string()),
    ];
    tell(controls, account, "letter-investigation", |_| values.to_vec()).await
}

/// Tells those who review access that somebody now holds duties that are kept apart.
pub(super) async fn tell_of_exception(
    controls: &Controls,
    account: i64,
    who: &str,
    duties: &BTreeSet<Duty>,
    reason: &str,
) {
    let loaded = controls.store.read(move |tx| identity::load_account(tx, account)).await;
    let Ok(person) = loaded else { return };
    let mut all = readers(controls, person.organisation, Right::AccessReview).await;
    if !all.contains(&account) {
        all.push(account);
    }
    let duties: Vec<&str> = duties.iter().map(|duty| duty.as_str()).collect();
    let duties = duties.join(", ");
    for reader in all {
        let values =
            |_: Language| vec![("who", who.to_owned()), ("duties", duties.clone()), ("why", reason.to_owned())];
        tell(controls, reader, "letter-exception", values).await;
    }
}

/// Tells owners whose mail was read under a grant that is over by now, once each.
///
/// # Errors
/// [`IdentityError`] if the grants cannot be read; a letter that fails is tried again at the next call.
pub async fn tell_owners(controls: &Controls) -> Result<usize, IdentityError> {
    let due = controls.store.read(rights::due_to_be_told).await?;
    let mut told = 0;
    for grant in due {
        match tell_owner(controls, &grant).await {
            Ok(true) => told += 1,
            Ok(false) => {}
            Err(error) => tracing::error!(grant = grant.id, %error, "the owner of mail that was read cannot be told"),
        }
    }
    Ok(told)
}

/// Reminds those who work on subject requests of deadlines that come near, end today, or are over, once of each; gives how many were told of. What is to be
/// forgotten of closed requests is forgotten.
///
/// # Errors
/// [`SubjectError`] if the store fails.
pub async fn tell_of_deadlines(controls: &Controls) -> Result<usize, SubjectError> {
    let settings = controls.elsewhere.subjects();
    let asked = settings.clone();
    let due = controls.store.read(move |tx| subjects::due_for_reminder(tx, &asked)).await?;
    let mut told = 0;
    for reminder in due {
        match remind(controls, &reminder).await {
            Ok(true) => told += 1,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(request = reminder.id, %error, "nobody was told of a deadline; it is tried again")
            }
        }
    }
    controls.store.write_freeing(move |tx| subjects::forget(tx, &settings)).await?;
    Ok(told)
}

/// Tells whoever may work on requests that somebody has made one himself.
pub(crate) async fn tell_of_request(controls: &Controls, request: &subjects::Request) {
    let values = [("id", request.id.to_string()), ("kind", request.kind.to_string()), ("due", request.due.to_string())];
    for reader in readers(controls, request.organisation, Right::SubjectChange).await {
        tell(controls, reader, "letter-subject-new", |_| values.to_vec()).await;
    }
}

async fn remind(controls: &Controls, reminder: &Reminder) -> Result<bool, LetterFault> {
    let key = match reminder.level {
        1 => "letter-subject-near",
        2 => "letter-subject-today",
        _ => "letter-subject-over",
    };
    let values =
        [("id", reminder.id.to_string()), ("kind", reminder.kind.to_string()), ("due", reminder.due.to_string())];
    let mut letters = Vec::new();
    for reader in readers(controls, reminder.organisation, Right::SubjectChange).await {
        match controls.mailer.notice(reader, |language| words(language, key, &values)).await {
            Ok(letter) => letters.push(letter),
            // Somebody without an address does not keep the others from knowing.
            Err(error) => tracing::error!(account = reader, letter = key, %error, "a letter was not sent"),
        }
    }
    if letters.is_empty() {
        tracing::error!(
            request = reminder.id,
            "nobody has the right to work on subject requests, so nobody is told of a deadline"
        );
        return Ok(false);
    }
    let reminder = reminder.clone();
    let work = move |tx: &mut Tx<'_>| {
        let is_ours = subjects::claim_reminder(tx, &reminder)?;
        if is_ours {
            for letter in &letters {
                letter.post(tx)?;
            }
        }
        Ok::<_, LetterFault>(is_ours)
    };
    controls.store.write(work).await
}

async fn tell_owner(controls: &Controls, grant: &Grant) -> Result<bool, LetterFault> {
    let who = address_of(controls, grant.asker).await;
    let second = match grant.decided_by {
        Some(second) => address_of(controls, second).await,
        None => String::new(),
    };
    let values = [
        ("who", who),
        ("second", second),
        ("why", grant.reason.clone()),
        ("from", grant.starts.to_string()),
        ("until", grant.ends.to_string()),
    ];
    let ready = controls.mailer.notice(grant.owner, |language| words(language, "letter-grant", &values)).await?;
    let (organisation, id) = (grant.organisation, grant.id);
    let work = move |tx: &mut Tx<'_>| {
        let is_due = rights::mark_told(tx, organisation, id)?;
        if is_due {
            ready.post(tx)?;
        }
        Ok::<_, LetterFault>(is_due)
    };
    controls.store.write(work).await
}

/// Why a letter did not go.
#[derive(Debug, thiserror::Error)]
enum LetterFault {
    #[error(transparent)]
    Letter(#[from] LetterError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

/// Tells those who look after the store, of every organisation, of something that happened to the machine, and records it as `event` (its
/// name, what it concerns, and whether it is good), together with `mark`, which says whether it is still to be told.
pub(super) async fn tell_keepers(
    controls: &Controls,
    key: &'static str,
    values: impl Fn(Language) -> Vec<(&'static str, String)> + Send + Sync,
    event: (&str, String, bool),
    mark: impl Fn(&mut Tx<'_>) -> Result<bool, store::StoreError> + Send + 'static,
) {
    let telling = async {
        let organisations = controls.store.read(identity::list_organisations).await?;
        let mut letters = Vec::new();
        for organisation in organisations {
            for reader in readers(controls, organisation.id, Right::StoreCheck).await {
                match controls.mailer.notice(reader, |language| words(language, key, &values(language))).await {
                    Ok(letter) => letters.push(letter),
                    // Somebody without an address does not keep the others from knowing.
                    Err(error) => tracing::error!(account = reader, letter = key, %error, "a letter was not sent"),
                }
            }
        }
        let (action, object, is_good) = event;
        let event = rights::Event {
            organisation: 0,
            account: None,
            via: access::Via::Local,
            address: None,
            action: action.to_owned(),
            object,
            outcome: if is_good { rights::Outcome::Done } else { rights::Outcome::Failed },
            row: String::new(),
        };
        let work = move |tx: &mut Tx<'_>| {
            if mark(tx)? {
                rights::record(tx, &event)?;
                for letter in &letters {
                    letter.post(tx)?;
                }
            }
            Ok::<_, LetterFault>(())
        };
        controls.store.write(work).await
    };
    if let Err(error) = telling.await {
        tracing::error!(letter = key, %error, "those who look after the machine were not told; it is tried again");
    }
}

/// Sends a letter; false, with a line in the log, if it does not go.
pub(super) async fn tell(
    controls: &Controls,
    account: i64,
    key: &'static str,
    values: impl Fn(Language) -> Vec<(&'static str, String)> + Send + Sync,
) -> bool {
    let sending = async {
        let ready = controls.mailer.notice(account, |language| words(language, key, &values(language))).await?;
        controls.store.write(move |tx| ready.post(tx)).await?;
        Ok::<_, LetterFault>(())
    };
    match sending.await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(account, letter = key, %error, "a letter about access was not sent");
            false
        }
    }
}

fn words(language: Language, key: &str, values: &[(&str, String)]) -> Words {
    let texts = Texts::of(language);
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say(&format!("{key}-subject"), &values),
        text: texts.say(key, &values),
    }
}

/// Tells those who look after the installation, in every organisation.
pub(super) async fn tell_administrators(controls: &Controls, key: &'static str, values: &[(&'static str, String)]) {
    tell_administrators_each(controls, key, |_| values.to_vec()).await;
}

/// The same, with values that depend on the language of the reader.
pub(super) async fn tell_administrators_each(
    controls: &Controls,
    key: &'static str,
    values: impl Fn(Language) -> Vec<(&'static str, String)> + Send + Sync,
) {
    let organisations = match controls.store.read(identity::list_organisations).await {
        Ok(organisations) => organisations,
        Err(error) => {
            tracing::error!(letter = key, %error, "cannot find out who is to be told");
            return;
        }
    };
    for organisation in organisations {
        for reader in readers(controls, organisation.id, Right::StoreCheck).await {
            tell(controls, reader, key, &values).await;
        }
    }
}

async fn address_of(controls: &Controls, account: i64) -> String {
    let found = controls.store.read(move |tx| identity::list_addresses(tx, account)).await;
    found.ok().and_then(|addresses| addresses.into_iter().next()).unwrap_or_else(|| account.to_string())
}

/// Those of an organisation who have a right over it.
pub(super) async fn readers(controls: &Controls, organisation: i64, right: Right) -> Vec<i64> {
    let settings = controls.access.now();
    let found =
        controls.store.read(move |tx| rights::people_who_may(tx, organisation, right, READERS_MAX, &settings)).await;
    found.unwrap_or_else(|error| {
        tracing::error!(%error, "cannot find out who is to be told");
        Vec::new()
    })
}
