//! Messages on their way to partners: what there is to sign and encrypt them with, and the messages made with it. Whether they are is decided by
//! whoever sends them.

use std::sync::Arc;

use identity::rights::{HeldKey, KeyPurpose, KeyUse, Occasion, record_key_use};
use mail::message::{Envelope, EnvelopeAddress};
use openpgp::{Certificate, PgpError, PrivateKey, Protection, Recipients};
use store::{Store, StoreError, Tx};

use crate::{Finder, KeybookError, current, private_keys};

/// What there is for a message.
#[derive(Debug)]
pub struct Means {
    signer: Option<PrivateKey>,
    certificates: Vec<Certificate>,
    lacking: Option<Lacking>,
}

/// A recipient to whom nothing can be encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// Whose key there is none of.
    pub address: String,
    /// Why his key directory could not be asked, if it was to be.
    pub cause: Option<String>,
}

impl Means {
    /// What there is for a message of `author`, sent by the account `submitter`, to `recipients`; key directories of others are asked where
    /// that is due.
    ///
    /// # Errors
    /// [`KeybookError`] if the store fails.
    pub async fn find(
        store: &Store,
        finder: &Finder,
        organisation: i64,
        submitter: Option<i64>,
        author: &str,
        recipients: &[String],
    ) -> Result<Self, KeybookError> {
        let from = author.to_owned();
        let signer = store.read(move |tx| signer(tx, submitter, &from)).await?;
        let mut means = Self { signer, certificates: Vec::new(), lacking: None };
        for recipient in recipients {
            let cause = match finder.find(organisation, recipient).await {
                Ok(Some(found)) => {
                    means.certificates.push(found.certificate);
                    continue;
                }
                Ok(None) => None,
                Err(KeybookError::Store(error)) => return Err(error.into()),
                Err(error) => Some(error.to_string()),
            };
            means.lacking = Some(Lacking { address: recipient.clone(), cause });
            break;
        }
        Ok(means)
    }

    /// The same by what is known now; nobody is asked.
    ///
    /// # Errors
    /// [`KeybookError`] if the store fails.
    pub fn known(
        tx: &mut Tx<'_>,
        organisation: i64,
        submitter: Option<i64>,
        author: &str,
        recipients: &[String],
    ) -> Result<Self, KeybookError> {
        let mut means = Self { signer: signer(tx, submitter, author)?, certificates: Vec::new(), lacking: None };
        for recipient in recipients {
            match current(tx, organisation, recipient)? {
                Some(found) => means.certificates.push(found.certificate),
                None => {
                    means.lacking = Some(Lacking { address: recipient.clone(), cause: None });
                    break;
                }
            }
        }
        Ok(means)
    }

    /// Whether the author has a key here that may sign.
    #[must_use]
    pub const fn signs(&self) -> bool {
        self.signer.is_some()
    }

    /// The recipient to whom nothing can be encrypted. One is enough: the same message goes to all of them.
    #[must_use]
    pub const fn lacking(&self) -> Option<&Lacking> {
        self.lacking.as_ref()
    }
}

/// The message to `recipients`, signed and encrypted as is said, by what there is. That a private key was used is recorded before the message
/// is given.
///
/// # Errors
/// [`KeybookError`] if it cannot be made: the message must not go then.
pub async fn protect(
    store: &Store,
    (recipients, raw): (&[String], Arc<[u8]>),
    means: Means,
    (sign, encrypt): (bool, bool),
    occasion: Occasion,
) -> Result<Vec<u8>, KeybookError> {
    let signer = means.signer.as_ref().filter(|_| sign).map(|key| key.certificate().fingerprint());
    let about = recipients.join(", ");
    let (context, is_hidden) = (Arc::clone(store.context()), !names_all(&raw, recipients));
    let working = tokio::task::spawn_blocking(move || {
        let (now, entropy) = (context.clock.now(), &*context.entropy);
        let signer = means.signer.as_ref().filter(|_| sign);
        let certificates = if encrypt { means.certificates.as_slice() } else { &[] };
        make(&raw, certificates, signer, is_hidden, (now, entropy))
    });
    let made = working.await.map_err(|_| StoreError::Abandoned("encrypting a message panicked"))?;
    if let Some(fingerprint) = signer {
        let used = KeyUse {
            occasion,
            key: HeldKey::OpenPgp,
            fingerprint,
            purpose: KeyPurpose::Sign,
            about,
            succeeded: made.is_ok(),
        };
        store.write(move |tx: &mut Tx<'_>| record_key_use(tx, &used)).await?;
    }
    Ok(made?)
}

fn make(
    raw: &[u8],
    certificates: &[Certificate],
    signer: Option<&PrivateKey>,
    is_hidden: bool,
    (now, entropy): (env::Timestamp, &dyn env::Entropy),
) -> Result<Vec<u8>, PgpError> {
    if certificates.is_empty() {
        let Some(signer) = signer else { return Ok(raw.to_vec()) };
        return openpgp::protect(raw, &Protection::Signed(signer), now, entropy);
    }
    let recipients = Recipients::of(certificates, now)?;
    let recipients = if is_hidden { recipients.hidden() } else { recipients };
    openpgp::protect(raw, &Protection::Encrypted(&recipients, signer), now, entropy)
}

/// The key that signs for the author, if it is kept here for the one who has sent the message.
fn signer(tx: &mut Tx<'_>, submitter: Option<i64>, author: &str) -> Result<Option<PrivateKey>, KeybookError> {
    let Some(account) = submitter.filter(|_| !author.is_empty()) else { return Ok(None) };
    let now = tx.now();
    let is_usable = |key: &PrivateKey| {
        let certificate = key.certificate();
        certificate.names(author, now) && certificate.check(now).is_ok_and(|it| it.can_sign)
    };
    Ok(private_keys(tx, account)?.into_iter().find(is_usable))
}

/// Whether the header names every recipient: else their keys would tell the others of who has a blind copy.
fn names_all(raw: &[u8], recipients: &[String]) -> bool {
    let envelope = Envelope::parse(raw);
    let named: Vec<String> = envelope.to.iter().chain(&envelope.cc).filter_map(EnvelopeAddress::email).collect();
    recipients.len() < 2 || recipients.iter().all(|it| named.iter().any(|named| named.eq_ignore_ascii_case(it)))
}
