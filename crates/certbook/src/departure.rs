//! Messages on their way to partners: signed and encrypted as the rule for the partner says.

use std::sync::Arc;

use mail::message::{ContentEncryption, Structure, sole_author};
use serde::{Deserialize, Serialize};
use smime::{Certificate, Dialect, Fault, Identity, Looks, Recipe, Style, Trust};
use store::{Store, StoreError};

use crate::{CertbookError, Partner, identities, partner, trust};

/// What is done with messages to a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Signed; what our people write and cannot be signed does not go.
    Sign,
    /// Encrypted, and signed where the author has a key; what cannot be encrypted does not go.
    Encrypt,
    /// Signed and encrypted, or it does not go.
    Both,
    /// Signed and encrypted as far as there are keys and certificates; goes in any case.
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

/// What a message is to become.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// What is done with it.
    pub rule: Rule,
    /// Names for SM2.
    pub names: Names,
}

/// What there is for a message.
struct Means {
    /// Key of the author.
    identity: Option<Identity>,
    /// A certificate for each recipient, or the one who has none.
    partners: Result<Vec<Partner>, String>,
}

/// The message to `recipients` as the wish says; `None` if it goes as it is.
///
/// # Errors
/// [`CertbookError`] if the rule cannot be kept; the message must not go then.
pub async fn protect(
    store: &Store,
    organisation: i64,
    submitter: Option<i64>,
    recipients: Vec<String>,
    raw: Arc<[u8]>,
    wish: Wish,
) -> Result<Option<Vec<u8>>, CertbookError> {
    // What the author's own program has encrypted is not touched.
    if ContentEncryption::of(&raw, &Structure::parse(&raw)).is_some() {
        return Ok(None);
    }
    let author = sole_author(&raw).unwrap_or_default();
    // Nor is it signed a second time.
    let is_signed = smime::looks(&raw) != Looks::Plain;
    let now = store.context().clock.now();
    let (from, rule) = (author.clone(), wish.rule);
    let means = store
        .read(move |tx| {
            let trust = trust(tx, organisation)?;
            let own = match submitter {
                Some(account) => identities(tx, account)?,
                None => Vec::new(),
            };
            let is_usable = |it: &Identity| {
                let certificate = &it.certificate;
                certificate.is_for(&from) && certificate.may_sign() && certificate.check_dates(now).is_ok()
            };
            let identity = own.into_iter().filter(|_| !is_signed).find(is_usable);
            let mut partners = Ok(Vec::new());
            for recipient in recipients.iter().filter(|_| rule.encrypts()) {
                let known = partner(tx, organisation, recipient)?;
                let good = known.into_iter().find(|it| is_good(&it.certificate, &trust, now));
                match (&mut partners, good) {
                    (Ok(found), Some(good)) => found.push(good),
                    (found @ Ok(_), None) => *found = Err(recipient.clone()),
                    (Err(_), _) => {}
                }
            }
            Ok::<_, CertbookError>(Means { identity, partners })
        })
        .await?;
    // Mail that is none of our people's, as notifications and what is forwarded, has no author who could sign here.
    if means.identity.is_none() && rule.must_sign() && submitter.is_some() && !is_signed {
        return Err(CertbookError::NoKey(author));
    }
    if let (Err(recipient), true) = (&means.partners, rule.must_encrypt()) {
        return Err(CertbookError::NoCertificate(recipient.clone()));
    }
    let entropy = Arc::clone(&store.context().entropy);
    let working = tokio::task::spawn_blocking(move || make(&raw, &means, wish, now, &*entropy));
    Ok(working.await.map_err(|_| StoreError::Abandoned("encrypting a message panicked"))??)
}

fn is_good(certificate: &Certificate, trust: &Trust, now: env::Timestamp) -> bool {
    certificate.may_encrypt() && trust.check(certificate, &[], now).is_ok()
}

fn make(
    raw: &[u8],
    means: &Means,
    wish: Wish,
    now: env::Timestamp,
    entropy: &dyn env::Entropy,
) -> Result<Option<Vec<u8>>, Fault> {
    let dialect = match wish.names {
        Names::Cms => Dialect::Cms,
        Names::Gm => Dialect::Gm,
    };
    let partners = match &means.partners {
        Ok(partners) => partners.as_slice(),
        Err(_) => &[],
    };
    let certificates: Vec<&Certificate> = partners.iter().map(|partner| &partner.certificate).collect();
    // What every one of them reads.
    let recipe = Recipe {
        is_authenticated: partners.iter().all(|partner| partner.capabilities.aes_256_gcm),
        is_oaep: partners.iter().all(|partner| partner.capabilities.oaep),
        dialect,
    };
    match (&means.identity, certificates.is_empty()) {
        (Some(identity), false) => {
            smime::sign_and_encrypt(raw, identity, &certificates, recipe, now, entropy).map(Some)
        }
        (None, false) => smime::encrypt(raw, &certificates, recipe, entropy).map(Some),
        (Some(identity), true) => {
            let style = Style { dialect, ..Style::CLEAR };
            smime::sign(raw, identity, style, now, entropy).map(Some)
        }
        (None, true) => Ok(None),
    }
}
