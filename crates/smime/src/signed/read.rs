//! Signatures read and verified.

use der::oid::ObjectIdentifier;
use env::Timestamp;

use super::{Capabilities, Signature};
use crate::algorithm::{self, Digest, read_algorithm};
use crate::asn1::{self, Element, Reader};
use crate::certificate::Named;
use crate::{Certificate, Fault, Trust, oid};

/// Signers of one content.
const SIGNERS_MAX: usize = 16;

/// Certificates that come along.
const CERTIFICATES_MAX: usize = 100;

/// Attributes of one signer.
const ATTRIBUTES_MAX: usize = 64;

const WHAT: &str = "the signature";

/// SignedData (RFC 5652 section 5.1), taken apart.
pub(crate) struct Signed<'a> {
    content_type: ObjectIdentifier,
    /// The signed content, if it is inside.
    pub(crate) content: Option<&'a [u8]>,
    certificates: Vec<Certificate>,
    signers: Vec<Element<'a>>,
}

impl<'a> Signed<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, Fault> {
        let mut inside = Reader(der).sequence(WHAT)?;
        inside.number(WHAT)?;
        inside.take(asn1::SET, WHAT)?;
        let mut encapsulated = inside.sequence(WHAT)?;
        let content_type = encapsulated.oid(WHAT)?;
        let content = match encapsulated.optional(asn1::field(0), WHAT)? {
            Some(content) => Some(content.inside().take(asn1::OCTETS, WHAT)?.content),
            None => None,
        };
        let certificates = match inside.optional(asn1::field(0), WHAT)? {
            Some(set) => set.inside().all(CERTIFICATES_MAX, "certificates")?,
            None => Vec::new(),
        };
        // Lists of revoked certificates that come along are not believed more than those that were given to us.
        inside.optional(asn1::field(1), WHAT)?;
        let signers = inside.take(asn1::SET, WHAT)?.inside().all(SIGNERS_MAX, "signers")?;
        // Certificates of other forms, or with keys that cannot be used, are passed over.
        let certificates = certificates.iter().filter_map(|it| Certificate::from_der(it.raw).ok()).collect();
        Ok(Self { content_type, content, certificates, signers })
    }

    /// The certificates that came along.
    pub(crate) fn into_certificates(self) -> Vec<Certificate> {
        self.certificates
    }

    /// What kind of content is signed.
    pub(crate) const fn content_type(&self) -> ObjectIdentifier {
        self.content_type
    }

    /// What there is to say of each signature over `content`; never empty.
    pub(crate) fn verify(&self, content: &[u8], trust: &Trust, now: Timestamp) -> Vec<Signature> {
        if self.signers.is_empty() {
            return vec![self.signature(None, Some(Fault::NoSignature))];
        }
        self.signers.iter().map(|signer| self.verify_one(signer, content, trust, now)).collect()
    }

    fn signature(&self, certificate: Option<&Certificate>, fault: Option<Fault>) -> Signature {
        let others = self.certificates.iter().filter(|it| Some(*it) != certificate).cloned().collect();
        Signature {
            certificate: certificate.cloned(),
            others,
            fault,
            digest: "",
            signed_at: None,
            capabilities: Capabilities::default(),
        }
    }

    fn verify_one(&self, signer: &Element<'_>, content: &[u8], trust: &Trust, now: Timestamp) -> Signature {
        let signer = match Signer::read(signer) {
            Ok(signer) => signer,
            Err(fault) => return self.signature(None, Some(fault)),
        };
        let Some(certificate) = self.certificates.iter().find(|it| signer.named.is(it)) else {
            return self.signature(None, Some(Fault::NoCertificate));
        };
        let mut signature = self.signature(Some(certificate), None);
        let checked = signer
            .check(certificate, self.content_type, content, &mut signature)
            .and_then(|()| trust.check(certificate, &signature.others, now))
            .and_then(|()| check_use(certificate));
        signature.fault = checked.err();
        signature
    }
}

fn check_use(certificate: &Certificate) -> Result<(), Fault> {
    if certificate.may_sign() {
        return Ok(());
    }
    Err(Fault::WrongUse { subject: certificate.subject.clone(), needed: "signing" })
}

/// SignerInfo (RFC 5652 section 5.3).
struct Signer<'a> {
    named: Named<'a>,
    digest: Element<'a>,
    attributes: Option<Element<'a>>,
    algorithm: Element<'a>,
    signature: &'a [u8],
}

impl<'a> Signer<'a> {
    fn read(element: &Element<'a>) -> Result<Self, Fault> {
        let mut inside = element.inside();
        inside.number(WHAT)?;
        let named = inside.any(WHAT)?;
        let named = match named.tag {
            asn1::SEQUENCE => Named::read_issuer(&named)?,
            tag if tag == asn1::plain_field(0) => Named::KeyId(named.content),
            _ => return Err(Fault::Malformed(WHAT)),
        };
        Ok(Self {
            named,
            digest: inside.take(asn1::SEQUENCE, WHAT)?,
            attributes: inside.optional(asn1::field(0), WHAT)?,
            algorithm: inside.take(asn1::SEQUENCE, WHAT)?,
            signature: inside.take(asn1::OCTETS, WHAT)?.content,
        })
    }

    /// Whether it is this certificate's signature over `content`. Notes what it says on the way.
    fn check(
        &self,
        certificate: &Certificate,
        content_type: ObjectIdentifier,
        content: &[u8],
        signature: &mut Signature,
    ) -> Result<(), Fault> {
        let digest = Digest::of(read_algorithm(&self.digest)?.0)?;
        signature.digest = digest.name();
        let Some(attributes) = self.attributes else {
            // RFC 5652 section 5.3: anything but plain data needs attributes. What begins like a set of attributes could be the
            // attributes of another signature, shown as content.
            if ![oid::DATA, oid::GM_DATA].contains(&content_type) || content.first() == Some(&asn1::SET) {
                return Err(Fault::Altered);
            }
            return algorithm::verify(certificate, digest, &self.algorithm, content, self.signature);
        };
        let said = Attributes::read(&attributes, certificate)?;
        if said.content_type != Some(content_type) || said.digest != Some(digest.hash(&[content]).as_slice()) {
            return Err(Fault::Altered);
        }
        let signed = asn1::element(asn1::SET, &[attributes.content]);
        algorithm::verify(certificate, digest, &self.algorithm, &signed, self.signature)?;
        // What unsigned attributes would say is not believed.
        signature.signed_at = said.signed_at;
        signature.capabilities = said.capabilities;
        Ok(())
    }
}

#[derive(Default)]
struct Attributes<'a> {
    content_type: Option<ObjectIdentifier>,
    digest: Option<&'a [u8]>,
    signed_at: Option<Timestamp>,
    capabilities: Capabilities,
}

impl<'a> Attributes<'a> {
    fn read(set: &Element<'a>, certificate: &Certificate) -> Result<Self, Fault> {
        let mut found = Self::default();
        let mut seen = Vec::new();
        for attribute in set.inside().all(ATTRIBUTES_MAX, "attributes")? {
            let mut attribute = attribute.inside();
            let kind = attribute.oid(WHAT)?;
            // RFC 5652 section 11: each of those that are read here at most once, with one value.
            if seen.contains(&kind) {
                return Err(Fault::Malformed("an attribute of the signature, which stands there twice,"));
            }
            seen.push(kind);
            let mut values = attribute.take(asn1::SET, WHAT)?.inside();
            match kind {
                oid::CONTENT_TYPE => found.content_type = Some(values.oid(WHAT)?),
                oid::MESSAGE_DIGEST => found.digest = Some(values.take(asn1::OCTETS, WHAT)?.content),
                oid::SIGNING_TIME => found.signed_at = asn1::read_time(&values.any(WHAT)?),
                oid::CAPABILITIES => found.capabilities = read_capabilities(values),
                oid::SIGNING_CERTIFICATE_V2 => check_certificate(values, certificate)?,
                _ => {}
            }
        }
        Ok(found)
    }
}

/// RFC 5035 section 4: the certificate that the signer meant, so that another with the same key cannot take its place.
fn check_certificate(mut values: Reader<'_>, certificate: &Certificate) -> Result<(), Fault> {
    let mut first = values.sequence(WHAT)?.sequence(WHAT)?.sequence(WHAT)?;
    let digest = match first.optional(asn1::SEQUENCE, WHAT)? {
        Some(algorithm) => Digest::of(read_algorithm(&algorithm)?.0)?,
        None => Digest::Sha256,
    };
    let hash = first.take(asn1::OCTETS, WHAT)?.content;
    if hash == digest.hash(&[certificate.der()]) { Ok(()) } else { Err(Fault::Altered) }
}

/// Passes over what it cannot read.
fn read_capabilities(mut values: Reader<'_>) -> Capabilities {
    let mut found = Capabilities::default();
    let list = values.sequence(WHAT).and_then(|list| list.all(ATTRIBUTES_MAX, "capabilities"));
    for entry in list.unwrap_or_default() {
        match read_algorithm(&entry).map(|(name, _)| name) {
            Ok(oid::AES_256_GCM) => found.aes_256_gcm = true,
            Ok(oid::AES_256_CBC) => found.aes_256_cbc = true,
            Ok(oid::RSA_OAEP) => found.oaep = true,
            _ => {}
        }
    }
    found
}
