//! Messages that arrive: decrypted with the keys of those whom they are for, their signatures verified.

use std::fmt::Write;

use identity::rights::{HeldKey, KeyPurpose, KeyUse, Occasion, record_key_use};
use mail::message::Envelope;
use mail::seal_notes::quoted;
use smime::{Fault, Identity, Layer, Looks, Opened, Signature, Trust};
use store::{Store, StoreError, Tx};

use crate::keys::hex;
use crate::partners::{Kind, keep};
use crate::{CertbookError, Inquirer, Partner, Standing, identities, partner, trust};

/// What was found of a message.
#[derive(Debug)]
pub struct Arrived {
    /// The message as it came.
    pub raw: Vec<u8>,
    /// The message as people read it, where that is another.
    pub readable: Option<Vec<u8>>,
    /// Whether it was encrypted, so that the readable one is delivered in its place.
    pub is_decrypted: bool,
    /// Header fields of ours that tell it; empty if it is no S/MIME.
    pub fields: String,
}

/// What is known of those it is for.
struct Readers {
    /// Accounts with their keys.
    accounts: Vec<(i64, Vec<Identity>)>,
    trust: Trust,
}

/// A private key that was used.
struct Used {
    account: i64,
    fingerprint: String,
    succeeded: bool,
}

/// Looks into `raw`, a message to `accounts`, and learns the certificate of a partner whose signature holds. Authorities are asked
/// whether they have revoked a signer's certificate; where they cannot be asked, that is told and the signature holds. A message is
/// decrypted only if it is encrypted to each of those it goes to: whoever passes on what was meant for another gets nothing out. Each key that was
/// used is recorded before anything of what it opened is given.
///
/// # Errors
/// [`CertbookError`] if the store fails. What is wrong with the message is told in the fields.
pub async fn look(
    inquirer: &Inquirer,
    hostname: &str,
    occasion: Occasion,
    accounts: Vec<i64>,
    raw: Vec<u8>,
) -> Result<Arrived, CertbookError> {
    let (store, organisation) = (inquirer.store(), occasion.organisation);
    let looks = smime::looks(&raw);
    if looks == Looks::Plain {
        return Ok(Arrived { raw, readable: None, is_decrypted: false, fields: String::new() });
    }
    let readers = store
        .read(move |tx| {
            let wanted = if looks == Looks::Wrapped { accounts.as_slice() } else { &[] };
            let accounts = wanted
                .iter()
                .map(|account| Ok((*account, identities(tx, *account)?)))
                .collect::<Result<_, CertbookError>>()?;
            Ok::<_, CertbookError>(Readers { accounts, trust: trust(tx, organisation)? })
        })
        .await?;
    let context = std::sync::Arc::clone(store.context());
    let working = tokio::task::spawn_blocking(move || {
        let mut used = Vec::new();
        let opened = open(&raw, &readers, (context.clock.now(), &*context.entropy), &mut used);
        (raw, opened, readers.trust, used)
    });
    let (raw, opened, trust, used) = working.await.map_err(|_| StoreError::Abandoned("opening a message panicked"))?;
    record(store, occasion, &raw, used).await?;
    let mut opened = match opened {
        Ok(opened) => opened,
        Err(fault) => {
            tracing::info!(%fault, "an S/MIME message cannot be opened");
            let fields = unopened(hostname, &fault);
            return Ok(Arrived { raw, readable: None, is_decrypted: false, fields });
        }
    };
    let standings = ask(inquirer, &trust, &mut opened).await?;
    learn(store, organisation, &raw, &opened).await?;
    let fields = told(hostname, &opened, &standings);
    let is_decrypted = opened.ciphers().next().is_some();
    Ok(Arrived { raw, readable: opened.message, is_decrypted, fields })
}

/// Opens it with the keys of each account by itself, so that all of them must be able to; `used` are the keys that had to do with it.
fn open(
    raw: &[u8],
    readers: &Readers,
    (now, entropy): (env::Timestamp, &dyn env::Entropy),
    used: &mut Vec<Used>,
) -> Result<Opened, Fault> {
    let Some((first, others)) = readers.accounts.split_first() else {
        return smime::open(raw, &[], &readers.trust, now, entropy);
    };
    let mut open = |(account, keys): &(i64, Vec<Identity>)| {
        let opened = smime::open(raw, keys, &readers.trust, now, entropy);
        used.extend(used_of(*account, keys, &opened));
        opened
    };
    let opened = open(first)?;
    if opened.ciphers().next().is_some() {
        for other in others {
            open(other)?;
        }
    }
    Ok(opened)
}

/// The keys of the account that opened the message, or those one of which was to and did not.
fn used_of(account: i64, keys: &[Identity], opened: &Result<Opened, Fault>) -> Vec<Used> {
    let fingerprint = |key: &Identity| hex(&key.certificate.fingerprint());
    match opened {
        Ok(opened) => {
            let openers = opened.layers.iter().filter_map(|layer| match layer {
                Layer::Encrypted(encryption) => keys.get(encryption.identity).map(fingerprint),
                Layer::Signed(_) | Layer::Compressed => None,
            });
            openers.map(|fingerprint| Used { account, fingerprint, succeeded: true }).collect()
        }
        Err(Fault::Undecipherable) if !keys.is_empty() => {
            let fingerprints: Vec<String> = keys.iter().map(fingerprint).collect();
            vec![Used { account, fingerprint: fingerprints.join(","), succeeded: false }]
        }
        Err(_) => Vec::new(),
    }
}

async fn record(store: &Store, occasion: Occasion, raw: &[u8], used: Vec<Used>) -> Result<(), CertbookError> {
    if used.is_empty() {
        return Ok(());
    }
    let about = mail::message::sole_author(raw).unwrap_or_default();
    let write = move |tx: &mut Tx<'_>| {
        for Used { account, fingerprint, succeeded } in &used {
            let used = KeyUse {
                occasion: Occasion { account: Some(*account), ..occasion },
                key: HeldKey::Smime,
                fingerprint: fingerprint.clone(),
                purpose: KeyPurpose::Decrypt,
                about: about.clone(),
                succeeded: *succeeded,
            };
            record_key_use(tx, &used)?;
        }
        Ok::<_, CertbookError>(())
    };
    store.write(write).await
}

/// Whether the certificates of signatures that hold were revoked; one whose was does not hold. In the order of the signatures.
async fn ask(inquirer: &Inquirer, trust: &Trust, opened: &mut Opened) -> Result<Vec<Standing>, StoreError> {
    let mut standings = Vec::new();
    let signatures = opened.layers.iter_mut().flat_map(|layer| match layer {
        Layer::Signed(signatures) => signatures.as_mut_slice(),
        Layer::Encrypted(_) | Layer::Compressed => &mut [],
    });
    for signature in signatures {
        let standing = match signature.certificate.as_ref().filter(|_| signature.fault.is_none()) {
            Some(certificate) => inquirer.standing(trust, certificate, &signature.others).await?,
            None => Standing::Unnamed,
        };
        if let (Standing::Revoked, Some(certificate)) = (&standing, &signature.certificate) {
            signature.fault = Some(Fault::Revoked { subject: certificate.subject.clone() });
        }
        standings.push(standing);
    }
    Ok(standings)
}

/// Keeps the certificate of a signer whose signature holds, if it is new.
async fn learn(store: &Store, organisation: i64, raw: &[u8], opened: &Opened) -> Result<(), CertbookError> {
    let signer = opened.signatures().find(|signature| signature.holds());
    let Some((certificate, signer)) = signer.and_then(|it| Some((it.certificate.clone()?, it))) else {
        return Ok(());
    };
    let others = signer.others.iter().filter(|it| it.is_authority).cloned().collect();
    if !certificate.may_encrypt() {
        return Ok(());
    }
    let Some(author) = Envelope::parse(raw).from.first().and_then(mail::message::EnvelopeAddress::email) else {
        return Ok(());
    };
    let (address, fingerprint) = (author.clone(), certificate.fingerprint());
    let known = store.read(move |tx| partner(tx, organisation, &address)).await?;
    if known.iter().any(|it| !it.is_found && it.certificate.fingerprint() == fingerprint) {
        return Ok(());
    }
    let partner = Partner { certificate, capabilities: signer.capabilities, others, is_found: false };
    store.write(move |tx: &mut Tx<'_>| keep(tx, organisation, Kind::Learned, &author, &partner)).await
}

/// Results as Authentication-Results (RFC 7281 section 3) and how it was encrypted.
fn told(hostname: &str, opened: &Opened, standings: &[Standing]) -> String {
    let mut fields = String::new();
    for (signature, standing) in opened.signatures().zip(standings) {
        let _ = write!(fields, "Authentication-Results: {hostname};\r\n\tsmime={}", result(signature));
        if let Some(certificate) = &signature.certificate {
            if let Some(address) = certificate.emails.first().filter(|address| is_plain(address)) {
                let _ = write!(fields, "\r\n\tbody.smime-identifier={address}");
            }
            let _ = write!(fields, "\r\n\tbody.smime-serial={}", certificate.serial_number());
        }
        fields.push_str("\r\n");
        if let Some(certificate) = &signature.certificate {
            let (by, issuer) = (quoted(&certificate.subject), quoted(&certificate.issuer_name));
            let _ = write!(
                fields,
                "X-Tradewind-Smime: signed; by={by};\r\n\tissuer={issuer};\r\n\tuntil={}{}\r\n",
                certificate.not_after,
                match standing {
                    Standing::Good => ";\r\n\trevocation=checked",
                    Standing::Unknown(_) => ";\r\n\trevocation=unchecked",
                    Standing::Unnamed | Standing::Revoked => "",
                }
            );
        }
    }
    if let Some(cipher) = opened.ciphers().next() {
        let _ = write!(fields, "X-Tradewind-Smime: decrypted; cipher={}", cipher.name());
        if opened.may_be_altered() {
            fields.push_str("; may-be-altered");
        }
        if opened.has_other_author {
            fields.push_str("; other-author");
        }
        fields.push_str("\r\n");
    }
    fields
}

/// Result and, if it is none that passes, its reason as a word.
fn result(signature: &Signature) -> String {
    let Some(fault) = &signature.fault else { return "pass".to_owned() };
    let result = match fault {
        Fault::Altered | Fault::NoSignature | Fault::WrongAuthor { .. } => "fail",
        Fault::RevocationUnknown { .. } => "temperror",
        Fault::Malformed(_) | Fault::TooMuch { .. } | Fault::Unsupported(_) | Fault::NoCertificate => "permerror",
        _ => "policy",
    };
    format!("{result} reason=\"{}\"", fault.word())
}

fn unopened(hostname: &str, fault: &Fault) -> String {
    match fault {
        Fault::NotForUs => "X-Tradewind-Smime: encrypted; not-for-us\r\n".to_owned(),
        Fault::Undecipherable => "X-Tradewind-Smime: encrypted; undecipherable\r\n".to_owned(),
        Fault::NoSignature | Fault::Altered => {
            format!("Authentication-Results: {hostname};\r\n\tsmime=fail reason=\"{}\"\r\n", fault.word())
        }
        _ => format!("Authentication-Results: {hostname};\r\n\tsmime=permerror reason=\"{}\"\r\n", fault.word()),
    }
}

/// Whether it may stand in the field as it is (RFC 8601 section 2.2).
fn is_plain(address: &str) -> bool {
    address.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"@.-_+=".contains(&octet))
}
