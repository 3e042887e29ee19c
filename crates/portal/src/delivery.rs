//! A delivery from its making to its end.

use std::time::Duration;

use crypto::hash::sha256;
use env::Timestamp;
use factors::sms::PhoneNumber;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};

use crate::sealed::{octets, open, seal, show};
use crate::{Lock, PortalError, PortalSettings, forget};

pub(crate) const PLACE: &str = "portal delivery";

/// Octets of a name in links: nobody finds one by trying.
const NAME_OCTETS: usize = 16;

/// How long an unfinished delivery waits for its chunks.
const DRAFT_FOR: Duration = Duration::from_secs(86_400);

const DAY: Duration = Duration::from_secs(86_400);

/// Parts of one delivery: the message and its files.
const PARTS_MAX: usize = 101;

/// Deliveries of an account that are listed.
const LISTED_MAX: u32 = 500;

const ADDRESS_BYTES_MAX: usize = 320;

/// Octets of a key of 32 wrapped with AES-256-GCM: nonce, key, tag.
const WRAPPED: (usize, usize) = (60, 60);

/// What a sender's browser makes a delivery from. Octets are in base64url.
#[derive(Debug, Clone)]
pub struct New {
    /// The partner's address.
    pub to: String,
    /// Language of the letter and of the page, `zh` or `en`.
    pub language: String,
    /// How key and proof are derived.
    pub lock: Lock,
    /// What the partner's browser will show, 32 octets.
    pub proof: String,
    /// The content key under the key from password or link.
    pub key: String,
    /// Public key (X25519) that replies are encrypted to, 32 octets.
    pub reply_key: String,
    /// The private one under the content key.
    pub reply_secret: String,
    /// What the sender's browser keeps for itself, sealed by it.
    pub own: String,
    /// Where a code goes before it is handed out.
    pub telephone: Option<PhoneNumber>,
    /// Days until it expires; 0 for as many as usual.
    pub days: u32,
    /// How often it may be opened; 0 for as often as usual.
    pub openings: u32,
}

/// One of the message and its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Chunks that it was cut into, at least one.
    pub chunks: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Detail {
    pub(crate) name: String,
    pub(crate) to: String,
    pub(crate) language: String,
    pub(crate) lock: Lock,
    pub(crate) proof_hash: [u8; 32],
    pub(crate) key: String,
    pub(crate) reply_key: String,
    pub(crate) reply_secret: String,
    pub(crate) own: String,
    pub(crate) telephone: Option<String>,
    pub(crate) days: u32,
    #[serde(default)]
    pub(crate) parts: Vec<Part>,
}

/// Where a delivery is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its chunks are on their way.
    Draft,
    /// It waits for the partner.
    Open,
    /// Its sender has taken it back.
    Revoked,
}

/// A delivery.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Account of the sender.
    pub account: i64,
    /// Its number.
    pub id: i64,
    /// Where it is in its life; what is over is told by `expires`.
    pub state: State,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it can be opened.
    pub expires: Timestamp,
    /// How often it was opened.
    pub openings: u32,
    /// How often it may be.
    pub openings_max: u32,
    /// When it was opened last.
    pub opened: Option<Timestamp>,
    /// Wrong proofs and codes since it was sent or extended.
    pub wrong: u32,
    /// Bytes of its chunks, those of replies included.
    pub bytes: u64,
    pub(crate) detail: Detail,
    pub(crate) code: Option<Vec<u8>>,
}

/// A line of the sender's list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The delivery.
    pub delivery: Delivery,
    /// Replies that have come.
    pub replies: u32,
}

impl Delivery {
    /// Its name in links.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.detail.name
    }

    /// The partner's address.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.detail.to
    }

    /// Language of the partner, `zh` or `en`.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.detail.language
    }

    /// Days that its sender chose; 0 for as many as usual.
    #[must_use]
    pub const fn days(&self) -> u32 {
        self.detail.days
    }

    /// How key and proof are derived.
    #[must_use]
    pub const fn lock(&self) -> &Lock {
        &self.detail.lock
    }

    /// The wrapped content key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.detail.key
    }

    /// Key that replies are encrypted to.
    #[must_use]
    pub fn reply_key(&self) -> &str {
        &self.detail.reply_key
    }

    /// Its private half under the content key, for the sender.
    #[must_use]
    pub fn reply_secret(&self) -> &str {
        &self.detail.reply_secret
    }

    /// What the sender's browser keeps for itself.
    #[must_use]
    pub fn own(&self) -> &str {
        &self.detail.own
    }

    /// Where a code goes.
    #[must_use]
    pub fn telephone(&self) -> Option<PhoneNumber> {
        self.detail.telephone.as_deref().and_then(|number| PhoneNumber::parse(number).ok())
    }

    /// The message and its files.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.detail.parts
    }

    /// Whether its time is over at `now`.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires <= now
    }
}

/// The keyed hash under which a name in a link is found.
pub(crate) fn hash_of(tx: &Tx<'_>, name: &str) -> [u8; 32] {
    tx.context().keys.region().hashing().hash(&[b"portal delivery ", name.as_bytes()].concat())
}

/// Makes a delivery that waits for its chunks.
///
/// # Errors
/// [`PortalError`] if a value cannot be used or the account has too much.
pub fn create(tx: &mut Tx<'_>, account: i64, new: &New, settings: &PortalSettings) -> Result<Delivery, PortalError> {
    if !settings.enabled {
        return Err(PortalError::Off);
    }
    let detail = detail_of(tx, new, settings)?;
    let now = tx.now();
    let since = now.millis().saturating_sub(i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX));
    let made = tx.row(
        "SELECT COUNT(*) FROM portal_delivery WHERE account = $1 AND created > $2",
        params![account, since],
        |row| row.uint32(0),
    )?;
    if made.unwrap_or(0) >= settings.daily_max {
        return Err(PortalError::TooMuch(format!("at most {} deliveries can be made in a day", settings.daily_max)));
    }
    let id = tx.next_id();
    let (name, sealed) = (hash_of(tx, &detail.name), seal(tx, account, PLACE, id, &detail)?);
    tx.execute(
        "INSERT INTO portal_delivery
            (account, id, name, state, created, expires, openings, openings_max, opened, wrong, bytes, detail)
         VALUES ($1, $2, $3, 'draft', $4, $5, 0, $6, 0, 0, 0, $7)",
        params![
            account,
            id,
            &name[..],
            now.millis(),
            now.plus(DRAFT_FOR).millis(),
            settings.openings(new.openings),
            &sealed
        ],
    )?;
    by_id(tx, account, id)?.ok_or(PortalError::NoDelivery)
}

fn detail_of(tx: &Tx<'_>, new: &New, settings: &PortalSettings) -> Result<Detail, PortalError> {
    let invalid = |name, why: &str| PortalError::Invalid { name, why: why.to_owned() };
    if new.to.len() > ADDRESS_BYTES_MAX || !new.to.contains('@') || new.to.chars().any(char::is_control) {
        return Err(invalid("to", "must be an address"));
    }
    if !["zh", "en"].contains(&new.language.as_str()) {
        return Err(invalid("language", "must be zh or en"));
    }
    if new.days > settings.days_max {
        return Err(invalid("days", &format!("may be at most {}", settings.days_max)));
    }
    if new.openings > settings.openings_max {
        return Err(invalid("openings", &format!("may be at most {}", settings.openings_max)));
    }
    new.lock.check()?;
    let proof = octets("proof", &new.proof, (32, 32))?;
    octets("key", &new.key, WRAPPED)?;
    octets("reply_key", &new.reply_key, (32, 32))?;
    octets("reply_secret", &new.reply_secret, WRAPPED)?;
    octets("own", &new.own, (0, 4096))?;
    let mut name = [0; NAME_OCTETS];
    tx.context().entropy.fill(&mut name);
    Ok(Detail {
        name: show(&name),
        to: new.to.clone(),
        language: new.language.clone(),
        lock: new.lock.clone(),
        proof_hash: sha256(&proof),
        key: new.key.clone(),
        reply_key: new.reply_key.clone(),
        reply_secret: new.reply_secret.clone(),
        own: new.own.clone(),
        telephone: new.telephone.as_ref().map(|number| number.as_str().to_owned()),
        days: new.days,
        parts: Vec::new(),
    })
}

/// Lets the partner open it from now on, once every chunk of `parts` is there.
///
/// # Errors
/// [`PortalError`] if one is missing, or it was sent before.
pub fn send(
    tx: &mut Tx<'_>,
    account: i64,
    name: &str,
    parts: &[Part],
    settings: &PortalSettings,
) -> Result<Delivery, PortalError> {
    let mut found = load(tx, account, name)?;
    if found.state != State::Draft || found.is_expired(tx.now()) {
        return Err(PortalError::State);
    }
    check_parts(tx, account, found.id, 0, parts)?;
    found.detail.parts = parts.to_vec();
    let sealed = seal(tx, account, PLACE, found.id, &found.detail)?;
    found.expires = tx.now().plus(settings.days(found.detail.days));
    found.state = State::Open;
    tx.execute(
        "UPDATE portal_delivery SET state = 'open', expires = $3, detail = $4 WHERE account = $1 AND id = $2",
        params![account, found.id, found.expires.millis(), &sealed],
    )?;
    Ok(found)
}

/// Whether exactly the chunks of `parts` are there.
pub(crate) fn check_parts(
    tx: &mut Tx<'_>,
    account: i64,
    delivery: i64,
    reply: i64,
    parts: &[Part],
) -> Result<(), PortalError> {
    let invalid = |why: &str| PortalError::Invalid { name: "parts", why: why.to_owned() };
    if parts.is_empty() || parts.len() > PARTS_MAX {
        return Err(invalid(&format!("must be 1 to {PARTS_MAX}")));
    }
    let kept = tx.rows(
        "SELECT part, COUNT(*), MAX(number) FROM portal_chunk WHERE account = $1 AND delivery = $2 AND reply = $3
         GROUP BY part ORDER BY part",
        params![account, delivery, reply],
        |row| Ok((row.uint32(0)?, row.int(1)?, row.int(2)?)),
    )?;
    if kept.len() > parts.len() {
        return Err(invalid("are fewer than have chunks"));
    }
    for (part, wanted) in (0u32..).zip(parts) {
        let (found, last) =
            kept.iter().find(|(kept, ..)| *kept == part).map_or((0, -1), |(_, count, last)| (*count, *last));
        if wanted.chunks == 0 || found != i64::from(wanted.chunks) || last + 1 != found {
            return Err(PortalError::Incomplete { part, found, wanted: wanted.chunks });
        }
    }
    Ok(())
}

/// What a sender changes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Takes it back: nobody opens it any more, and its ciphertext is gone.
    Revoke,
    /// Lets it be opened until so many days from now (0: as many as usual), so many times more, and forgets wrong attempts.
    Extend {
        /// Days from now.
        days: u32,
        /// Openings beside those that were.
        openings: u32,
    },
}

/// Changes a delivery of the account.
///
/// # Errors
/// [`PortalError`] if it is not there, or what it was extended for is gone.
pub fn change(
    tx: &mut Tx<'_>,
    account: i64,
    name: &str,
    change: Change,
    settings: &PortalSettings,
) -> Result<Delivery, PortalError> {
    let mut found = load(tx, account, name)?;
    match change {
        Change::Revoke => {
            if found.state == State::Revoked {
                return Err(PortalError::Revoked);
            }
            found.bytes = found.bytes.saturating_sub(forget::release(tx, account, found.id, 0)?);
            found.state = State::Revoked;
            tx.execute(
                "UPDATE portal_delivery SET state = 'revoked', code = NULL WHERE account = $1 AND id = $2",
                params![account, found.id],
            )?;
        }
        Change::Extend { days, openings } => {
            let now = tx.now();
            match found.state {
                State::Open if !found.is_expired(now) => {}
                State::Open => return Err(PortalError::Expired),
                State::Revoked => return Err(PortalError::Revoked),
                State::Draft => return Err(PortalError::State),
            }
            if days > settings.days_max || openings > settings.openings_max {
                let why = format!("may be at most {} days, {} openings", settings.days_max, settings.openings_max);
                return Err(PortalError::Invalid { name: "extension", why });
            }
            found.expires = found.expires.max(now.plus(settings.days(days)));
            found.openings_max = found.openings_max.max(found.openings.saturating_add(settings.openings(openings)));
            found.wrong = 0;
            tx.execute(
                "UPDATE portal_delivery SET expires = $3, openings_max = $4, wrong = 0 WHERE account = $1 AND id = $2",
                params![account, found.id, found.expires.millis(), found.openings_max],
            )?;
        }
    }
    Ok(found)
}

/// The deliveries of an account, the latest first; those whose chunks never came are left out.
///
/// # Errors
/// [`PortalError::Store`].
pub fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Listed>, PortalError> {
    let ids = tx.rows(
        "SELECT d.id, (SELECT COUNT(*) FROM portal_reply r
            WHERE r.account = d.account AND r.delivery = d.id AND r.state = 'sent')
         FROM portal_delivery d WHERE d.account = $1 AND d.state <> 'draft' ORDER BY d.id DESC LIMIT $2",
        params![account, LISTED_MAX],
        |row| Ok((row.int(0)?, row.uint32(1)?)),
    )?;
    let mut listed = Vec::new();
    for (id, replies) in ids {
        if let Some(delivery) = by_id(tx, account, id)? {
            listed.push(Listed { delivery, replies });
        }
    }
    Ok(listed)
}

/// The deliveries of an account to a partner with `address`, in lowercase, those that are over and not forgotten yet included.
///
/// # Errors
/// [`PortalError::Store`].
pub fn to_partner(tx: &mut Tx<'_>, account: i64, address: &str) -> Result<Vec<Delivery>, PortalError> {
    let ids =
        tx.rows("SELECT id FROM portal_delivery WHERE account = $1 ORDER BY id", params![account], |row| row.int(0))?;
    let mut found = Vec::new();
    for id in ids {
        found.extend(by_id(tx, account, id)?.filter(|delivery| delivery.to().to_lowercase() == address));
    }
    Ok(found)
}

/// A delivery of the account by its name.
///
/// # Errors
/// [`PortalError::NoDelivery`] if the account has none of that name.
pub fn load(tx: &mut Tx<'_>, account: i64, name: &str) -> Result<Delivery, PortalError> {
    let found = find(tx, name)?;
    if found.account == account { Ok(found) } else { Err(PortalError::NoDelivery) }
}

/// Whether the delivery waits for its chunks.
pub(crate) fn is_draft(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<bool, PortalError> {
    let state = tx.row(
        "SELECT state FROM portal_delivery WHERE account = $1 AND id = $2 AND expires > $3",
        params![account, id, tx.now().millis()],
        |row| Ok(row.text(0)? == "draft"),
    )?;
    state.ok_or(PortalError::NoDelivery)
}

/// Whoever's delivery has that name.
pub(crate) fn find(tx: &mut Tx<'_>, name: &str) -> Result<Delivery, PortalError> {
    let hash = hash_of(tx, name);
    let place = tx.row("SELECT account, id FROM portal_delivery WHERE name = $1", params![&hash[..]], |row| {
        Ok((row.int(0)?, row.int(1)?))
    })?;
    let Some((account, id)) = place else { return Err(PortalError::NoDelivery) };
    by_id(tx, account, id)?.ok_or(PortalError::NoDelivery)
}

fn by_id(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Option<Delivery>, StoreError> {
    let row = tx.row(
        "SELECT state, created, expires, openings, openings_max, opened, wrong, bytes, detail, code
         FROM portal_delivery WHERE account = $1 AND id = $2",
        params![account, id],
        |row| {
            let state = match row.text(0)? {
                "open" => State::Open,
                "revoked" => State::Revoked,
                _ => State::Draft,
            };
            let opened = row.int(5)?;
            let times = (Timestamp::from_millis(row.int(1)?), Timestamp::from_millis(row.int(2)?));
            let counts = (row.uint32(3)?, row.uint32(4)?, row.uint32(6)?, row.int(7)?.unsigned_abs());
            Ok((state, times, counts, opened, row.bytes(8)?.to_vec(), row.bytes_opt(9)?.map(<[u8]>::to_vec)))
        },
    )?;
    let Some((state, (created, expires), (openings, openings_max, wrong, bytes), opened, detail, code)) = row else {
        return Ok(None);
    };
    let detail = open(tx, account, PLACE, id, &detail)?;
    let opened = (opened > 0).then(|| Timestamp::from_millis(opened));
    Ok(Some(Delivery {
        account,
        id,
        state,
        created,
        expires,
        openings,
        openings_max,
        opened,
        wrong,
        bytes,
        detail,
        code,
    }))
}
