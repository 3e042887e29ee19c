//! What a picture is, by its first octets: the kinds that browsers draw and that run nothing.

/// Pixels of a picture that is shown. Few octets can unpack into very many.
const PIXELS_MAX: u64 = 40_000_000;

/// The media type of a picture, if it is of a kind that is shown and not too large.
pub(super) fn media_type(octets: &[u8]) -> Option<&'static str> {
    let (media_type, (width, height)) = if octets.starts_with(b"\x89PNG\r\n\x1a\n") {
        ("image/png", (big(octets, 16, 4)?, big(octets, 20, 4)?))
    } else if octets.starts_with(b"GIF87a") || octets.starts_with(b"GIF89a") {
        ("image/gif", (little(octets, 6, 2)?, little(octets, 8, 2)?))
    } else if octets.starts_with(b"\xff\xd8\xff") {
        ("image/jpeg", jpeg(octets)?)
    } else if octets.starts_with(b"RIFF") && octets.get(8..12)? == b"WEBP" {
        ("image/webp", webp(octets)?)
    } else {
        return None;
    };
    (width * height <= PIXELS_MAX).then_some(media_type)
}

fn big(octets: &[u8], at: usize, length: usize) -> Option<u64> {
    Some(octets.get(at..at + length)?.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}

fn little(octets: &[u8], at: usize, length: usize) -> Option<u64> {
    Some(octets.get(at..at + length)?.iter().rev().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}

/// Width and height stand in the segment that begins the frame (ITU-T T.81 section B.2.2).
fn jpeg(octets: &[u8]) -> Option<(u64, u64)> {
    let mut at = 2;
    loop {
        let [0xff, marker] = *octets.get(at..at + 2)? else { return None };
        match marker {
            // Padding.
            0xff => at += 1,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((big(octets, at + 7, 2)?, big(octets, at + 5, 2)?));
            }
            0xd0..=0xd9 | 0x01 => at += 2,
            _ => at += 2 + usize::try_from(big(octets, at + 2, 2)?).ok()?,
        }
    }
}

/// RFC 9649 section 2.
fn webp(octets: &[u8]) -> Option<(u64, u64)> {
    match octets.get(12..16)? {
        b"VP8X" => Some((little(octets, 24, 3)? + 1, little(octets, 27, 3)? + 1)),
        b"VP8 " => Some((little(octets, 26, 2)? & 0x3fff, little(octets, 28, 2)? & 0x3fff)),
        b"VP8L" => {
            let bits = little(octets, 21, 4)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &width.to_be_bytes()[..], &height.to_be_bytes()].concat()
    }

    #[test]
    fn pictures_are_known_by_what_they_are() {
        assert_eq!(media_type(&png(1, 1)), Some("image/png"));
        assert_eq!(media_type(b"GIF89a\x01\0\x01\0"), Some("image/gif"));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\0\x10\0\x20";
        assert_eq!(media_type(jpeg), Some("image/jpeg"));
        let webp = b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x0f\0\0\x0f\0\0";
        assert_eq!(media_type(webp), Some("image/webp"));
    }

    #[test]
    fn other_things_and_what_unpacks_into_too_much_are_none() {
        for other in [
            &b"<svg xmlns='http://www.w3.org/2000/svg'>"[..],
            b"<html>",
            b"%PDF-1.7",
            b"",
            b"GIF89a",
            b"\xff\xd8\xff",
            b"RIFF\0\0\0\0WEBPXXXX",
        ] {
            assert_eq!(media_type(other), None);
        }
        assert_eq!(media_type(&png(40_000, 40_000)), None);
        assert_eq!(media_type(&png(u32::MAX, u32::MAX)), None);
    }
}
