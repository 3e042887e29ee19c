//! Names of the web key directory (draft-koch-openpgp-webkey-service): where the key of an address is found by HTTPS.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The alphabet of z-base-32 (RFC 6189 section 5.1.6).
const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";

/// Where everything of a directory stands.
pub const PREFIX: &str = "/.well-known/openpgpkey";

/// Where the key of an address may be found: the advanced method is tried first, the direct one if its host does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Host of the advanced method: `openpgpkey.` and the domain.
    pub advanced_host: String,
    /// URL at it.
    pub advanced: String,
    /// URL of the direct method, at the domain itself.
    pub direct: String,
}

/// The name of a local part: z-base-32 of the SHA-1 of its lower-case form.
#[must_use]
pub fn name_of(local: &str) -> String {
    let lower: String = local.chars().map(|it| it.to_ascii_lowercase()).collect();
    zbase32(digest(&SHA1_FOR_LEGACY_USE_ONLY, lower.as_bytes()).as_ref())
}

/// Where the key of `address` may be found; `None` if it is no address.
#[must_use]
pub fn places(address: &str) -> Option<Places> {
    let (local, domain) = address.rsplit_once('@')?;
    let domain = mail::domain::canonical(domain).ok()?;
    let (name, query) = (name_of(local), percent(local));
    let advanced_host = format!("openpgpkey.{domain}");
    Some(Places {
        advanced: format!("https://{advanced_host}{PREFIX}/{domain}/hu/{name}?l={query}"),
        direct: format!("https://{domain}{PREFIX}/hu/{name}?l={query}"),
        advanced_host,
    })
}

fn percent(text: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
    text.bytes()
        .map(|octet| if plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") })
        .collect()
}

fn zbase32(octets: &[u8]) -> String {
    let (mut out, mut bits, mut count) = (String::new(), 0u32, 0u32);
    let letter = |value: u32| char::from(ALPHABET.get(value as usize & 31).copied().unwrap_or(b'y'));
    for octet in octets {
        bits = (bits << 8) | u32::from(*octet);
        count += 8;
        while count >= 5 {
            count -= 5;
            out.push(letter(bits >> count));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        out.push(letter(bits << (5 - count)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the draft, section 3.1.
    #[test]
    fn the_example_of_the_draft() {
        let places = places("Joe.Doe@Example.ORG").unwrap();
        assert_eq!(
            places.advanced,
            "https://openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe"
        );
        assert_eq!(
            places.direct,
            "https://example.org/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe"
        );
        assert_eq!(super::places("a b@c.example").unwrap().direct.rsplit_once('=').unwrap().1, "a%20b");
        assert!(super::places("nobody").is_none());
    }
}
