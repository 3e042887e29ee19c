//! Letters about keys: before one of a person's own ends, and when that of a correspondent has changed. Each is sent once, whichever node
//! looks, and however often.

use std::collections::BTreeMap;
use std::time::Duration;

use certbook::Kept;
use env::Timestamp;
use identity::Language;
use keybook::PartnerState;
use letters::{Mailer, Texts, Words};
use store::{Store, StoreError, Tx, params};

use crate::KeycareError;
use crate::receipt::{Method, show};

const DAY: Duration = Duration::from_secs(86_400);

/// Days before the end of a key at which its owner is told.
const DAYS_BEFORE: [u64; 3] = [30, 7, 1];

/// How long it is remembered that a letter was sent, after what it was about.
const REMEMBERED_FOR: Duration = Duration::from_secs(60 * 86_400);

/// How long ago a correspondent's key may have changed for people to be told of it.
const CHANGED_WITHIN: Duration = Duration::from_secs(30 * 86_400);

/// Accounts whose certificates are looked at in one transaction.
const ACCOUNTS_MAX: i64 = 100;

/// Letters of one run; the next one goes on.
const LETTERS_MAX: usize = 500;

/// People who are told that one correspondent's key has changed.
const READERS_MAX: usize = 200;

/// A letter that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Due {
    account: i64,
    /// What it is about, and which one of several: by this it is known to have been sent.
    name: String,
    /// Until when that is remembered.
    until: Timestamp,
    about: About,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    Ends { method: Method, fingerprint: String, at: Timestamp, encrypts_receipt: bool },
    Changed { address: String, fingerprint: String, waits: bool },
}

/// Tells owners of keys that end within thirty, seven days or one: keys of OpenPGP that they keep themselves, certificates of S/MIME, and
/// what their mail is encrypted to as it comes. Keys that the server renews by itself need no letter. Gives how many letters were sent.
///
/// # Errors
/// [`KeycareError`] if the store fails; what was sent before stays sent.
pub async fn tell_of_ends(store: &Store, mailer: &Mailer) -> Result<usize, KeycareError> {
    let mut due = store.read(ending_pgp).await?;
    let mut after = i64::MIN;
    loop {
        let (found, last) = store.read(move |tx| ending_certificates(tx, after)).await?;
        due.extend(found);
        match last {
            Some(last) if due.len() < LETTERS_MAX => after = last,
            _ => break,
        }
    }
    send(store, mailer, due).await
}

/// Tells those whom `readers` names that the key of a correspondent has changed, once. Gives how many letters were sent.
///
/// # Errors
/// [`KeycareError`] if the store fails; what was sent before stays sent.
pub async fn tell_of_changes(
    store: &Store,
    mailer: &Mailer,
    readers: fn(&mut Tx<'_>, i64, &str) -> Result<Vec<i64>, StoreError>,
) -> Result<usize, KeycareError> {
    let mut due = Vec::new();
    for organisation in store.read(identity::list_organisations).await? {
        due.extend(store.read(move |tx| changed(tx, organisation.id, readers)).await?);
    }
    send(store, mailer, due).await
}

/// Forgets letters about what is long over.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn forget_letters(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM key_letter WHERE expires < $1", params![tx.now().millis()])
}

/// At which of [`DAYS_BEFORE`] an end is told now; none if it is too far, or over.
fn stage(at: Timestamp, now: Timestamp) -> Option<u64> {
    let days = DAYS_BEFORE.iter().rev().copied();
    days.into_iter()
        .find(|days| at > now && at <= now.plus(DAY.saturating_mul(u32::try_from(*days).unwrap_or(u32::MAX))))
}

fn ends(tx: &Tx<'_>, account: i64, method: Method, fingerprint: &str, at: Timestamp, receipt: bool) -> Option<Due> {
    let stage = stage(at, tx.now())?;
    let fingerprint = fingerprint.to_ascii_uppercase();
    Some(Due {
        account,
        // With its end, so that one that was renewed is told anew.
        name: format!("ends {fingerprint} {} {stage}", at.seconds()),
        until: at.plus(REMEMBERED_FOR),
        about: About::Ends { method, fingerprint, at, encrypts_receipt: receipt },
    })
}

fn ending_pgp(tx: &mut Tx<'_>) -> Result<Vec<Due>, KeycareError> {
    let last = tx.now().plus(DAY.saturating_mul(30));
    let accounts = tx.rows(
        "SELECT DISTINCT account FROM pgp_key
         WHERE state = 'active' AND custody = 'owner' AND expires > $1 AND expires <= $2 ORDER BY account LIMIT $3",
        params![tx.now().millis(), last.millis(), 10_000_i64],
        |row| row.int(0),
    )?;
    let mut due = Vec::new();
    for account in accounts {
        let used = show(tx, account)?.map(|it| it.fingerprint);
        for key in keybook::list(tx, account)? {
            let is_owners = key.custody == keybook::Custody::Owner && key.state == keybook::KeyState::Active;
            // One that was revoked ends no more.
            if let Some(at) = key.expires.filter(|_| is_owners && key.certificate.check(tx.now()).is_ok()) {
                let receipt = used.as_ref() == Some(&key.fingerprint);
                due.extend(ends(tx, account, Method::OpenPgp, &key.fingerprint, at, receipt));
            }
        }
    }
    Ok(due)
}

/// Of the next accounts that have certificates; the last of them, if there may be more.
fn ending_certificates(tx: &mut Tx<'_>, after: i64) -> Result<(Vec<Due>, Option<i64>), KeycareError> {
    let accounts = tx.rows(
        "SELECT account FROM (SELECT account FROM smime_key UNION SELECT account FROM on_receipt) AS holders
         WHERE account > $1 ORDER BY account LIMIT $2",
        params![after, ACCOUNTS_MAX],
        |row| row.int(0),
    )?;
    let mut due = Vec::new();
    for account in &accounts {
        let kept = certbook::list(tx, *account)?;
        for key in kept.iter().filter(|key| !has_follower(key, &kept)) {
            due.extend(ends(tx, *account, Method::Smime, &key.fingerprint, key.not_after, false));
        }
        if let Some(used) = show(tx, *account)?.filter(|it| it.method == Method::Smime)
            && let Some(at) = used.expires
        {
            due.extend(ends(tx, *account, Method::Smime, &used.fingerprint, at, true));
        }
    }
    let is_whole = (accounts.len() as i64) < ACCOUNTS_MAX;
    Ok((due, accounts.last().copied().filter(|_| !is_whole)))
}

/// Whether another certificate is there for all that this one is for, and ends later.
fn has_follower(key: &Kept, all: &[Kept]) -> bool {
    all.iter().any(|other| {
        other.not_after > key.not_after && key.addresses.iter().all(|address| other.addresses.contains(address))
    })
}

fn changed(
    tx: &mut Tx<'_>,
    organisation: i64,
    readers: fn(&mut Tx<'_>, i64, &str) -> Result<Vec<i64>, StoreError>,
) -> Result<Vec<Due>, KeycareError> {
    let since = tx.now().millis().saturating_sub(i64::try_from(CHANGED_WITHIN.as_millis()).unwrap_or(i64::MAX));
    let is_any = tx.row(
        "SELECT 1 FROM pgp_partner WHERE organisation = $1 AND first_seen > $2 AND state <> 'old' LIMIT 1",
        params![organisation, since],
        |row| row.int(0),
    )?;
    if is_any.is_none() {
        return Ok(Vec::new());
    }
    let mut of_address = BTreeMap::<String, Vec<keybook::PartnerKey>>::new();
    for key in keybook::list_partners(tx, organisation, None)? {
        of_address.entry(key.address.clone()).or_default().push(key);
    }
    let mut due = Vec::new();
    for (address, keys) in of_address {
        let newest = keys.iter().filter(|key| key.state != PartnerState::Old).max_by_key(|key| key.first_seen);
        let Some(newest) = newest.filter(|key| key.first_seen.millis() > since && !key.is_verified) else { continue };
        if !keys.iter().any(|key| key.first_seen < newest.first_seen || key.state == PartnerState::Old) {
            continue;
        }
        for account in readers(tx, organisation, &address)?.into_iter().take(READERS_MAX) {
            due.push(Due {
                account,
                name: format!("changed {address} {}", newest.fingerprint),
                until: newest.first_seen.plus(CHANGED_WITHIN).plus(REMEMBERED_FOR),
                about: About::Changed {
                    address: address.clone(),
                    fingerprint: newest.fingerprint.clone(),
                    waits: newest.state == PartnerState::Waiting,
                },
            });
        }
    }
    Ok(due)
}

fn name_hash(tx: &mut Tx<'_>, account: i64, name: &str) -> Result<Vec<u8>, StoreError> {
    let key = tx.context().keys.account(tx, account)?;
    Ok(key.hashing().hash(format!("key letter {name}").as_bytes()).to_vec())
}

/// Sends those that were not sent yet.
async fn send(store: &Store, mailer: &Mailer, due: Vec<Due>) -> Result<usize, KeycareError> {
    let mut sent = 0;
    for due in due {
        if sent >= LETTERS_MAX {
            break;
        }
        let (account, name, until) = (due.account, due.name, due.until);
        let asked = name.clone();
        let is_sent = store
            .read(move |tx| {
                let hash = name_hash(tx, account, &asked)?;
                let row = tx.row(
                    "SELECT 1 FROM key_letter WHERE account = $1 AND name = $2",
                    params![account, &hash],
                    |row| row.int(0),
                )?;
                Ok::<_, StoreError>(row.is_some())
            })
            .await?;
        if is_sent {
            continue;
        }
        let about = due.about;
        let letter = match mailer.notice(account, move |language| words(&about, language)).await {
            Ok(letter) => letter,
            Err(error) if error.outlook() == env::Outlook::Temporary => return Err(error.into()),
            // An account without an address, or one that went meanwhile, keeps nobody else from hearing.
            Err(error) => {
                tracing::warn!(account, %error, "an owner cannot be told of a key");
                continue;
            }
        };
        let work = move |tx: &mut Tx<'_>| {
            let hash = name_hash(tx, account, &name)?;
            let claimed = tx.execute(
                "INSERT INTO key_letter (account, name, expires) VALUES ($1, $2, $3) ON CONFLICT (account, name) DO NOTHING",
                params![account, &hash, until.millis()],
            )?;
            if claimed > 0 {
                letter.post(tx)?;
            }
            Ok::<_, KeycareError>(claimed > 0)
        };
        sent += usize::from(store.write(work).await?);
    }
    Ok(sent)
}

fn words(about: &About, language: Language) -> Words {
    let texts = Texts::of(language);
    let from_name = texts.say("notice-from", &[]);
    match about {
        About::Ends { method, fingerprint, at, encrypts_receipt } => {
            let day: String = at.to_string().chars().take(10).collect();
            let name = method.shown();
            let values = [("method", name), ("key", fingerprint.as_str()), ("day", day.as_str())];
            let mut text = texts.say(&format!("key-ends-{}", method.as_str()), &values);
            if *encrypts_receipt {
                text.push_str(&texts.say("key-ends-receipt", &values));
            }
            Words { from_name, subject: texts.say("key-ends-subject", &values), text }
        }
        About::Changed { address, fingerprint, waits } => {
            let values = [("address", address.as_str()), ("key", fingerprint.as_str())];
            let key = if *waits { "key-changed-waits" } else { "key-changed" };
            Words { from_name, subject: texts.say("key-changed-subject", &values), text: texts.say(key, &values) }
        }
    }
}
