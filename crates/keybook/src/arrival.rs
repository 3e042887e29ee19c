//! Messages that arrive: opened with the keys that are kept here for those whom they are for, their signatures looked at, the keys that
//! their authors send along learned.

use std::fmt::Write;
use std::sync::Arc;

use identity::rights::{HeldKey, KeyPurpose, KeyUse, Occasion, record_key_use};
use mail::message::sole_author;
use mail::seal_notes::quoted;
use openpgp::{AutocryptHeader, Certificate, PgpError, PrivateKey, Report, SignatureReport, SignatureState};
use store::{Store, StoreError, Tx};

use crate::{KeybookError, Learned, Origin, learn, list_partners, private_keys};

/// Octets of a message that is looked at.
const LOOKED_AT_OCTETS_MAX: usize = 60 << 20;

/// What was found of a message.
#[derive(Debug)]
pub struct Arrived {
    /// The message as it came.
    pub raw: Vec<u8>,
    /// The message as people read it, if it was encrypted.
    pub readable: Option<Vec<u8>>,
    /// Header fields of ours that tell it; empty if it is no OpenPGP.
    pub fields: String,
}

/// A private key that was used.
struct Used {
    account: i64,
    fingerprint: String,
    succeeded: bool,
}

/// Looks into `raw`, a message to `accounts`. It is opened only if a key is kept here for each of those whom it goes
/// to, and each opens it: whoever passes on what was meant for another gets nothing out. Each key that was used is recorded before anything of what it
/// opened is given.
///
/// # Errors
/// [`KeybookError`] if the store fails. What is wrong with the message is told in the fields.
pub async fn look(
    store: &Store,
    hostname: &str,
    occasion: Occasion,
    accounts: Vec<i64>,
    raw: Vec<u8>,
) -> Result<Arrived, KeybookError> {
    if raw.len() > LOOKED_AT_OCTETS_MAX || !may_be_openpgp(&raw) {
        return Ok(Arrived { raw, readable: None, fields: String::new() });
    }
    let author = sole_author(&raw).unwrap_or_default();
    let about = author.clone();
    let read = move |tx: &mut Tx<'_>| {
        let keys: Vec<(i64, Vec<PrivateKey>)> = accounts
            .iter()
            .map(|account| Ok((*account, private_keys(tx, *account)?)))
            .collect::<Result<_, KeybookError>>()?;
        let known = list_partners(tx, occasion.organisation, Some(&author))?;
        Ok::<_, KeybookError>((keys, known.into_iter().map(|it| it.certificate).collect::<Vec<Certificate>>()))
    };
    let (keys, certificates) = store.read(read).await?;
    let context = Arc::clone(store.context());
    let working = tokio::task::spawn_blocking(move || {
        let mut used = Vec::new();
        let opened = open(&raw, &keys, &certificates, context.clock.now(), &mut used);
        (raw, opened, used)
    });
    let (raw, opened, used) = working.await.map_err(|_| StoreError::Abandoned("opening a message panicked"))?;
    record(store, occasion, &about, used).await?;
    let (readable, fields) = match opened {
        Ok(None) => (None, String::new()),
        Ok(Some(read)) => (read.content, told(hostname, &read.report)),
        Err(error) => {
            tracing::info!(%error, "an OpenPGP message cannot be opened");
            (None, unopened(&error))
        }
    };
    Ok(Arrived { raw, readable, fields })
}

/// A quick look, so that other mail costs nothing.
fn may_be_openpgp(raw: &[u8]) -> bool {
    let find = |what: &[u8]| raw.windows(what.len()).any(|window| window.eq_ignore_ascii_case(what));
    find(b"application/pgp-") || find(b"-----BEGIN PGP ")
}

/// Opens it with the keys of each by itself, so that all of them must be able to; `used` are the keys that had to do with it.
fn open(
    raw: &[u8],
    keys: &[(i64, Vec<PrivateKey>)],
    certificates: &[Certificate],
    now: env::Timestamp,
    used: &mut Vec<Used>,
) -> Result<Option<openpgp::Read>, PgpError> {
    let Some((first, others)) = keys.split_first() else { return openpgp::read(raw, &[], certificates, now) };
    let mut read = |(account, keys): &(i64, Vec<PrivateKey>)| {
        let read = openpgp::read(raw, &keys.iter().collect::<Vec<_>>(), certificates, now);
        used.extend(used_of(*account, keys, &read));
        read
    };
    let opened = read(first)?;
    if opened.as_ref().is_some_and(|it| it.content.is_some()) {
        for other in others {
            read(other)?;
        }
    }
    Ok(opened)
}

/// The key of the account that opened the message, or those one of which began to and found it damaged.
fn used_of(account: i64, keys: &[PrivateKey], read: &Result<Option<openpgp::Read>, PgpError>) -> Option<Used> {
    match read {
        Ok(read) => {
            let fingerprint = read.as_ref()?.report.key.clone()?;
            Some(Used { account, fingerprint, succeeded: true })
        }
        Err(PgpError::Altered | PgpError::Bomb { .. } | PgpError::TooDeep { .. }) if !keys.is_empty() => {
            let fingerprints: Vec<String> = keys.iter().map(|key| key.certificate().fingerprint()).collect();
            Some(Used { account, fingerprint: fingerprints.join(","), succeeded: false })
        }
        Err(_) => None,
    }
}

async fn record(store: &Store, occasion: Occasion, author: &str, used: Vec<Used>) -> Result<(), KeybookError> {
    if used.is_empty() {
        return Ok(());
    }
    let about = author.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        for Used { account, fingerprint, succeeded } in &used {
            let used = KeyUse {
                occasion: Occasion { account: Some(*account), ..occasion },
                key: HeldKey::OpenPgp,
                fingerprint: fingerprint.clone(),
                purpose: KeyPurpose::Decrypt,
                about: about.clone(),
                succeeded: *succeeded,
            };
            record_key_use(tx, &used)?;
        }
        Ok::<_, KeybookError>(())
    };
    store.write(write).await
}

/// Takes the key that the author of a message has sent along (Autocrypt Level 1 section 2.3). Only for mail that is known to be the
/// author's, which the caller has found out.
///
/// # Errors
/// [`KeybookError`] if the store fails. A key that does not count is not learned, which is no error.
pub async fn learn_from(store: &Store, organisation: i64, raw: &[u8]) -> Result<Option<Learned>, KeybookError> {
    let author = sole_author(raw).unwrap_or_default();
    let Some(found) = AutocryptHeader::of_message(raw, &author) else { return Ok(None) };
    let work =
        move |tx: &mut Tx<'_>| learn(tx, organisation, &author, &found.certificate, (Origin::Autocrypt, found.prefer));
    match store.write(work).await {
        Ok(learned) => {
            if matches!(learned, Learned::Changed | Learned::Waits) {
                tracing::warn!(organisation, ?learned, "a correspondent writes with another key than was known");
            }
            Ok(Some(learned))
        }
        Err(KeybookError::Key(error)) => {
            tracing::debug!(%error, "a key in a message is not learned");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Results as Authentication-Results, and how it was encrypted.
fn told(hostname: &str, report: &Report) -> String {
    let mut fields = String::new();
    for signature in &report.signatures {
        let is_part = signature.state == SignatureState::Good && !report.covers_all;
        let covered = if is_part { " reason=\"a part alone\"" } else { "" };
        let _ =
            write!(fields, "Authentication-Results: {hostname};\r\n\tx-openpgp={}{covered}", result(signature, report));
        if let Some(issuer) = signature.certificate.as_ref().or(signature.issuer.as_ref()) {
            let _ = write!(fields, "\r\n\tbody.openpgp-key={issuer}");
        }
        fields.push_str("\r\n");
        if let Some(name) = signature.user_ids.first() {
            let _ = write!(fields, "X-Tradewind-OpenPGP: signed; by={}\r\n", quoted(name));
        }
    }
    if let Some(container) = report.encryption {
        let _ = write!(fields, "X-Tradewind-OpenPGP: decrypted; container=\"{}\"", container.as_str());
        if !report.differing.is_empty() {
            let names: Vec<&str> = report.differing.iter().map(|(name, ..)| name.as_str()).collect();
            let _ = write!(fields, "; differing=\"{}\"", names.join(","));
        }
        fields.push_str("\r\n");
    }
    fields
}

fn result(signature: &SignatureReport, report: &Report) -> String {
    match signature.state {
        SignatureState::Good if report.covers_all => "pass".to_owned(),
        SignatureState::Good => "neutral".to_owned(),
        SignatureState::UnknownKey => "none reason=\"unknown-key\"".to_owned(),
        state @ (SignatureState::Altered
        | SignatureState::OtherAddress
        | SignatureState::OtherRecipient
        | SignatureState::Missing) => {
            format!("fail reason=\"{state}\"")
        }
        state => format!("policy reason=\"{state}\""),
    }
}

fn unopened(error: &PgpError) -> String {
    let word = match error {
        PgpError::NotForUs => "not-for-us",
        PgpError::NoIntegrity => "without-integrity",
        PgpError::Altered => "altered",
        PgpError::PartlyEncrypted => "a-part-alone",
        PgpError::Bomb { .. } | PgpError::TooDeep { .. } | PgpError::TooLarge { .. } => "too-large",
        _ => "malformed",
    };
    format!("X-Tradewind-OpenPGP: not-opened; {word}\r\n")
}
