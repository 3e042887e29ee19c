//! The outermost structure of CMS: what kind of content it holds (RFC 5652 section 3).

use der::oid::ObjectIdentifier;

use crate::asn1::{self, Reader};
use crate::{Fault, ber, oid};

/// Octets of a structure that is read: a message of 50 MiB has grown by a third twice.
pub(crate) const BYTES_MAX: usize = 128 << 20;

/// By which names content and algorithms of SM2 go; others go by their own in both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Those of CMS (RFC 5652), as Tongsuo and GmSSL write them.
    #[default]
    Cms,
    /// Those of GM/T 0010.
    Gm,
}

impl Dialect {
    /// Name of plain content.
    pub(crate) const fn data(self) -> ObjectIdentifier {
        match self {
            Self::Cms => oid::DATA,
            Self::Gm => oid::GM_DATA,
        }
    }

    /// Name of signed content.
    pub(crate) const fn signed(self) -> ObjectIdentifier {
        match self {
            Self::Cms => oid::SIGNED_DATA,
            Self::Gm => oid::GM_SIGNED_DATA,
        }
    }

    /// Name of encrypted content.
    pub(crate) const fn enveloped(self) -> ObjectIdentifier {
        match self {
            Self::Cms => oid::ENVELOPED_DATA,
            Self::Gm => oid::GM_ENVELOPED_DATA,
        }
    }
}

/// What a structure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Signed,
    Enveloped,
    AuthEnveloped,
    Compressed,
}

/// The kind of the structure, and the structure itself as DER with its tag.
pub(crate) fn read(octets: &[u8]) -> Result<(Kind, Vec<u8>), Fault> {
    const WHAT: &str = "the structure of the message";
    if octets.len() > BYTES_MAX {
        return Err(Fault::TooMuch { what: "octets", max: BYTES_MAX });
    }
    let der = ber::to_der(octets)?;
    let mut inside = Reader(&der).sequence(WHAT)?;
    let kind = match inside.oid(WHAT)? {
        oid::SIGNED_DATA | oid::GM_SIGNED_DATA => Kind::Signed,
        oid::ENVELOPED_DATA | oid::GM_ENVELOPED_DATA => Kind::Enveloped,
        oid::AUTH_ENVELOPED_DATA => Kind::AuthEnveloped,
        oid::COMPRESSED_DATA => Kind::Compressed,
        other => return Err(Fault::Unsupported(format!("content of the type {other}"))),
    };
    let content = inside.take(asn1::field(0), WHAT)?.content;
    Ok((kind, content.to_vec()))
}

/// Puts `content` into the outermost structure.
pub(crate) fn write(kind: ObjectIdentifier, content: &[u8]) -> Vec<u8> {
    asn1::sequence(&[&asn1::oid(kind), &asn1::element(asn1::field(0), &[content])])
}
