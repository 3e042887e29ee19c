//! Content decrypted.

use env::Entropy;
use zeroize::Zeroizing;

use super::agree::{Scheme, digest_of, wrapping_bytes};
use crate::algorithm::{Padding, read_algorithm, read_oaep};
use crate::asn1::{self, Element, Reader};
use crate::certificate::Named;
use crate::cipher::Cipher;
use crate::key::PrivateKey;
use crate::{Fault, Identity, ber, oid};

/// Recipients of one content.
const RECIPIENTS_MAX: usize = 2000;

const WHAT: &str = "the encrypted content";

/// What was encrypted, and how.
pub(crate) struct Decrypted {
    pub(crate) content: Vec<u8>,
    pub(crate) cipher: Cipher,
    /// To whose certificate, as a place in the list of identities.
    pub(crate) identity: usize,
}

/// Decrypts EnvelopedData (RFC 5652 section 6.1), or AuthEnvelopedData (RFC 5083 section 2.1) if `is_authenticated`.
pub(crate) fn decrypt(
    der: &[u8],
    is_authenticated: bool,
    identities: &[Identity],
    entropy: &dyn Entropy,
) -> Result<Decrypted, Fault> {
    let mut inside = Reader(der).sequence(WHAT)?;
    inside.number(WHAT)?;
    // Certificates of the originator.
    inside.optional(asn1::field(0), WHAT)?;
    let recipients = inside.take(asn1::SET, WHAT)?.inside().all(RECIPIENTS_MAX, "recipients")?;
    let mut encrypted = inside.sequence(WHAT)?;
    encrypted.oid(WHAT)?;
    let (name, parameters) = read_algorithm(&encrypted.take(asn1::SEQUENCE, WHAT)?)?;
    let cipher = Cipher::of(name)?;
    if cipher.is_authenticated() != is_authenticated {
        return Err(Fault::Malformed("the encrypted content, whose cipher does not fit its form,"));
    }
    let initial = cipher.read_initial(parameters.as_ref())?;
    let mut content = read_content(&mut encrypted)?;
    let mut more = Vec::new();
    if is_authenticated {
        // What is authenticated beside the content has the tag of a set (RFC 5083 section 2.2).
        if let Some(attributes) = inside.optional(asn1::field(1), WHAT)? {
            more = asn1::element(asn1::SET, &[attributes.content]);
        }
        content.extend_from_slice(inside.take(asn1::OCTETS, WHAT)?.content);
    }
    let (identity, key) = find_key(&recipients, identities, cipher, entropy)?;
    let content = cipher.decrypt(&key, initial, &more, content).ok_or(Fault::Undecipherable)?;
    Ok(Decrypted { content, cipher, identity })
}

/// In one piece or several.
fn read_content(encrypted: &mut Reader<'_>) -> Result<Vec<u8>, Fault> {
    let content = encrypted.any("the encrypted content, which is not in the message,")?;
    match content.tag {
        tag if tag == asn1::plain_field(0) => Ok(content.content.to_vec()),
        tag if tag == asn1::field(0) => ber::join(content.content),
        _ => Err(Fault::Malformed(WHAT)),
    }
}

/// The content's key, and whose certificate it was encrypted to.
fn find_key(
    recipients: &[Element<'_>],
    identities: &[Identity],
    cipher: Cipher,
    entropy: &dyn Entropy,
) -> Result<(usize, Zeroizing<Vec<u8>>), Fault> {
    for recipient in recipients {
        let found = match recipient.tag {
            asn1::SEQUENCE => transport(recipient, identities, cipher, entropy)?,
            tag if tag == asn1::field(1) => agreement(recipient, identities)?,
            // Passwords and keys that both sides have.
            _ => None,
        };
        if let Some(found) = found {
            return Ok(found);
        }
    }
    Err(Fault::NotForUs)
}

fn named<'a>(element: &Element<'a>) -> Result<Named<'a>, Fault> {
    match element.tag {
        asn1::SEQUENCE => Named::read_issuer(element),
        tag if tag == asn1::plain_field(0) => Ok(Named::KeyId(element.content)),
        // RecipientKeyIdentifier (RFC 5652 section 6.2.2).
        tag if tag == asn1::field(0) => Ok(Named::KeyId(element.inside().take(asn1::OCTETS, WHAT)?.content)),
        _ => Err(Fault::Malformed(WHAT)),
    }
}

type Found = Option<(usize, Zeroizing<Vec<u8>>)>;

/// KeyTransRecipientInfo (RFC 5652 section 6.2.1).
fn transport(
    recipient: &Element<'_>,
    identities: &[Identity],
    cipher: Cipher,
    entropy: &dyn Entropy,
) -> Result<Found, Fault> {
    let mut inside = recipient.inside();
    inside.number(WHAT)?;
    let named = named(&inside.any(WHAT)?)?;
    let Some((place, identity)) = identities.iter().enumerate().find(|(_, it)| named.is(&it.certificate)) else {
        return Ok(None);
    };
    let (name, parameters) = read_algorithm(&inside.take(asn1::SEQUENCE, WHAT)?)?;
    let padding = match name {
        oid::RSA => Padding::Pkcs1,
        oid::RSA_OAEP => Padding::Oaep(read_oaep(parameters.as_ref())?),
        // GM/T 0010 names the curve, or the encryption by it.
        oid::SM2_ENCRYPT | oid::SM2 => Padding::Sm2,
        other => return Err(Fault::Unsupported(format!("the encryption of keys {other}"))),
    };
    let encrypted = inside.take(asn1::OCTETS, WHAT)?.content;
    // A key that does not open is replaced by one made up, so that nobody learns from our answer whether its padding was right
    // (RFC 3218 section 2.3.2).
    let mut made_up = Zeroizing::new(vec![0; cipher.key_bytes()]);
    entropy.fill(&mut made_up);
    let key = identity.key.decrypt(padding, encrypted).filter(|key| key.len() == cipher.key_bytes()).unwrap_or(made_up);
    Ok(Some((place, key)))
}

/// KeyAgreeRecipientInfo (RFC 5652 section 6.2.2).
fn agreement(recipient: &Element<'_>, identities: &[Identity]) -> Result<Found, Fault> {
    let mut inside = recipient.inside();
    inside.number(WHAT)?;
    let origin = inside.take(asn1::field(0), WHAT)?.inside().any(WHAT)?;
    let material = match inside.optional(asn1::field(1), WHAT)? {
        Some(material) => Some(material.inside().take(asn1::OCTETS, WHAT)?.content),
        None => None,
    };
    let (scheme, wrapping) = read_algorithm(&inside.take(asn1::SEQUENCE, WHAT)?)?;
    for entry in inside.sequence(WHAT)?.all(RECIPIENTS_MAX, "recipients")? {
        let mut entry = entry.inside();
        let named = named(&entry.any(WHAT)?)?;
        let Some((place, identity)) = identities.iter().enumerate().find(|(_, it)| named.is(&it.certificate)) else {
            continue;
        };
        let PrivateKey::Ec { agree, .. } = &identity.key else { return Err(Fault::Undecipherable) };
        if origin.tag != asn1::field(1) {
            return Err(Fault::Unsupported("an agreement with a key of the sender's certificate".to_owned()));
        }
        let mut origin = origin.inside();
        origin.take(asn1::SEQUENCE, WHAT)?;
        let point = origin.take(asn1::BIT_STRING, WHAT)?.content;
        let point = point.strip_prefix(&[0]).ok_or(Fault::Malformed(WHAT))?;
        let wrapping = wrapping.ok_or(Fault::Malformed(WHAT))?;
        let scheme = Scheme {
            digest: digest_of(scheme)?,
            wrapping: wrapping.raw,
            key_bytes: wrapping_bytes(&wrapping)?,
            material,
        };
        let wrapped = entry.take(asn1::OCTETS, WHAT)?.content;
        let key = scheme.unwrap(agree, point, wrapped).ok_or(Fault::Undecipherable)?;
        return Ok(Some((place, key)));
    }
    Ok(None)
}
