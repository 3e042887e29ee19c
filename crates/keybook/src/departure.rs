//! Messages on their way to partners: signed and encrypted as the rule for the partner says.

use std::sync::Arc;

use mail::message::{ContentEncryption, Envelope, EnvelopeAddress, Structure, sole_author};
use openpgp::{Certificate, PgpError, PrivateKey, Protection, Recipients};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError};

use crate::{Finder, KeybookError, private_keys};

/// What is done with messages to a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Signed; what our people write and cannot be signed does not go.
    Sign,
    /// Encrypted, and signed where the author has a key here; waits until each recipient has a key.
    Encrypt,
    /// Signed and encrypted, or it does not go.
    Both,
    /// Signed and encrypted as far as there are keys; goes in any case.
    Try,
}

impl Rule {
    /// Whether it encrypts at all.
    #[must_use]
    pub const fn encrypts(self) -> bool {
        !matches!(self, Self::Sign)
    }

    const fn must_sign(self) -> bool {
        matches!(self, Self::Sign | Self::Both)
    }

    const fn must_encrypt(self) -> bool {
        matches!(self, Self::Encrypt | Self::Both)
    }
}

/// The message of `organisation` to `recipients` as the rule says; `None` if it goes as it is, as it is encrypted already or the rule does
/// not ask for more.
///
/// # Errors
/// [`KeybookError`] if the rule cannot be kept: the message must not go then.
pub async fn protect(
    store: &Store,
    finder: &Finder,
    organisation: i64,
    submitter: Option<i64>,
    (recipients, raw): (Vec<String>, Arc<[u8]>),
    rule: Rule,
) -> Result<Option<Vec<u8>>, KeybookError> {
    if ContentEncryption::of(&raw, &Structure::parse(&raw)).is_some() {
        return Ok(None);
    }
    let author = sole_author(&raw).unwrap_or_default();
    let signer = signer(store, submitter, author.clone()).await?;
    // Mail that is none of our people's, as notifications and what is forwarded, has no author who could sign here.
    if signer.is_none() && rule.must_sign() && submitter.is_some() {
        return Err(KeybookError::NoOwnKey { address: author });
    }
    let mut certificates = Vec::new();
    for recipient in recipients.iter().filter(|_| rule.encrypts()) {
        match finder.find(organisation, recipient).await {
            Ok(Some(found)) => certificates.push(found.certificate),
            Ok(None) if rule.must_encrypt() => return Err(KeybookError::NoPartnerKey { address: recipient.clone() }),
            Err(error) if rule.must_encrypt() => return Err(error),
            // One without is enough: the same message goes to all of them.
            Ok(None) | Err(_) => {
                certificates.clear();
                break;
            }
        }
    }
    let (context, is_hidden) = (Arc::clone(store.context()), !names_all(&raw, &recipients));
    let working = tokio::task::spawn_blocking(move || {
        let (now, entropy) = (context.clock.now(), &*context.entropy);
        make(&raw, &certificates, signer.as_ref(), is_hidden, (now, entropy))
    });
    Ok(working.await.map_err(|_| StoreError::Abandoned("encrypting a message panicked"))??)
}

fn make(
    raw: &[u8],
    certificates: &[Certificate],
    signer: Option<&PrivateKey>,
    is_hidden: bool,
    (now, entropy): (env::Timestamp, &dyn env::Entropy),
) -> Result<Option<Vec<u8>>, PgpError> {
    if certificates.is_empty() {
        let Some(signer) = signer else { return Ok(None) };
        return openpgp::protect(raw, &Protection::Signed(signer), now, entropy).map(Some);
    }
    let recipients = Recipients::of(certificates, now)?;
    let recipients = if is_hidden { recipients.hidden() } else { recipients };
    openpgp::protect(raw, &Protection::Encrypted(&recipients, signer), now, entropy).map(Some)
}

/// The key that signs for the author, if it is kept here for the one who has sent the message.
async fn signer(store: &Store, submitter: Option<i64>, author: String) -> Result<Option<PrivateKey>, KeybookError> {
    let Some(account) = submitter.filter(|_| !author.is_empty()) else { return Ok(None) };
    let now = store.context().clock.now();
    let keys = store.read(move |tx| private_keys(tx, account)).await?;
    let is_usable = |key: &PrivateKey| {
        let certificate = key.certificate();
        certificate.names(&author, now) && certificate.check(now).is_ok_and(|it| it.can_sign)
    };
    Ok(keys.into_iter().find(is_usable))
}

/// Whether the header names every recipient: else their keys would tell the others of who has a blind copy.
fn names_all(raw: &[u8], recipients: &[String]) -> bool {
    let envelope = Envelope::parse(raw);
    let named: Vec<String> = envelope.to.iter().chain(&envelope.cc).filter_map(EnvelopeAddress::email).collect();
    recipients.len() < 2 || recipients.iter().all(|it| named.iter().any(|named| named.eq_ignore_ascii_case(it)))
}
