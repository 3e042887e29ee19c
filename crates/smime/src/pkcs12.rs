//! Keys with their certificates in password-protected files (PKCS#12, RFC 7292).

mod password;

use zeroize::Zeroizing;

use crate::asn1::{self, Element, Reader};
use crate::certificate::Certificate;
use crate::{Fault, Identity, ber, oid};

/// Octets of a file that is read.
const BYTES_MAX: usize = 4 << 20;

/// Bags of one file.
const BAGS_MAX: usize = 200;

const WHAT: &str = "the PKCS#12 file";

/// What the bags of a file hold.
#[derive(Default)]
struct Bags {
    keys: Vec<Zeroizing<Vec<u8>>>,
    certificates: Vec<Certificate>,
}

impl Identity {
    /// Reads the one key of a PKCS#12 file with its certificate and those between it and the root. Files of old programs (RC2, Triple DES)
    /// are read too.
    ///
    /// # Errors
    /// [`Fault::WrongPassword`], or what else is wrong with the file.
    pub fn from_pkcs12(file: &[u8], password: &str) -> Result<Self, Fault> {
        if file.len() > BYTES_MAX {
            return Err(Fault::TooMuch { what: "octets in a PKCS#12 file", max: BYTES_MAX });
        }
        let der = ber::to_der(file)?;
        let mut inside = Reader(&der).sequence(WHAT)?;
        if inside.number(WHAT)? != 3 {
            return Err(Fault::Unsupported("a PKCS#12 file of another version than 3".to_owned()));
        }
        let safe = read_data(&mut inside.sequence(WHAT)?)?;
        let check = inside.optional(asn1::SEQUENCE, WHAT)?;
        let check = check
            .ok_or_else(|| Fault::Unsupported("a PKCS#12 file that is signed, not under a password".to_owned()))?;
        password::check(&check, password, &safe)?;
        let mut bags = Bags::default();
        for content in Reader(&safe).sequence(WHAT)?.all(BAGS_MAX, "contents")? {
            bags.read_content(&content, password)?;
        }
        let [key] = bags.keys.as_slice() else {
            return Err(Fault::Unsupported(format!("a PKCS#12 file with {} keys", bags.keys.len())));
        };
        Self::choose(bags.certificates, key)
    }
}

/// The octets of a `data` content, its type read from `inside`.
fn read_data(inside: &mut Reader<'_>) -> Result<Vec<u8>, Fault> {
    let kind = inside.oid(WHAT)?;
    if kind != oid::DATA {
        return Err(Fault::Unsupported(format!("a PKCS#12 file with a content {kind}")));
    }
    let content = inside.take(asn1::field(0), WHAT)?.inside().take(asn1::OCTETS, WHAT)?.content;
    Ok(content.to_vec())
}

impl Bags {
    /// RFC 7292 section 4.1: bags in clear or under the password.
    fn read_content(&mut self, content: &Element<'_>, password: &str) -> Result<(), Fault> {
        let mut inside = content.inside();
        if inside.oid(WHAT)? != oid::ENCRYPTED_DATA {
            return self.read_bags(&read_data(&mut content.inside())?, password);
        }
        let mut data = inside.take(asn1::field(0), WHAT)?.inside().sequence(WHAT)?;
        data.number(WHAT)?;
        let mut encrypted = data.sequence(WHAT)?;
        encrypted.oid(WHAT)?;
        let algorithm = encrypted.take(asn1::SEQUENCE, WHAT)?;
        let octets = encrypted.any(WHAT)?;
        let octets = match octets.tag {
            tag if tag == asn1::plain_field(0) => octets.content.to_vec(),
            tag if tag == asn1::field(0) => ber::join(octets.content)?,
            _ => return Err(Fault::Malformed(WHAT)),
        };
        let bags = password::decrypt(&algorithm, password, octets)?;
        self.read_bags(&bags, password)
    }

    /// RFC 7292 section 4.2.
    fn read_bags(&mut self, bags: &[u8], password: &str) -> Result<(), Fault> {
        let bags = ber::to_der(bags)?;
        for bag in Reader(&bags).sequence(WHAT)?.all(BAGS_MAX, "bags")? {
            let mut bag = bag.inside();
            let kind = bag.oid(WHAT)?;
            let mut value = bag.take(asn1::field(0), WHAT)?.inside();
            match kind {
                oid::KEY_BAG => self.keys.push(Zeroizing::new(value.any(WHAT)?.raw.to_vec())),
                oid::SHROUDED_KEY_BAG => {
                    let mut shrouded = value.sequence(WHAT)?;
                    let algorithm = shrouded.take(asn1::SEQUENCE, WHAT)?;
                    let octets = shrouded.take(asn1::OCTETS, WHAT)?.content.to_vec();
                    self.keys.push(password::decrypt(&algorithm, password, octets)?);
                }
                oid::CERTIFICATE_BAG => {
                    let mut certificate = value.sequence(WHAT)?;
                    if certificate.oid(WHAT)? == oid::X509_CERTIFICATE {
                        let der = certificate.take(asn1::field(0), WHAT)?.inside().take(asn1::OCTETS, WHAT)?.content;
                        self.certificates.push(Certificate::from_der(der)?);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
