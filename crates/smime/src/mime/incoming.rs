//! Messages decrypted and verified.

use env::{Entropy, Timestamp};
use mail::header;
use mail::message::{Envelope, Part, Structure, decode_part};

use super::entity::{self, canonical, is_mime, is_protected};
use crate::cipher::Cipher;
use crate::content::{self, Kind};
use crate::enveloped::decrypt;
use crate::signed::Signed;
use crate::{Fault, Identity, Signature, Trust, compressed};

/// Signatures, envelopes and compressions around one another: signed, encrypted, signed again, and some more (RFC 2634 section 1.1).
const LAYERS_MAX: usize = 6;

/// How a layer was encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encryption {
    /// The cipher of the content.
    pub cipher: Cipher,
    /// To which of our identities, as a place in the list that was given.
    pub identity: usize,
}

/// What lay around the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layer {
    /// It was encrypted.
    Encrypted(Encryption),
    /// It was signed, by one or more.
    Signed(Vec<Signature>),
    /// It was compressed (RFC 3274).
    Compressed,
}

/// A message and what protects it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The message as people read it, with the fields that were encrypted; `None` if it can be read as it came.
    pub message: Option<Vec<u8>>,
    /// What lay around the content, outermost first; none if the message is not protected as a whole.
    pub layers: Vec<Layer>,
    /// Encrypted parts stand beside others. They are not opened: what stands around could send their text elsewhere.
    pub has_encrypted_parts: bool,
    /// The protected author is another than the one outside, who is shown, as servers have checked him alone.
    pub has_other_author: bool,
}

impl Opened {
    /// All signatures, outermost first.
    pub fn signatures(&self) -> impl Iterator<Item = &Signature> {
        self.layers.iter().flat_map(|layer| match layer {
            Layer::Signed(signatures) => signatures.as_slice(),
            Layer::Encrypted(_) | Layer::Compressed => &[],
        })
    }

    /// The ciphers, outermost first.
    pub fn ciphers(&self) -> impl Iterator<Item = Cipher> {
        self.layers.iter().filter_map(|layer| match layer {
            Layer::Encrypted(encryption) => Some(encryption.cipher),
            Layer::Signed(_) | Layer::Compressed => None,
        })
    }

    /// Whether a signature by the author holds.
    #[must_use]
    pub fn is_signed_by_author(&self) -> bool {
        self.signatures().any(Signature::holds)
    }

    /// Whether somebody on the way may have altered the text without its reader noticing: encrypted by a cipher that does not notice,
    /// and not signed. Nothing from elsewhere may be loaded for such a message (EFAIL).
    #[must_use]
    pub fn may_be_altered(&self) -> bool {
        self.ciphers().any(|cipher| !cipher.is_authenticated()) && !self.is_signed_by_author()
    }
}

/// What a message is from outside, without a look at its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// No S/MIME as a whole.
    Plain,
    /// Signed beside its text.
    Signed,
    /// A structure: signed, encrypted or compressed.
    Wrapped,
}

/// What `message` is from outside.
#[must_use]
pub fn looks(message: &[u8]) -> Looks {
    match Wrap::of(&Structure::parse(message)) {
        Ok(Wrap::None) => Looks::Plain,
        Ok(Wrap::Structure) => Looks::Wrapped,
        // What is wrong with a signature is told when it is looked into.
        Ok(Wrap::Detached) | Err(_) => Looks::Signed,
    }
}

/// Undoes what protects `message`. What is wrong with signatures is told with them; a message that is signed and not encrypted can be read
/// whatever they are worth.
///
/// # Errors
/// [`Fault`] if it cannot be read.
pub fn open(
    message: &[u8],
    identities: &[Identity],
    trust: &Trust,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Opened, Fault> {
    let mut opened = Opened { message: None, layers: Vec::new(), has_encrypted_parts: false, has_other_author: false };
    let mut entity = message.to_vec();
    let mut shown: Option<Vec<u8>> = None;
    loop {
        let structure = Structure::parse(&entity);
        let wrap = Wrap::of(&structure)?;
        if wrap != Wrap::None && opened.layers.len() == LAYERS_MAX {
            return Err(Fault::TooMuch { what: "layers of protection", max: LAYERS_MAX });
        }
        entity = match wrap {
            Wrap::None => {
                opened.has_encrypted_parts = structure.parts.iter().skip(1).any(is_enveloped);
                break;
            }
            Wrap::Detached => {
                let (content, signatures) = verify_detached(&entity, &structure, trust, now)?;
                opened.layers.push(Layer::Signed(signatures));
                content
            }
            Wrap::Structure => {
                let part = structure.parts.first().ok_or(Fault::Malformed("the message"))?;
                let octets = decode_part(&entity, part).map_err(|_| Fault::Malformed("the encoding of the message"))?;
                let (layer, content) = unwrap(&octets, identities, trust, now, entropy)?;
                opened.layers.push(layer);
                let content = canonical(&content);
                shown = Some(content.clone());
                content
            }
        };
    }
    if opened.layers.is_empty() {
        return Ok(opened);
    }
    let protected = is_header_protected(&entity).then_some(entity.as_slice());
    opened.has_other_author = protected.is_some_and(|entity| has_other_author(message, entity));
    check_author(message, &mut opened.layers);
    opened.message = shown.map(|shown| assemble(message, &shown, protected, opened.has_other_author));
    Ok(opened)
}

/// What the whole message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrap {
    None,
    /// `multipart/signed` (RFC 8551 section 3.5.3).
    Detached,
    /// `application/pkcs7-mime` (section 3.2).
    Structure,
}

impl Wrap {
    fn of(structure: &Structure) -> Result<Self, Fault> {
        let Some(first) = structure.parts.first() else { return Ok(Self::None) };
        if is_structure(first) {
            return Ok(Self::Structure);
        }
        let is_ours = first.param("protocol").is_none_or(|protocol| {
            protocol.eq_ignore_ascii_case("application/pkcs7-signature")
                || protocol.eq_ignore_ascii_case("application/x-pkcs7-signature")
        });
        if !first.is("multipart", "signed") || !is_ours {
            return Ok(Self::None);
        }
        if structure.truncated {
            return Err(Fault::TooMuch { what: "parts", max: mail::message::PARTS_MAX });
        }
        let has_signature = structure.parts.last().is_some_and(is_signature);
        match (first.children, has_signature) {
            (2, true) => Ok(Self::Detached),
            // One of a kind that is not ours, if it does not say so.
            _ if first.param("protocol").is_none() => Ok(Self::None),
            _ => Err(Fault::NoSignature),
        }
    }
}

/// CMS as the whole body, also by the name of its file, as some programs send it (RFC 8551 section 3.2.1).
fn is_structure(part: &Part) -> bool {
    let is_named = |ending: &str| part.file_name().is_some_and(|name| name.to_ascii_lowercase().ends_with(ending));
    part.is("application", "pkcs7-mime")
        || part.is("application", "x-pkcs7-mime")
        || part.is("application", "octet-stream") && is_named("smime.p7m")
}

fn is_enveloped(part: &Part) -> bool {
    let is_signed = part
        .param("smime-type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("signed-data") || kind.eq_ignore_ascii_case("certs-only"));
    is_structure(part) && !is_signed
}

fn is_signature(part: &Part) -> bool {
    part.is("application", "pkcs7-signature") || part.is("application", "x-pkcs7-signature")
}

/// The signed part and what there is to say of its signatures.
fn verify_detached(
    entity: &[u8],
    structure: &Structure,
    trust: &Trust,
    now: Timestamp,
) -> Result<(Vec<u8>, Vec<Signature>), Fault> {
    const WHAT: Fault = Fault::Malformed("the signature");
    let (part, signature) = structure.parts.get(1).zip(structure.parts.last()).ok_or(WHAT)?;
    let content = entity.get(part.header_start as usize..part.body_end as usize).ok_or(WHAT)?;
    let content = canonical(content);
    let octets = decode_part(entity, signature).map_err(|_| WHAT)?;
    let (kind, der) = content::read(&octets)?;
    if kind != Kind::Signed {
        return Err(WHAT);
    }
    let signed = Signed::read(&der)?;
    // A signature over something else that it brings along is none of this part.
    if signed.content.is_some_and(|inside| inside != content) {
        return Err(Fault::Altered);
    }
    let signatures = signed.verify(&content, trust, now);
    Ok((content, signatures))
}

fn unwrap(
    octets: &[u8],
    identities: &[Identity],
    trust: &Trust,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<(Layer, Vec<u8>), Fault> {
    let (kind, der) = content::read(octets)?;
    match kind {
        Kind::Signed => {
            let signed = Signed::read(&der)?;
            let content = signed.content.ok_or(Fault::NoSignature)?;
            Ok((Layer::Signed(signed.verify(content, trust, now)), content.to_vec()))
        }
        Kind::Enveloped | Kind::AuthEnveloped => {
            let decrypted = decrypt(&der, kind == Kind::AuthEnveloped, identities, entropy)?;
            let encryption = Encryption { cipher: decrypted.cipher, identity: decrypted.identity };
            Ok((Layer::Encrypted(encryption), decrypted.content))
        }
        Kind::Compressed => Ok((Layer::Compressed, compressed::inflate(&der)?)),
    }
}

/// RFC 9788 section 2.1.
fn is_header_protected(entity: &[u8]) -> bool {
    let structure = Structure::parse(entity);
    structure.parts.first().is_some_and(|part| part.param("hp").is_some_and(|how| how == "clear" || how == "cipher"))
}

/// Addresses of the From fields; in lowercase.
fn authors(raw: &[u8]) -> Vec<String> {
    let envelope = Envelope::parse(raw);
    envelope.from.iter().filter(|it| it.is_mailbox()).filter_map(|it| Some(it.email()?.to_lowercase())).collect()
}

fn has_other_author(message: &[u8], protected: &[u8]) -> bool {
    let inside = authors(protected);
    !inside.is_empty() && inside != authors(message)
}

/// RFC 8550 section 3: the certificate must be for the author. Sender does not do: people see the author.
fn check_author(message: &[u8], layers: &mut [Layer]) {
    let authors = authors(message);
    let fields = header::fields(message).filter(|field| field.is("From")).count();
    // Of several, programs show one or another.
    let author = match authors.as_slice() {
        [author] if fields == 1 => author.as_str(),
        _ => "",
    };
    for layer in layers {
        let Layer::Signed(signatures) = layer else { continue };
        for signature in signatures.iter_mut().filter(|signature| signature.holds()) {
            let Some(certificate) = &signature.certificate else { continue };
            if !certificate.is_for(author) {
                signature.fault =
                    Some(Fault::WrongAuthor { certificate: certificate.emails.clone(), author: authors.join(", ") });
            }
        }
    }
}

/// The message as people read it: fields of outside, but for those that were protected inside, and the content.
fn assemble(message: &[u8], shown: &[u8], protected: Option<&[u8]>, keeps_author: bool) -> Vec<u8> {
    let inside = protected.map_or(&[] as &[u8], |entity| header::split_header_body(entity).0);
    let is_taken = |field: &header::Field<'_>| is_protected(field) && !(keeps_author && field.is("From"));
    let names: Vec<&[u8]> = header::fields(inside).filter(is_taken).map(|field| field.name).collect();
    let (head, _) = header::split_header_body(message);
    let mut out = Vec::with_capacity(shown.len() + head.len());
    for field in header::fields(head).filter(|field| !is_mime(field)) {
        if !names.iter().any(|name| field.name.eq_ignore_ascii_case(name)) {
            out.extend_from_slice(&canonical(entity::text(head, &field)));
        }
    }
    for field in header::fields(inside).filter(is_taken) {
        out.extend_from_slice(entity::text(inside, &field));
    }
    out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    let (head, body) = header::split_header_body(shown);
    for field in header::fields(head).filter(|field| is_mime(field) && !field.is("MIME-Version")) {
        out.extend_from_slice(entity::text(head, &field));
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}
