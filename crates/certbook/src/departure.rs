//! Messages on their way to partners: what there is to sign and encrypt them with, and the messages made with it. Whether they are is decided by
//! whoever sends them.

use std::sync::Arc;

use identity::rights::{HeldKey, KeyPurpose, KeyUse, Occasion, record_key_use};
use serde::{Deserialize, Serialize};
use smime::{Certificate, Dialect, Fault, Identity, Looks, Recipe, Style};
use store::{Store, StoreError, Tx};

use crate::keys::hex;
use crate::{CertbookError, Inquirer, Lacking, Partner, identities, partner, trust};

/// By which names content of SM2 goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Names {
    /// Those of CMS (RFC 5652).
    #[default]
    Cms,
    /// Those of GM/T 0010.
    Gm,
}

/// What must be known of whether a recipient's certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusDemand {
    /// It is asked; a certificate is used unless it is known to be revoked.
    #[default]
    Asked,
    /// That it was not: else nothing is encrypted to it.
    Required,
}

/// How this server goes about S/MIME for a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Manner {
    /// Names for SM2.
    pub names: Names,
    /// What must be known of certificates.
    pub status: StatusDemand,
}

/// What there is for a message.
#[derive(Debug)]
pub struct Means {
    /// Key of the author that may sign now.
    identity: Option<Identity>,
    /// A certificate for each recipient, or the one who has none.
    partners: Result<Vec<Partner>, Lacking>,
}

impl Means {
    /// What there is for a message of `author`, sent by the account `submitter`, to `recipients`; directories and authorities are asked where that
    /// is due.
    ///
    /// # Errors
    /// [`CertbookError`] if the store fails.
    pub async fn find(
        inquirer: &Inquirer,
        organisation: i64,
        submitter: Option<i64>,
        author: &str,
        (recipients, status): (&[String], StatusDemand),
    ) -> Result<Self, CertbookError> {
        let from = author.to_owned();
        let own =
            move |tx: &mut Tx<'_>| Ok::<_, CertbookError>((signer(tx, submitter, &from)?, trust(tx, organisation)?));
        let (identity, trust) = inquirer.store().read(own).await?;
        let mut partners = Vec::new();
        for recipient in recipients {
            match inquirer.find(organisation, &trust, recipient, status == StatusDemand::Required).await? {
                Ok(partner) => partners.push(partner),
                Err(lacking) => return Ok(Self { identity, partners: Err(lacking) }),
            }
        }
        Ok(Self { identity, partners: Ok(partners) })
    }

    /// The same by what is known now; nobody is asked.
    ///
    /// # Errors
    /// [`CertbookError`] if the store fails.
    pub fn known(
        tx: &mut Tx<'_>,
        organisation: i64,
        submitter: Option<i64>,
        author: &str,
        (recipients, status): (&[String], StatusDemand),
    ) -> Result<Self, CertbookError> {
        let (now, identity) = (tx.now(), signer(tx, submitter, author)?);
        let trust = trust(tx, organisation)?;
        let mut partners = Vec::new();
        for recipient in recipients {
            let mut lacking = Lacking { address: recipient.clone(), cause: None };
            let mut chosen = None;
            for known in partner(tx, organisation, recipient)?.into_iter().filter(|it| it.is_good(&trust, now)) {
                match known.known_refusal(tx, &trust, status == StatusDemand::Required)? {
                    None => {
                        chosen = Some(known);
                        break;
                    }
                    Some(cause) => lacking.cause = cause.or(lacking.cause),
                }
            }
            match chosen {
                Some(partner) => partners.push(partner),
                None => return Ok(Self { identity, partners: Err(lacking) }),
            }
        }
        Ok(Self { identity, partners: Ok(partners) })
    }

    /// Whether the author has a key that may sign.
    #[must_use]
    pub const fn signs(&self) -> bool {
        self.identity.is_some()
    }

    /// The recipient to whom nothing can be encrypted.
    #[must_use]
    pub const fn lacking(&self) -> Option<&Lacking> {
        match &self.partners {
            Ok(_) => None,
            Err(lacking) => Some(lacking),
        }
    }

    /// Whether a certificate of a recipient is one of SM2, so that SM4 encrypts.
    #[must_use]
    pub fn is_gm(&self) -> bool {
        self.partners.iter().flatten().any(|it| it.certificate.key_kind() == smime::KeyKind::Sm2)
    }
}

/// What a message is to become.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// For whom, and of which message.
    pub occasion: Occasion,
    /// Signed by its author. One that is signed already is not signed a second time.
    pub sign: bool,
    /// Encrypted to its recipients.
    pub encrypt: bool,
    /// Names for SM2.
    pub names: Names,
}

/// Whether the message is S/MIME already, so that it is not signed a second time.
#[must_use]
pub fn is_made(raw: &[u8]) -> bool {
    smime::looks(raw) != Looks::Plain
}

/// The message to `recipients` made as the wish says, by what there is. That a private key was used is recorded before the message is given.
///
/// # Errors
/// [`CertbookError`] if it cannot be made: the message must not go then.
pub async fn protect(
    store: &Store,
    (recipients, raw): (&[String], Arc<[u8]>),
    means: Means,
    wish: Wish,
) -> Result<Vec<u8>, CertbookError> {
    let signer = means.identity.as_ref().filter(|_| wish.sign).map(|it| hex(&it.certificate.fingerprint()));
    let about = recipients.join(", ");
    let (now, entropy) = (store.context().clock.now(), Arc::clone(&store.context().entropy));
    let working = tokio::task::spawn_blocking(move || make(&raw, &means, wish, now, &*entropy));
    let made = working.await.map_err(|_| StoreError::Abandoned("encrypting a message panicked"))?;
    if let Some(fingerprint) = signer {
        let used = KeyUse {
            occasion: wish.occasion,
            key: HeldKey::Smime,
            fingerprint,
            purpose: KeyPurpose::Sign,
            about,
            succeeded: made.is_ok(),
        };
        store.write(move |tx: &mut Tx<'_>| record_key_use(tx, &used)).await?;
    }
    Ok(made?)
}

/// The key of the author that may sign now, if it is kept here for the one who has sent the message.
fn signer(tx: &mut Tx<'_>, submitter: Option<i64>, author: &str) -> Result<Option<Identity>, CertbookError> {
    let now = tx.now();
    let own = match submitter {
        Some(account) => identities(tx, account)?,
        None => Vec::new(),
    };
    let is_usable = |it: &Identity| {
        let certificate = &it.certificate;
        certificate.is_for(author) && certificate.may_sign() && certificate.check_dates(now).is_ok()
    };
    Ok(own.into_iter().find(is_usable))
}

fn make(
    raw: &[u8],
    means: &Means,
    wish: Wish,
    now: env::Timestamp,
    entropy: &dyn env::Entropy,
) -> Result<Vec<u8>, Fault> {
    let dialect = match wish.names {
        Names::Cms => Dialect::Cms,
        Names::Gm => Dialect::Gm,
    };
    let partners = match &means.partners {
        Ok(partners) if wish.encrypt => partners.as_slice(),
        _ => &[],
    };
    let certificates: Vec<&Certificate> = partners.iter().map(|partner| &partner.certificate).collect();
    // What every one of them reads.
    let recipe = Recipe {
        is_authenticated: partners.iter().all(|partner| partner.capabilities.aes_256_gcm),
        is_oaep: partners.iter().all(|partner| partner.capabilities.oaep),
        dialect,
    };
    match (means.identity.as_ref().filter(|_| wish.sign), certificates.is_empty()) {
        (Some(identity), false) => smime::sign_and_encrypt(raw, identity, &certificates, recipe, now, entropy),
        (None, false) => smime::encrypt(raw, &certificates, recipe, entropy),
        (Some(identity), true) => smime::sign(raw, identity, Style { dialect, ..Style::CLEAR }, now, entropy),
        (None, true) => Ok(raw.to_vec()),
    }
}
