//! Content compressed (RFC 3274): read within a limit.

use std::io::Read;

use crate::asn1::{self, Reader};
use crate::{Fault, oid};

/// Octets that may come out.
const BYTES_MAX: usize = 64 << 20;

/// Undoes CompressedData.
pub(crate) fn inflate(der: &[u8]) -> Result<Vec<u8>, Fault> {
    inflate_within(der, BYTES_MAX)
}

fn inflate_within(der: &[u8], max: usize) -> Result<Vec<u8>, Fault> {
    const WHAT: &str = "the compressed content";
    let mut inside = Reader(der).sequence(WHAT)?;
    inside.number(WHAT)?;
    let name = inside.sequence(WHAT)?.oid(WHAT)?;
    if name != oid::ZLIB {
        return Err(Fault::Unsupported(format!("the compression {name}")));
    }
    let mut encapsulated = inside.sequence(WHAT)?;
    encapsulated.oid(WHAT)?;
    let packed = encapsulated.take(asn1::field(0), WHAT)?.inside().take(asn1::OCTETS, WHAT)?.content;
    let mut content = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let unpacked = flate2::read::ZlibDecoder::new(packed).take(limit).read_to_end(&mut content);
    unpacked.map_err(|_| Fault::Malformed(WHAT))?;
    if content.len() > max { Err(Fault::TooMuch { what: "octets when unpacked", max }) } else { Ok(content) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_unpacks_into_too_much_is_refused() {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![0; 100_000]).unwrap();
        let packed = asn1::octets(&packer.finish().unwrap());
        let inside = asn1::sequence(&[&asn1::oid(oid::DATA), &asn1::element(asn1::field(0), &[&packed])]);
        let der = asn1::sequence(&[&asn1::number(0), &asn1::algorithm(oid::ZLIB, &[]), &inside]);
        assert_eq!(inflate_within(&der, 100_000).unwrap().len(), 100_000);
        let max = 99_999;
        assert_eq!(inflate_within(&der, max), Err(Fault::TooMuch { what: "octets when unpacked", max }));
    }
}
