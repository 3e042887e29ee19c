//! Erasure: of an account by destroying its keys, of somebody outside place by place; what stays, and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use guard::GuardError;
use guard::person::sweep;
use identity::groups::{self, Member};
use identity::{Effect, EntryKind, Language, lists};
use mailbox::removed;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::holds::{self, Hold};
use store::{Store, Tx, params};

use crate::cards::Cards;
use crate::held;
use crate::request::{Request, change, check_text, load};
use crate::step::{self, By};
use crate::words::{Kind, Place};
use crate::{SubjectError, mentions, proof, search, texts};

/// Messages that are removed in one transaction.
const REMOVED_AT_ONCE: usize = 100;

/// Attempts to change rows that others change at the same time.
const ATTEMPTS_MAX: u32 = 5;

/// That business mail goes, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Why it need not stay.
    pub reason: String,
}

/// What stays, and on which basis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Where.
    pub place: String,
    /// How many things; 0 where nobody counts.
    pub things: u64,
    /// Name of the basis: retention, hold, claims, security, delivery, record, backup.
    pub basis: String,
}

/// The keys of an account that were destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Destroyed {
    pub(crate) account: i64,
    pub(crate) keys: Vec<String>,
    pub(crate) event: i64,
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Erased {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// How many things, by place.
    pub gone: BTreeMap<String, u64>,
    /// What stays.
    pub kept: Vec<Kept>,
    #[serde(default)]
    pub(crate) destroyed: Option<Destroyed>,
}

impl Erased {
    /// Whether keys of an account were destroyed, of which there is a proof.
    #[must_use]
    pub const fn has_proof(&self) -> bool {
        self.destroyed.is_some()
    }

    fn went(&mut self, place: Place, things: u64) {
        if things > 0 {
            *self.gone.entry(place.to_string()).or_default() += things;
        }
    }

    fn stays(&mut self, place: Place, things: u64, basis: &str) {
        if things == 0 {
            return;
        }
        let place = place.to_string();
        match self.kept.iter_mut().find(|it| it.place == place && it.basis == basis) {
            Some(known) => known.things += things,
            None => self.kept.push(Kept { place, things, basis: basis.to_owned() }),
        }
    }

    /// What was erased and what stays, in words for the person.
    pub(crate) fn told(&self, language: Language) -> String {
        let texts = texts::of(language);
        let name = |place: &str| texts.say(&format!("place-{place}-name"), &[]);
        let mut lines: Vec<String> = self
            .gone
            .iter()
            .map(|(place, things)| texts.say("gone-line", &[("place", &name(place)), ("things", &things.to_string())]))
            .collect();
        lines.extend(self.kept.iter().map(|kept| {
            let basis = texts.say(&format!("kept-{}", kept.basis), &[]);
            match kept.things {
                0 => basis,
                things => {
                    let values = [("place", name(&kept.place)), ("things", things.to_string()), ("basis", basis)];
                    let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
                    texts.say("kept-line", &values)
                }
            }
        }));
        lines.iter().map(|line| format!("- {line}\n")).collect()
    }
}

/// Erases the person of a request: an account of ours with its keys, and what is held of the addresses in each place of the organisation. Business mail
/// stays for as long as its retention says, unless `removal` says why it need not. A second call goes on where one broke off.
///
/// # Errors
/// [`SubjectError::Held`] if a legal hold keeps what is to be erased: then nothing is; or if the request asks for something else, it is not known who
/// asks, or the store fails.
pub async fn erase(
    store: &Store,
    cards: Arc<dyn Cards>,
    organisation: i64,
    id: i64,
    removal: Option<Removal>,
    by: By,
) -> Result<Erased, SubjectError> {
    let request = store.read(move |tx| check(tx, organisation, id)).await?;
    if let Some(removal) = &removal {
        check_text("the reason", &removal.reason)?;
    }
    let mut erased = request.erased.clone().unwrap_or_default();
    erased.kept.clear();
    if let Some(account) = request.account {
        let by = by.clone();
        let work = move |tx: &mut Tx<'_>| erase_account(tx, organisation, id, account, &by);
        erased.destroyed = Some(store.write(work).await?);
        // Its keys are gone from the log of changes of an embedded store, too.
        store::erasures::reach_store(store).await?;
        erased.went(Place::Mailboxes, 1);
    }
    erase_from_accounts(store, &cards, &request, removal.is_some(), &mut erased).await?;
    for address in &request.addresses {
        erase_from_organisation(store, organisation, address, removal.is_some(), &mut erased).await?;
        erase_traces(store, organisation, address, &mut erased).await?;
        erase_inside(store, organisation, address, &mut erased).await?;
    }
    note_kept(store, &request, &mut erased).await?;
    erased.at = store.context().clock.now().millis();
    let (kept, reason) = (erased.clone(), removal.map(|it| it.reason).unwrap_or_default());
    let finish = move |tx: &mut Tx<'_>| {
        tx.execute("DELETE FROM subject_mail WHERE request = $1", params![id])?;
        change(tx, organisation, id, |detail| {
            detail.carried_out = true;
            detail.erased = Some(kept.clone());
        })?;
        step::note(tx, request.of(), "erased", &by, &reason)
    };
    store.write(finish).await?;
    if let Err(error) = store.empty_log().await {
        tracing::warn!(%error, "what was erased is still in the store's log of changes until that is emptied by itself");
    }
    Ok(erased)
}

/// Whether it may be erased; nothing of it is done.
fn check(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Request, SubjectError> {
    let request = load(tx, organisation, id)?;
    request.check_open()?;
    request.check_kind(&[Kind::Erasure])?;
    request.check_identified()?;
    let against = match request.account {
        Some(account) => holds::of_account(tx, account)?,
        None => holds_on(tx, organisation, &request.addresses)?,
    };
    if !against.is_empty() {
        return Err(SubjectError::Held(against));
    }
    if let Some(account) = request.account {
        let own = identity::list_addresses(tx, account)?;
        if own.iter().any(|own| own.to_lowercase() == request.answer_to) {
            return Err(SubjectError::AnswerErased(request.answer_to));
        }
    }
    Ok(request)
}

/// Holds in force that name somebody outside, or keep everything.
fn holds_on(tx: &mut Tx<'_>, organisation: i64, addresses: &[String]) -> Result<Vec<Hold>, SubjectError> {
    let names = |hold: &Hold| match &hold.detail.with {
        Some(with) => addresses.iter().any(|address| removed::is_of(with, address)),
        None => hold.everyone && hold.detail.is_whole(),
    };
    let all = holds::list(tx, organisation)?;
    Ok(all.into_iter().filter(|hold| hold.ended.is_none() && names(hold)).collect())
}

/// Destroys an account with its keys, and records which, in one transaction.
fn erase_account(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    account: i64,
    by: &By,
) -> Result<Destroyed, SubjectError> {
    // Once more where it counts: a hold may have begun meanwhile.
    let request = check(tx, organisation, id)?;
    let keys = keys_of(tx, account)?;
    let object = json!({
        "request": format!("{id:x}"), "person": request.person, "keys": keys.len(), "keys_sha256": proof::digest_of(&keys),
    });
    let event = step::note_with(tx, request.of(), proof::DESTROYED, by, "", object)?;
    let destroyed = Destroyed { account, keys, event };
    let noted = destroyed.clone();
    let at = tx.now().millis();
    // What a law wants in the journal stays; it rests under the organisation's key.
    let journal = mailbox::journaled::forget(tx, account)?;
    change(tx, organisation, id, |detail| {
        let erased = detail.erased.get_or_insert_with(Erased::default);
        (erased.at, erased.destroyed) = (at, Some(noted));
        erased.went(Place::Mailboxes, journal.gone);
        erased.stays(Place::Mailboxes, journal.kept, "retention");
    })?;
    identity::delete_account(tx, account)?;
    Ok(destroyed)
}

/// The keys of an account by names that tell nothing of them: that of its mail by the hash of what it is wrapped in, private keys of people by number.
fn keys_of(tx: &mut Tx<'_>, account: i64) -> Result<Vec<String>, SubjectError> {
    let wrapped =
        tx.row("SELECT key_wrapped FROM account WHERE id = $1", params![account], |row| Ok(row.bytes(0)?.to_vec()))?;
    let mut keys = Vec::new();
    if let Some(wrapped) = wrapped {
        keys.push(format!("account:{account:x}:{}", proof::hex(&crypto::hash::sha256(&wrapped))));
    }
    for (kind, sql) in [
        ("smime", "SELECT id FROM smime_key WHERE account = $1 ORDER BY id"),
        ("openpgp", "SELECT id FROM pgp_key WHERE account = $1 ORDER BY id"),
    ] {
        let ids = tx.rows(sql, params![account], |row| row.int(0))?;
        keys.extend(ids.into_iter().map(|id| format!("{kind}:{id:x}")));
    }
    Ok(keys)
}

/// What accounts have of the person: cards, forwarding, deliveries, and mail if that goes.
async fn erase_from_accounts(
    store: &Store,
    cards: &Arc<dyn Cards>,
    request: &Request,
    removes: bool,
    erased: &mut Erased,
) -> Result<(), SubjectError> {
    let mut after = 0;
    loop {
        let page = search::accounts(store, request.organisation, after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last;
        for account in page {
            let (cards, addresses) = (Arc::clone(cards), request.addresses.clone());
            let work = move |tx: &mut Tx<'_>| {
                let contacts = cards.forget(tx, account, &addresses)?;
                let (mut portal, mut open, mut forwards) = (0, 0, 0);
                for address in &addresses {
                    portal += portal::forget_partner(tx, account, address, removes)?;
                    open += portal::to_partner(tx, account, address)?.len() as u64;
                }
                for forward in identity::forward::list(tx, account)? {
                    if addresses.contains(&forward.target.to_lowercase()) {
                        identity::forward::remove(tx, account, &forward.target)?;
                        forwards += 1;
                    }
                }
                Ok::<_, SubjectError>([contacts, portal, open, forwards])
            };
            let [contacts, portal, open, forwards] = store.write(work).await?;
            erased.went(Place::Contacts, contacts);
            erased.went(Place::Portal, portal);
            erased.stays(Place::Portal, open, "retention");
            erased.went(Place::Rules, forwards);
            erase_mail(store, account, &request.addresses, removes, erased).await?;
        }
    }
}

async fn erase_mail(
    store: &Store,
    account: i64,
    addresses: &[String],
    removes: bool,
    erased: &mut Erased,
) -> Result<(), SubjectError> {
    let (handle, wanted) = (store.clone(), addresses.to_vec());
    let find = move |tx: &mut Tx<'_>| mentions::find(tx, handle.blobs(), account, &wanted);
    let found: Vec<i64> = store.read(find).await?.into_iter().map(|(message, _)| message).collect();
    if !removes {
        erased.stays(Place::Mailboxes, found.len() as u64, "retention");
        return Ok(());
    }
    for part in found.chunks(REMOVED_AT_ONCE) {
        let part = part.to_vec();
        let done = store.write(move |tx| mentions::remove(tx, account, &part)).await?;
        erased.went(Place::Mailboxes, done.gone);
        erased.stays(Place::Mailboxes, done.held, "hold");
    }
    Ok(())
}

/// What the organisation has under the address.
async fn erase_from_organisation(
    store: &Store,
    organisation: i64,
    address: &str,
    removes: bool,
    erased: &mut Erased,
) -> Result<(), SubjectError> {
    let wanted = address.to_owned();
    let known = store.read(move |tx| judgement::person::held(tx, organisation, &wanted)).await?;
    let wanted = address.to_owned();
    let partners = again(store, move |tx| guard::person::forget(tx, organisation, &wanted)).await?;
    let address = address.to_owned();
    let work = move |tx: &mut Tx<'_>| {
        let quarantined = if removes { judgement::person::delete_quarantined(tx, organisation, &address)? } else { 0 };
        let judged = judgement::person::forget(tx, organisation, &address)?;
        let keys = keybook::forget(tx, organisation, &address)? + certbook::forget_partner(tx, organisation, &address)?;
        let (lists, denied) = forget_listed(tx, organisation, &address)?;
        Ok::<_, SubjectError>([quarantined, judged, keys, lists, denied, forget_rules(tx, organisation, &address)?])
    };
    let [quarantined, judged, keys, lists, denied, rules] = store.write(work).await?;
    erased.went(Place::Partners, partners);
    erased.went(Place::Quarantine, quarantined);
    erased.stays(Place::Quarantine, (known.quarantined.len() as u64).saturating_sub(quarantined), "retention");
    let (reputation, writers) = (known.reputation.min(judged), known.writers.min(judged));
    erased.went(Place::Reputation, reputation);
    erased.went(Place::Correspondents, writers);
    erased.went(Place::Traces, judged.saturating_sub(reputation + writers));
    erased.went(Place::Keys, keys);
    erased.went(Place::Lists, lists);
    erased.stays(Place::Lists, denied, "security");
    erased.went(Place::Rules, rules);
    Ok(())
}

/// Takes the address out of message traces, some of them at a time.
async fn erase_traces(
    store: &Store,
    organisation: i64,
    address: &str,
    erased: &mut Erased,
) -> Result<(), SubjectError> {
    for whose in store.read(move |tx| held::traces_of(tx, organisation)).await? {
        loop {
            let wanted = address.to_owned();
            match store.write_freeing(move |tx| trace::erase_outside(tx, whose, &wanted)).await? {
                0 => break,
                gone => erased.went(Place::MessageTrace, gone),
            }
        }
    }
    Ok(())
}

/// Does `work` again while others change the same rows.
async fn again<T: Send + 'static>(
    store: &Store,
    work: impl Fn(&mut Tx<'_>) -> Result<T, GuardError> + Clone + Send + 'static,
) -> Result<T, SubjectError> {
    for _ in 0..ATTEMPTS_MAX {
        match store.write(work.clone()).await {
            Err(GuardError::Conflict) => {}
            other => return Ok(other?),
        }
    }
    Err(SubjectError::Busy)
}

/// Takes an address off the allow list; on the deny list it stays, as it keeps others safe. Gives how many went and how many stay.
fn forget_listed(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<(u64, u64), SubjectError> {
    let (mut gone, mut kept) = (0, 0);
    for entry in lists::list(tx, organisation)? {
        if entry.what.kind != EntryKind::Address || entry.what.value.to_lowercase() != address {
            continue;
        }
        if entry.what.effect == Effect::Allow {
            lists::remove(tx, organisation, Effect::Allow, EntryKind::Address, &entry.what.value)?;
            gone += 1;
        } else {
            kept += 1;
        }
    }
    Ok((gone, kept))
}

fn forget_rules(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<u64, SubjectError> {
    let mut gone = 0;
    for (group, _) in held::groups_with(tx, organisation, address)? {
        gone += u64::from(groups::remove_member(tx, group, &Member::Outside(address.to_owned()))?);
    }
    if queue::demands::list(tx, organisation)?.iter().any(|it| it.partner == address) {
        queue::demands::remove(tx, organisation, address)?;
        gone += 1;
    }
    Ok(gone)
}

/// Rows of the trade guard that name the person inside.
async fn erase_inside(
    store: &Store,
    organisation: i64,
    address: &str,
    erased: &mut Erased,
) -> Result<(), SubjectError> {
    let mut after = 0;
    loop {
        let address = address.to_owned();
        let page = again(store, move |tx| sweep(tx, organisation, &address, after, true)).await?;
        erased.went(Place::Partners, page.rows + page.lessons);
        erased.went(Place::Cases, page.cases - page.open_cases);
        erased.stays(Place::Cases, page.open_cases, "claims");
        match page.next {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
}

/// What is neither erased nor counted yet: mail on its way, the registers, and backups, which are not written anew.
async fn note_kept(store: &Store, request: &Request, erased: &mut Erased) -> Result<(), SubjectError> {
    let (organisation, addresses) = (request.organisation, request.addresses.clone());
    let left = store.read(move |tx| held::of_organisation(tx, organisation, &addresses)).await?;
    for held in left {
        match held.place {
            Place::Queue => erased.stays(Place::Queue, held.things, "delivery"),
            Place::Register => erased.stays(Place::Register, held.things, "record"),
            _ => {}
        }
    }
    for basis in ["record", "backup"] {
        erased.kept.push(Kept { place: Place::Register.to_string(), things: 0, basis: basis.to_owned() });
    }
    Ok(())
}
