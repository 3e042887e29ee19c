//! One thing that a feed lists, in the one form in which it is compared.

use net::Network;
use url::{Host, Url};

/// Octets of one entry that are read.
pub(crate) const ENTRY_OCTETS_MAX: usize = 4096;

/// What a feed lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A page: its host and its path with the query, without scheme, port and fragment.
    Url {
        /// Host in lowercase A-labels.
        host: String,
        /// Path and query.
        path: String,
    },
    /// A host with all below it, in lowercase A-labels.
    Domain(String),
    /// A mailbox, in lowercase.
    Mailbox(String),
    /// Hosts by their address.
    Network(Network),
    /// A file by its SHA-256.
    File([u8; 32]),
}

/// What a word of a feed is, however it is written: `hxxp://` and `[.]` of those who make addresses harmless are undone. None for what is
/// nothing that can be looked for.
#[must_use]
pub fn classify(word: &str) -> Option<Entry> {
    let word = word.trim();
    if word.is_empty() || word.len() > ENTRY_OCTETS_MAX {
        return None;
    }
    let word = armed(word);
    if word.contains("://") {
        return page(&word);
    }
    if let Some(digest) = sha256(&word) {
        return Some(Entry::File(digest));
    }
    if let Ok(network) = word.parse::<Network>() {
        return Some(Entry::Network(network.normalised()));
    }
    if let Some((local, host)) = word.rsplit_once('@') {
        let host = host_of(host)?;
        return (!local.is_empty()).then(|| Entry::Mailbox(format!("{}@{host}", local.to_lowercase())));
    }
    if word.contains(['/', ':']) {
        return page(&format!("http://{word}"));
    }
    host_of(&word).map(Entry::Domain)
}

/// The address as a client would follow it.
fn armed(word: &str) -> String {
    let word = word.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").replace("[@]", "@");
    match word.get(..4) {
        Some(start) if start.eq_ignore_ascii_case("hxxp") => format!("http{}", word.get(4..).unwrap_or_default()),
        _ => word,
    }
}

fn page(address: &str) -> Option<Entry> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "ftp"))?;
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let is_bare = path == "/" || path.is_empty();
    match url.host()? {
        Host::Domain(host) => {
            let host = host_of(host)?;
            Some(if is_bare { Entry::Domain(host) } else { Entry::Url { host, path } })
        }
        // A whole machine, as a list of domains has it.
        Host::Ipv4(address) if is_bare => Some(Entry::Network(Network::around(address.into(), u8::MAX))),
        Host::Ipv6(address) if is_bare => Some(Entry::Network(Network::around(address.into(), u8::MAX))),
        host => Some(Entry::Url { host: host.to_string(), path }),
    }
}

/// A host name of at least two labels in its one form.
fn host_of(written: &str) -> Option<String> {
    let written = written.strip_prefix("*.").unwrap_or(written).trim_start_matches('.');
    let host = mail::domain::canonical(written).ok().filter(|host| !host.starts_with('[') && host.contains('.'))?;
    let is_name = |label: &str| {
        !label.is_empty() && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
    };
    // A last label of digits is an address that is none.
    let ends_in_number = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|octet| octet.is_ascii_digit()));
    (host.split('.').all(is_name) && !ends_in_number).then_some(host)
}

/// 64 hexadecimal digits as octets.
fn sha256(word: &str) -> Option<[u8; 32]> {
    if word.len() != 64 || !word.is_ascii() {
        return None;
    }
    let mut digest = [0; 32];
    for (at, octet) in digest.iter_mut().enumerate() {
        *octet = u8::from_str_radix(word.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// A path and query in the form that is compared: no final slash, unreserved characters not encoded (RFC 3986 section 6.2.2.2).
pub(crate) fn normal_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let digits = rest.get(at + 1..at + 3);
        let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let Some(octet) = octet else {
            out.push('%');
            rest = rest.get(at + 1..).unwrap_or_default();
            continue;
        };
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            out.push(octet as char);
        } else {
            out.push('%');
            out.push_str(&digits.unwrap_or_default().to_ascii_uppercase());
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    out.push_str(rest);
    let kept = out.trim_end_matches('/').len();
    out.truncate(kept);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_they_look_like() {
        let url = |host: &str, path: &str| Some(Entry::Url { host: host.into(), path: path.into() });
        let network = |text: &str| Some(Entry::Network(text.parse().unwrap()));
        for (word, entry) in [
            ("http://Bad.Example/login?x=1#top", url("bad.example", "/login?x=1")),
            ("hxxps://bad[.]example:8080/a", url("bad.example", "/a")),
            ("bad.example/a", url("bad.example", "/a")),
            ("https://bad.example/", Some(Entry::Domain("bad.example".into()))),
            ("*.bad.example", Some(Entry::Domain("bad.example".into()))),
            ("http://192.0.2.7/x.exe", url("192.0.2.7", "/x.exe")),
            ("http://192.0.2.7:81/", network("192.0.2.7")),
            ("192.0.2.77/24", network("192.0.2.0/24")),
            ("2001:db8::/32", network("2001:db8::/32")),
            ("Boss[@]bad.example", Some(Entry::Mailbox("boss@bad.example".into()))),
            ("word", None),
            ("1.2.3", None),
            ("javascript://x.example/%0aalert(1)", None),
            ("two words.example", None),
            ("", None),
        ] {
            assert_eq!(classify(word), entry, "{word}");
        }
        assert!(matches!(classify("坏.example"), Some(Entry::Domain(host)) if host.starts_with("xn--")));
        assert_eq!(classify(&"ab".repeat(32)), Some(Entry::File([0xab; 32])));
        assert_eq!(classify(&"a".repeat(ENTRY_OCTETS_MAX + 1)), None);
    }

    #[test]
    fn a_path_has_one_form() {
        for (path, normal) in
            [("/a/", "/a"), ("/%61%2f%2F", "/a%2F%2F"), ("/100%", "/100%"), ("/%", "/%"), ("/é%zz", "/é%zz"), ("/", "")]
        {
            assert_eq!(normal_path(path), normal, "{path}");
        }
    }
}
