//! What goes over the wire (RFC 6960 section 4).

use der::asn1::{Any, BitString, GeneralizedTime, ObjectIdentifier, OctetString};
use der::{Decode, Encode, Sequence, Tag};

use super::OcspError;

/// id-pkix-ocsp-basic.
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");

/// id-pkix-ocsp-nonce.
pub(super) const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");

/// An algorithm with its parameters (RFC 5280 section 4.1.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(super) struct Algorithm {
    pub(super) oid: ObjectIdentifier,
    #[asn1(optional = "true")]
    pub(super) parameters: Option<Any>,
}

/// The certificate in question, by its issuer and its serial number (RFC 6960 section 4.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(super) struct CertId {
    pub(super) hash: Algorithm,
    pub(super) issuer_name: OctetString,
    pub(super) issuer_key: OctetString,
    pub(super) serial: Any,
}

#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(super) struct Extension {
    pub(super) id: ObjectIdentifier,
    #[asn1(default = "Default::default")]
    pub(super) critical: bool,
    pub(super) value: OctetString,
}

#[derive(Debug, Sequence)]
struct Request {
    tbs: TbsRequest,
}

#[derive(Debug, Sequence)]
struct TbsRequest {
    list: Vec<Wanted>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Debug, Sequence)]
struct Wanted {
    id: CertId,
}

#[derive(Debug, Sequence)]
struct Response {
    status: Any,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    bytes: Option<ResponseBytes>,
}

#[derive(Debug, Sequence)]
struct ResponseBytes {
    kind: ObjectIdentifier,
    response: OctetString,
}

/// A signed response. What is signed is kept as it came: DER has one form only.
#[derive(Debug, Sequence)]
pub(super) struct Basic {
    pub(super) tbs: Any,
    pub(super) algorithm: Any,
    pub(super) signature: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) certificates: Option<Vec<Any>>,
}

/// What is signed.
#[derive(Debug, Sequence)]
pub(super) struct Data {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) version: Option<u8>,
    pub(super) responder: Any,
    pub(super) produced_at: GeneralizedTime,
    pub(super) responses: Vec<Single>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) extensions: Option<Vec<Extension>>,
}

/// What is said of one certificate.
#[derive(Debug, Sequence)]
pub(super) struct Single {
    pub(super) id: CertId,
    pub(super) status: Any,
    pub(super) this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) extensions: Option<Vec<Extension>>,
}

/// Writes a request for one certificate.
pub(super) fn write_request(id: CertId, nonce: &[u8]) -> Result<Vec<u8>, OcspError> {
    let value = OctetString::new(OctetString::new(nonce).and_then(|nonce| nonce.to_der()).map_err(malformed)?);
    let nonce = Extension { id: NONCE, critical: false, value: value.map_err(malformed)? };
    let tbs = TbsRequest { list: vec![Wanted { id }], extensions: Some(vec![nonce]) };
    Request { tbs }.to_der().map_err(malformed)
}

/// Reads a response as far as what is signed.
pub(super) fn read_response(answer: &[u8]) -> Result<Basic, OcspError> {
    let response = Response::from_der(answer).map_err(malformed)?;
    if response.status.header().tag() != Tag::Enumerated {
        return Err(OcspError::Malformed("its status is no ENUMERATED".to_owned()));
    }
    let [0] = response.status.value() else { return Err(OcspError::NoAnswer(refusal(response.status.value()))) };
    match response.bytes {
        Some(bytes) if bytes.kind == BASIC => Basic::from_der(bytes.response.as_bytes()).map_err(malformed),
        Some(bytes) => Err(OcspError::Malformed(format!("its kind is {}, which is not known", bytes.kind))),
        None => Err(OcspError::Malformed("it has no content".to_owned())),
    }
}

/// The responder's own words for not answering (RFC 6960 section 4.2.1).
fn refusal(status: &[u8]) -> &'static str {
    match status {
        [1] => "malformedRequest",
        [2] => "internalError",
        [3] => "tryLater",
        [5] => "sigRequired",
        [6] => "unauthorized",
        _ => "a status that is not known",
    }
}

pub(super) fn malformed(cause: impl std::fmt::Display) -> OcspError {
    OcspError::Malformed(cause.to_string())
}

/// Writes a response, as responders do.
#[cfg(test)]
pub(super) fn write_response(basic: &Basic) -> Vec<u8> {
    let response = OctetString::new(basic.to_der().unwrap()).unwrap();
    let status = Any::new(Tag::Enumerated, [0]).unwrap();
    Response { status, bytes: Some(ResponseBytes { kind: BASIC, response }) }.to_der().unwrap()
}
