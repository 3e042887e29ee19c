//! `Email/set` (RFC 8621 section 4.6).

use std::collections::{BTreeSet, HashMap};

use mailbox::overview::{message_state, places_of};
use mailbox::{FlagChange, Flags, MailboxError, UidRange};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{Object, SetError, SetErrorKind, apply_patch};

use super::create::{Ready, flags_of, prepare, read_blobs, store_ready};
use super::import::with_ids;
use super::{compose, keywords};
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, forbidden, not_found};
use crate::error::Failure;
use crate::ids;
use crate::reach::Reach;
use crate::run::{Answers, Created};
use crate::{Asker, Server};

/// Where a message lies: mailbox, UID, flags.
type Places = Vec<(i64, u32, Flags)>;

pub(crate) async fn set(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    args.finish()?;
    let actor = asker.account();
    let (ready, refused) = make_all(server, asker, &asked, created).await?;
    let mut names = created.clone();
    let account_id = asked.account_id.clone();
    let (made, old, new) = server
        .store
        .write(move |tx| {
            let reach = Reach::of(tx, actor, &asked.account_id)?;
            reach.check_writable()?;
            let old = message_state(tx, reach.account)?;
            asked.check_state(old)?;
            let mut made = ChangesMade { not_created: refused.clone(), ..ChangesMade::default() };
            for one in &ready {
                match store_ready(tx, &reach, one)? {
                    Ok(email) => drop(made.created.insert(one.name.clone(), email)),
                    Err(error) => made.refuse_create(&one.name, &error),
                }
            }
            names.note_all(&made.created);
            change_all(tx, &reach, &asked, &names, &mut made)?;
            Ok::<_, Failure>((made, old, message_state(tx, reach.account)?))
        })
        .await?;
    created.note_all(&made.created);
    Ok(Answers::one(made.answer(&account_id, &old.to_string(), &new.to_string())))
}

/// Puts the new messages together; those that cannot be are given back with the reason.
async fn make_all(
    server: &Server,
    asker: &Asker,
    asked: &ChangesAsked,
    created: &Created,
) -> Result<(Vec<Ready>, Object), Failure> {
    let (mut ready, mut refused) = (Vec::new(), Object::new());
    let context = server.store.context();
    let domain = asker.principal.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    for (name, email) in &asked.create {
        let Value::Object(email) = email else {
            refused.insert(name.clone(), json!(SetError::new(SetErrorKind::InvalidProperties, "must be an object")));
            continue;
        };
        let blobs = read_blobs(server, asker.account(), &asked.account_id, compose::blob_ids(email)).await?;
        let mut unique = [0; 12];
        context.entropy.fill(&mut unique);
        let unique = unique.iter().map(|byte| format!("{byte:02x}")).collect();
        let making = compose::Making { now: context.clock.now(), domain, unique, blobs: &blobs };
        let max = server.settings.now().upload_bytes_max.saturating_mul(2);
        match compose::make(email, &making) {
            Ok(raw) if raw.len() as u64 > max => {
                let error = SetError::new(SetErrorKind::TooLarge, "the message is too large");
                refused.insert(name.clone(), json!(error.with("maxSize", max.into())));
            }
            Ok(raw) => ready.push(prepare(server, name, with_ids(email, created), raw, None).await?),
            Err(error) => drop(refused.insert(name.clone(), json!(error))),
        }
    }
    Ok((ready, refused))
}

fn change_all(
    tx: &mut Tx<'_>,
    reach: &Reach,
    asked: &ChangesAsked,
    names: &Created,
    made: &mut ChangesMade,
) -> Result<(), Failure> {
    for (id, patch) in &asked.update {
        if let Some(error) = asked.refuses_update(id) {
            made.refuse_update(id, &error);
            continue;
        }
        let outcome = update(tx, reach, names.resolve(id), patch, names)?;
        made.note_update(id, outcome.map(|()| Value::Null));
    }
    for id in &asked.destroy {
        let outcome = destroy(tx, reach, names.resolve(id))?;
        made.note_destroy(id, outcome);
    }
    Ok(())
}

/// Changes keywords and mailboxes of one message. Nothing is written unless everything can be.
pub(crate) fn update(
    tx: &mut Tx<'_>,
    reach: &Reach,
    id: &str,
    patch: &Value,
    names: &Created,
) -> Result<Result<(), SetError>, Failure> {
    let Some((_, places)) = find(tx, reach, id)? else { return Ok(Err(not_found())) };
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    let known = mailbox::keywords::list(tx, reach.account)?;
    let flags = places.iter().fold(Flags::NONE, |all, (.., flags)| Flags {
        system: (all.system | flags.system) & !Flags::DELETED,
        keywords: all.keywords | flags.keywords,
    });
    let listed = places.iter().map(|(mailbox, ..)| (ids::show(*mailbox), Value::Bool(true)));
    let mut email = Object::new();
    email.insert("keywords".to_owned(), Value::Object(keywords::show(flags, &known)));
    email.insert("mailboxIds".to_owned(), Value::Object(listed.collect()));
    if let Some(other) = patch.keys().find(|path| !matches!(path.split('/').next(), Some("keywords" | "mailboxIds"))) {
        return Ok(Err(SetError::property(other.clone(), "only keywords and mailboxIds of a message can be changed")));
    }
    let patch: Object =
        patch.iter().map(|(path, value)| (names.resolve_path(path), names.resolve_keys(value))).collect();
    if let Err(error) = apply_patch(&mut email, &patch) {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, error.to_string())));
    }
    let wanted = match read_wanted(tx, reach, &email)? {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };
    let change = match plan(tx, reach, &places, flags, wanted)? {
        Ok(change) => change,
        Err(error) => return Ok(Err(error)),
    };
    apply(tx, reach.account, &places, &change)?;
    Ok(Ok(()))
}

/// The message, and where it lies for who asks.
fn find(tx: &mut Tx<'_>, reach: &Reach, id: &str) -> Result<Option<(i64, Places)>, Failure> {
    let Some(message) = ids::read(id) else { return Ok(None) };
    let mut places = places_of(tx, reach.account, message)?;
    places.retain(|(mailbox, _, flags)| !flags.has(Flags::DELETED) && reach.may_read(*mailbox));
    Ok((!places.is_empty()).then_some((message, places)))
}

/// Keywords and mailboxes that a message is to have.
pub(super) struct WantedPlace {
    pub(super) system: u8,
    pub(super) keywords: Vec<String>,
    pub(super) mailboxes: BTreeSet<i64>,
}

/// Reads and checks keywords and mailboxes of a message's object.
pub(super) fn read_wanted(
    tx: &mut Tx<'_>,
    reach: &Reach,
    email: &Object,
) -> Result<Result<WantedPlace, SetError>, Failure> {
    let empty = Value::Object(Object::new());
    let Some((system, keywords)) = keywords::read(email.get("keywords").unwrap_or(&empty)) else {
        return Ok(Err(SetError::property("keywords", "keywords must be an object of keywords that are true")));
    };
    let Some(Value::Object(listed)) = email.get("mailboxIds") else {
        return Ok(Err(SetError::property("mailboxIds", "a message must be in a mailbox")));
    };
    let mut mailboxes = BTreeSet::new();
    for (id, is_in) in listed {
        let wrong = |why: &str| Ok(Err(SetError::property("mailboxIds", format!("{id}: {why}"))));
        if is_in != &Value::Bool(true) {
            return wrong("must be true, or null to take it out");
        }
        let Some(mailbox) = ids::read(id).filter(|mailbox| reach.may_read(*mailbox)) else {
            return wrong("no such mailbox");
        };
        match mailbox::mailboxes::get(tx, reach.account, mailbox) {
            Ok(_) => mailboxes.insert(mailbox),
            Err(MailboxError::NoSuchMailbox) => return wrong("no such mailbox"),
            Err(error) => return Err(error.into()),
        };
    }
    if mailboxes.is_empty() {
        return Ok(Err(SetError::property("mailboxIds", "a message must be in a mailbox; destroy it to delete it")));
    }
    Ok(Ok(WantedPlace { system, keywords, mailboxes }))
}

/// What is to be done to a message.
struct Change {
    flags: Option<Flags>,
    enter: Vec<i64>,
    leave: Vec<(i64, u32)>,
}

fn plan(
    tx: &mut Tx<'_>,
    reach: &Reach,
    places: &Places,
    before: Flags,
    wanted: WantedPlace,
) -> Result<Result<Change, SetError>, Failure> {
    let after = match flags_of(tx, reach.account, &wanted)? {
        Ok(flags) => flags,
        Err(error) => return Ok(Err(error)),
    };
    let is_alike = places.iter().all(|(.., flags)| *flags == before);
    let flags = (after != before || !is_alike).then_some(after);
    let there: BTreeSet<i64> = places.iter().map(|(mailbox, ..)| *mailbox).collect();
    let enter: Vec<i64> = wanted.mailboxes.difference(&there).copied().collect();
    let leave: Vec<(i64, u32)> = places
        .iter()
        .filter(|(mailbox, ..)| !wanted.mailboxes.contains(mailbox))
        .map(|(mailbox, uid, _)| (*mailbox, *uid))
        .collect();
    let mut written = enter.iter().copied().chain(leave.iter().map(|(mailbox, _)| *mailbox));
    let is_permitted = written.all(|mailbox| reach.may_write(mailbox))
        && (flags.is_none() || there.iter().all(|mailbox| reach.may_write(*mailbox)));
    Ok(if is_permitted { Ok(Change { flags, enter, leave }) } else { Err(forbidden()) })
}

fn apply(tx: &mut Tx<'_>, account: i64, places: &Places, change: &Change) -> Result<(), Failure> {
    if let Some(flags) = change.flags {
        for (mailbox, uid, _) in places {
            mailbox::store_flags(tx, account, *mailbox, &[UidRange::one(*uid)], FlagChange::Set(flags), None)?;
        }
    }
    if let ([to], [(from, uid)]) = (change.enter.as_slice(), change.leave.as_slice()) {
        let outcome = mailbox::move_messages(tx, account, *from, &[UidRange::one(*uid)], *to)?;
        judgement::feedback::note_move(tx, account, *from, *to, &outcome)?;
        return Ok(());
    }
    let Some((from, uid, _)) = places.first() else { return Ok(()) };
    for to in &change.enter {
        let outcome = mailbox::copy(tx, account, *from, &[UidRange::one(*uid)], *to)?;
        judgement::feedback::note_move(tx, account, *from, *to, &outcome)?;
    }
    for (mailbox, uid) in &change.leave {
        mailbox::discard(tx, account, *mailbox, &[UidRange::one(*uid)])?;
    }
    Ok(())
}

/// Takes a message out of every mailbox.
pub(crate) fn destroy(tx: &mut Tx<'_>, reach: &Reach, id: &str) -> Result<Result<(), SetError>, Failure> {
    let Some((message, places)) = find(tx, reach, id)? else { return Ok(Err(not_found())) };
    if !places.iter().all(|(mailbox, ..)| reach.may_write(*mailbox)) {
        return Ok(Err(forbidden()));
    }
    // Also where IMAP has flagged it as deleted, so that it is gone.
    let all: HashMap<i64, Vec<UidRange>> =
        places_of(tx, reach.account, message)?.into_iter().fold(HashMap::new(), |mut all, (mailbox, uid, _)| {
            if reach.may_write(mailbox) {
                all.entry(mailbox).or_default().push(UidRange::one(uid));
            }
            all
        });
    for (mailbox, uids) in all {
        mailbox::discard(tx, reach.account, mailbox, &uids)?;
    }
    Ok(Ok(()))
}
