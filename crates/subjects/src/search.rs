//! Looking for somebody everywhere: mailbox by mailbox, and in each place of the organisation. Nobody reads anything by it.

use std::collections::BTreeMap;
use std::sync::Arc;

use guard::person::{Swept, sweep};
use serde::{Deserialize, Serialize};
use store::{Store, Tx};

use crate::cards::Cards;
use crate::held::{self, Held};
use crate::request::{change, load};
use crate::step::{self, By};
use crate::words::Place;
use crate::{SubjectError, mentions};

/// Accounts that are listed at once.
const ACCOUNTS_MAX: usize = 200;

/// Where somebody was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// How many things in each place that has some.
    pub places: BTreeMap<String, u64>,
    /// Mailboxes in which mail names him.
    pub mailboxes: u64,
    /// Mailboxes that were looked through.
    pub looked: u64,
    /// Whether the search came to its end.
    pub whole: bool,
}

impl Found {
    fn add(&mut self, place: Place, things: u64) {
        if things > 0 {
            *self.places.entry(place.to_string()).or_default() += things;
        }
    }
}

/// The accounts of an organisation behind `after`.
pub(crate) async fn accounts(store: &Store, organisation: i64, after: i64) -> Result<Vec<i64>, SubjectError> {
    let list = move |tx: &mut Tx<'_>| identity::list_accounts(tx, Some(organisation), after, ACCOUNTS_MAX);
    Ok(store.read(list).await?.into_iter().map(|it| it.id).collect())
}

/// Looks for the person of a request everywhere, and keeps what was found; what an earlier search found makes room. It may take long: what was found
/// so far is kept mailbox by mailbox.
///
/// # Errors
/// [`SubjectError`] if the request is closed or the store fails.
pub async fn search(
    store: &Store,
    cards: Arc<dyn Cards>,
    organisation: i64,
    id: i64,
    by: By,
) -> Result<Found, SubjectError> {
    let request = store.read(move |tx| load(tx, organisation, id)).await?;
    request.check_open()?;
    let now = store.context().clock.now().millis();
    let mut found = Found { at: now, ..Found::default() };
    let mut after = 0;
    loop {
        let page = accounts(store, organisation, after).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        for account in page {
            look_into(store, &cards, (id, account), &request.addresses, &mut found).await?;
        }
        let so_far = found.clone();
        let note = move |tx: &mut Tx<'_>| change(tx, organisation, id, |detail| detail.found = Some(so_far.clone()));
        store.write(note).await?;
    }
    for held in places(store, organisation, &request.addresses).await? {
        found.add(held.place, held.things);
    }
    found.whole = true;
    let kept = found.clone();
    let finish = move |tx: &mut Tx<'_>| {
        change(tx, organisation, id, |detail| detail.found = Some(kept.clone()))?;
        step::note(tx, request.of(), "searched", &by, "")
    };
    store.write(finish).await?;
    Ok(found)
}

/// Looks through one account: its mail, address books, forwarding and deliveries.
async fn look_into(
    store: &Store,
    cards: &Arc<dyn Cards>,
    (request, account): (i64, i64),
    addresses: &[String],
    found: &mut Found,
) -> Result<(), SubjectError> {
    let (handle, cards, wanted) = (store.clone(), Arc::clone(cards), addresses.to_vec());
    let look = move |tx: &mut Tx<'_>| {
        let mail = mentions::find(tx, handle.blobs(), account, &wanted)?;
        let contacts = cards.count(tx, account, &wanted)?;
        let (mut portal, mut forwards) = (0, 0);
        for address in &wanted {
            portal += portal::to_partner(tx, account, address)?.len() as u64;
        }
        for forward in identity::forward::list(tx, account)? {
            forwards += u64::from(wanted.contains(&forward.target.to_lowercase()));
        }
        Ok::<_, SubjectError>((mail, contacts, portal, forwards))
    };
    let (mail, contacts, portal, forwards) = store.read(look).await?;
    found.looked += 1;
    found.mailboxes += u64::from(!mail.is_empty());
    let keep = move |tx: &mut Tx<'_>| {
        mentions::keep(tx, request, account, &mail)?;
        let counted = mentions::counts(tx, request)?.into_iter().find(|it| it.account == account);
        Ok::<_, SubjectError>(counted.map_or((0, 0), |it| (it.messages.unsigned_abs(), it.removed.unsigned_abs())))
    };
    let (messages, removed) = store.write(keep).await?;
    found.add(Place::Mailboxes, messages);
    found.add(Place::Removed, removed);
    found.add(Place::Contacts, contacts);
    found.add(Place::Portal, portal);
    found.add(Place::Rules, forwards);
    Ok(())
}

/// What the organisation holds of the person beside mailboxes.
pub(crate) async fn places(store: &Store, organisation: i64, addresses: &[String]) -> Result<Vec<Held>, SubjectError> {
    let wanted = addresses.to_vec();
    let mut all = store.read(move |tx| held::of_organisation(tx, organisation, &wanted)).await?;
    let mut swept = Swept::default();
    for address in addresses {
        let mut after = 0;
        loop {
            let address = address.clone();
            let page = store.read(move |tx| sweep(tx, organisation, &address, after, false)).await?;
            swept.add(page);
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
    }
    all.extend(held::of_sweep(swept));
    Ok(all)
}
