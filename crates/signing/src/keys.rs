//! The keys of each domain, as rows: plain functions over a transaction.

use std::time::Duration;

use env::Timestamp;
use mailauth::{KeyKind, SigningKey};
use store::{Row, StoreError, Tx, params};

use crate::{FreshKey, SigningError};

/// Keys that one list gives.
const LISTED_MAX: i64 = 10_000;

/// What selectors begin with; a number follows that no earlier key of the domain had.
const SELECTOR: &str = "tw";

/// What a key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Not yet used: DNS does not show its record.
    Waiting,
    /// Signs.
    Signing,
    /// Signs no more. Its record stays for a while, its private part is gone.
    Retired,
}

impl KeyState {
    /// The word in the store and in lists.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Signing => "signing",
            Self::Retired => "retired",
        }
    }

    fn parse(word: &str) -> Result<Self, SigningError> {
        let found = [Self::Waiting, Self::Signing, Self::Retired].into_iter().find(|state| state.word() == word);
        found.ok_or_else(|| SigningError::Word(word.to_owned()))
    }
}

/// A key without its private part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Canonical domain.
    pub domain: String,
    /// Its selector.
    pub selector: String,
    /// RSA or Ed25519.
    pub kind: KeyKind,
    /// Whether it signs.
    pub state: KeyState,
    /// Value of its TXT record.
    pub record: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it came into its state.
    pub changed: Timestamp,
    /// When the record of a retired key may be replaced by a revoked one.
    pub remove_after: Option<Timestamp>,
}

impl Key {
    /// Name of its record.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.domain, &self.selector)
    }
}

/// Name of a key's record (RFC 6376 section 3.6.2.1).
#[must_use]
pub fn name(domain: &str, selector: &str) -> String {
    format!("{selector}._domainkey.{domain}")
}

/// The keys of a domain, or of all, oldest first.
///
/// # Errors
/// [`SigningError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, domain: Option<&str>) -> Result<Vec<Key>, SigningError> {
    let rows = match domain {
        Some(domain) => tx.rows(
            "SELECT domain, selector, kind, state, record, created, changed, remove_after FROM dkim_key
             WHERE domain = $1 ORDER BY domain, created, selector LIMIT $2",
            params![domain, LISTED_MAX],
            columns,
        ),
        None => tx.rows(
            "SELECT domain, selector, kind, state, record, created, changed, remove_after FROM dkim_key
             ORDER BY domain, created, selector LIMIT $1",
            params![LISTED_MAX],
            columns,
        ),
    }?;
    rows.into_iter().map(|(texts, times)| key(texts, times)).collect()
}

type Columns = ([String; 5], [i64; 3]);

fn columns(row: &Row<'_>) -> Result<Columns, StoreError> {
    let text = |place| Ok::<_, StoreError>(row.text(place)?.to_owned());
    let texts = [text(0)?, text(1)?, text(2)?, text(3)?, text(4)?];
    Ok((texts, [row.int(5)?, row.int(6)?, row.int(7)?]))
}

fn key(texts: [String; 5], times: [i64; 3]) -> Result<Key, SigningError> {
    let [domain, selector, kind, state, record] = texts;
    let [created, changed, remove_after] = times;
    Ok(Key {
        domain,
        selector,
        kind: parse_kind(&kind)?,
        state: KeyState::parse(&state)?,
        record,
        created: Timestamp::from_millis(created),
        changed: Timestamp::from_millis(changed),
        remove_after: (remove_after > 0).then(|| Timestamp::from_millis(remove_after)),
    })
}

fn parse_kind(word: &str) -> Result<KeyKind, SigningError> {
    let found = [KeyKind::Rsa, KeyKind::Ed25519].into_iter().find(|kind| kind.word() == word);
    found.ok_or_else(|| SigningError::Word(word.to_owned()))
}

/// Gives a domain without usable keys its first ones, which sign at once.
///
/// # Errors
/// [`SigningError`] if the domain is not hosted here or has keys that wait or sign.
pub fn add(tx: &mut Tx<'_>, domain: &str, fresh: &[FreshKey]) -> Result<Vec<Key>, SigningError> {
    let organisation = take_domain(tx, domain)?;
    let known = list(tx, Some(domain))?;
    if known.iter().any(|key| key.state != KeyState::Retired) {
        return Err(SigningError::HasKeys(domain.to_owned()));
    }
    insert(tx, organisation, domain, &known, fresh, KeyState::Signing)
}

/// Makes new keys for a domain, which sign once DNS shows their records.
///
/// # Errors
/// [`SigningError`] if the domain has no keys, or new ones wait already.
pub fn rotate(tx: &mut Tx<'_>, domain: &str, fresh: &[FreshKey]) -> Result<Vec<Key>, SigningError> {
    let organisation = take_domain(tx, domain)?;
    let known = list(tx, Some(domain))?;
    if let Some(waiting) = known.iter().find(|key| key.state == KeyState::Waiting) {
        return Err(SigningError::Waiting { domain: domain.to_owned(), name: waiting.name() });
    }
    if known.is_empty() {
        return Err(SigningError::NoKeys(domain.to_owned()));
    }
    insert(tx, organisation, domain, &known, fresh, KeyState::Waiting)
}

fn insert(
    tx: &mut Tx<'_>,
    organisation: i64,
    domain: &str,
    known: &[Key],
    fresh: &[FreshKey],
    state: KeyState,
) -> Result<Vec<Key>, SigningError> {
    let context = tx.context();
    let sealing = context.keys.organisation(tx, organisation)?;
    let now = tx.now();
    let number = |key: &Key| key.selector.strip_prefix(SELECTOR).and_then(|digits| digits.parse::<u64>().ok());
    let first = known.iter().filter_map(number).max().unwrap_or(0).saturating_add(1);
    let mut made = Vec::with_capacity(fresh.len());
    for (number, fresh) in (first..).zip(fresh) {
        let selector = format!("{SELECTOR}{number}");
        let sealed = sealing.sealing().seal(&*context.entropy, &place(domain, &selector), &fresh.private);
        tx.execute(
            "INSERT INTO dkim_key (domain, selector, kind, state, private, record, created, changed, remove_after)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0)",
            params![domain, &selector, fresh.kind.word(), state.word(), &sealed, &fresh.record, now.millis()],
        )?;
        let (domain, record) = (domain.to_owned(), fresh.record.clone());
        made.push(Key {
            domain,
            selector,
            kind: fresh.kind,
            state,
            record,
            created: now,
            changed: now,
            remove_after: None,
        });
    }
    Ok(made)
}

/// Lets a waiting key sign, in place of those of its kind that did; their records may go after `overlap`. False if it does not wait
/// (any more).
///
/// # Errors
/// [`SigningError`] if the store fails.
pub(crate) fn activate(tx: &mut Tx<'_>, key: &Key, overlap: Duration) -> Result<bool, SigningError> {
    take_domain(tx, &key.domain)?;
    let now = tx.now();
    let changed = tx.execute(
        "UPDATE dkim_key SET state = 'signing', changed = $3 WHERE domain = $1 AND selector = $2 AND state = 'waiting'",
        params![&key.domain, &key.selector, now.millis()],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    tx.execute(
        "UPDATE dkim_key SET state = 'retired', private = $6, changed = $4, remove_after = $5
         WHERE domain = $1 AND kind = $2 AND state = 'signing' AND selector <> $3",
        params![
            &key.domain,
            key.kind.word(),
            &key.selector,
            now.millis(),
            now.plus(overlap).millis(),
            &Vec::<u8>::new()
        ],
    )?;
    Ok(true)
}

/// Lets a key, or all keys of the domain, sign no more from now on, and destroys their private parts. Gives their selectors.
///
/// # Errors
/// [`SigningError::NoSuchKey`] if there is none that could be retired.
pub fn retire(
    tx: &mut Tx<'_>,
    domain: &str,
    selector: Option<&str>,
    overlap: Duration,
) -> Result<Vec<String>, SigningError> {
    take_domain(tx, domain)?;
    let known = list(tx, Some(domain))?;
    let is_meant = |key: &&Key| key.state != KeyState::Retired && selector.is_none_or(|wanted| wanted == key.selector);
    let meant: Vec<String> = known.iter().filter(is_meant).map(|key| key.selector.clone()).collect();
    if meant.is_empty() {
        let selector = selector.unwrap_or("*").to_owned();
        return Err(SigningError::NoSuchKey { domain: domain.to_owned(), selector });
    }
    let now = tx.now();
    for selector in &meant {
        tx.execute(
            "UPDATE dkim_key SET state = 'retired', private = $5, changed = $3, remove_after = $4
             WHERE domain = $1 AND selector = $2",
            params![domain, selector, now.millis(), now.plus(overlap).millis(), &Vec::<u8>::new()],
        )?;
    }
    Ok(meant)
}

/// The keys that sign for a domain, opened.
///
/// # Errors
/// [`SigningError`] if the store fails or a key does not open.
pub fn load(tx: &mut Tx<'_>, domain: &str) -> Result<Vec<SigningKey>, SigningError> {
    let rows = tx.rows(
        "SELECT k.selector, k.kind, k.private, d.organisation FROM dkim_key k JOIN domain d ON d.name = k.domain
         WHERE k.domain = $1 AND k.state = 'signing' ORDER BY k.created, k.selector LIMIT $2",
        params![domain, LISTED_MAX],
        |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.bytes(2)?.to_vec(), row.int(3)?)),
    )?;
    let mut keys = Vec::with_capacity(rows.len());
    for (selector, kind, sealed, organisation) in rows {
        let opening = tx.context().keys.organisation(tx, organisation)?;
        let private = opening.sealing().open("DKIM key", &place(domain, &selector), &sealed)?;
        let private = zeroize::Zeroizing::new(private);
        keys.push(SigningKey::new(parse_kind(&kind)?, domain, &selector, &private)?);
    }
    Ok(keys)
}

/// Takes the row of a hosted domain, which serialises changes of its keys; gives its organisation.
fn take_domain(tx: &mut Tx<'_>, domain: &str) -> Result<i64, SigningError> {
    let organisation =
        tx.row("UPDATE domain SET created = created WHERE name = $1 RETURNING organisation", params![domain], |row| {
            row.int(0)
        })?;
    organisation.ok_or_else(|| SigningError::NoDomain(domain.to_owned()))
}

fn place(domain: &str, selector: &str) -> Vec<u8> {
    format!("dkim_key.private {domain} {selector}").into_bytes()
}
