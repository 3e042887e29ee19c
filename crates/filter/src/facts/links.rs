//! Addresses of pages, wherever they stand: in text, in HTML, wrapped in those of redirectors.

use url::{Host, Url};

use super::html::{Reference, ReferenceKind};

/// Links of one message that are kept.
pub const LINKS_MAX: usize = 256;

/// Octets of one address that are read.
const URL_OCTETS_MAX: usize = 4096;

/// Redirections that are unwrapped.
const UNWRAPPED_MAX: usize = 3;

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Place {
    /// Written out in text.
    Text,
    /// To be clicked in HTML.
    Anchor,
    /// Where a form is sent.
    Form,
    /// Loaded when the message is shown.
    Picture,
    /// Followed without a click, or shown in a frame.
    Refresh,
    /// In an attached file.
    File,
    /// In a QR code of a picture or document.
    Code,
}

/// An address of a page.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Link {
    /// As written, cut.
    pub url: String,
    /// Scheme in lowercase.
    pub scheme: String,
    /// Host in lowercase A-labels; empty where there is none.
    pub host: String,
    /// The domain that somebody registered: one label below the public suffix.
    pub domain: String,
    /// Path and query.
    pub path: String,
    /// Where it stands.
    pub place: Place,
    /// What a reader sees of it, if it is not the address.
    pub label: Option<String>,
    /// Domain of an address that the label shows.
    pub shown_domain: Option<String>,
    /// Was wrapped in the address of another page.
    pub redirected: bool,
    /// The host is an address, perhaps in disguise.
    pub is_numeric_host: bool,
    /// Has a user name before the host.
    pub has_user: bool,
    /// Names a port.
    pub has_port: bool,
}

/// The domain one label below the public suffix; the host itself where there is none.
#[must_use]
pub fn registered_domain(host: &str) -> String {
    let is_number = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let domain = if is_number { None } else { psl::domain_str(host) };
    domain.unwrap_or(host).to_owned()
}

/// Links of the text.
pub(super) fn in_text(text: &str, found: &mut Vec<Link>) {
    in_text_at(text, Place::Text, found);
}

/// Links of a text that stands in a place.
pub(super) fn in_text_at(text: &str, place: Place, found: &mut Vec<Link>) {
    let mut rest = text;
    while found.len() < LINKS_MAX {
        let Some(at) = next_start(rest) else { return };
        let from = rest.get(at..).unwrap_or_default();
        let end = from.find(ends_url).unwrap_or(from.len());
        let written =
            from.get(..end).unwrap_or_default().trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*']);
        rest = from.get(end.max(1)..).unwrap_or_else(|| from.get(end..).unwrap_or_default());
        if let Some(link) = parse(written, place, None) {
            add(link, found);
        }
    }
}

/// `text` without the addresses of pages and mailboxes in it.
pub(super) fn without(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let mut rest = line;
        while let Some(at) = next_start(rest) {
            out.push_str(rest.get(..at).unwrap_or_default());
            let from = rest.get(at..).unwrap_or_default();
            let end = from.find(ends_url).unwrap_or(from.len());
            rest = from.get(end..).unwrap_or_default();
            out.push(' ');
        }
        if rest.contains('@') {
            for word in rest.split(' ') {
                let is_address =
                    word.find('@').is_some_and(|at| at > 0 && word.get(at..).is_some_and(|host| host.contains('.')));
                out.push_str(if is_address { "" } else { word });
                out.push(' ');
            }
        } else {
            out.push_str(rest);
        }
    }
    out
}

fn ends_url(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '<' | '>' | '"' | '\u{3002}' | '\u{ff0c}' | '\u{3001}' | '\u{ff09}' | '|' | '`' | '{' | '}')
}

/// Where the next address begins.
fn next_start(text: &str) -> Option<usize> {
    let octets = text.as_bytes();
    let mut from = 0;
    while let Some(at) = octets.get(from..)?.iter().position(|octet| matches!(octet, b':' | b'w' | b'W')) {
        let at = from + at;
        from = at + 1;
        let is = |start: usize, word: &str| {
            octets.get(start..start + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
        };
        if is(at, "://") {
            for scheme in ["https", "http", "hxxps", "hxxp", "ftp"] {
                if let Some(start) = at.checked_sub(scheme.len()).filter(|start| is(*start, scheme)) {
                    return Some(start);
                }
            }
        } else if is(at, "www.")
            && at
                .checked_sub(1)
                .and_then(|before| octets.get(before))
                .is_none_or(|before| !before.is_ascii_alphanumeric() && !matches!(before, b'/' | b'.' | b'@'))
        {
            return Some(at);
        }
    }
    None
}

/// Links of an HTML part.
pub(super) fn in_page(references: &[Reference], found: &mut Vec<Link>) {
    for reference in references {
        if found.len() >= LINKS_MAX {
            return;
        }
        let place = match reference.kind {
            ReferenceKind::Link => Place::Anchor,
            ReferenceKind::Form => Place::Form,
            ReferenceKind::Picture => Place::Picture,
            ReferenceKind::Refresh => Place::Refresh,
        };
        let label = Some(reference.label.trim()).filter(|label| !label.is_empty());
        if let Some(link) = parse(&reference.target, place, label) {
            add(link, found);
        }
    }
}

pub(super) fn add(link: Link, found: &mut Vec<Link>) {
    if !found.iter().any(|other| other.url == link.url && other.place == link.place) {
        found.push(link);
    }
}

/// Reads one address; none for what leads to no page, such as `mailto:` and `cid:`.
pub(super) fn parse(written: &str, place: Place, label: Option<&str>) -> Option<Link> {
    let written = written.get(..URL_OCTETS_MAX).unwrap_or(written).trim();
    if written.len() > URL_OCTETS_MAX {
        return None;
    }
    let mut address = written.to_owned();
    if let Some(rest) = address.strip_prefix("hxxp") {
        address = format!("http{rest}");
    } else if written.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www.")) {
        address = format!("http://{written}");
    } else if let Some(rest) = written.strip_prefix("//") {
        address = format!("http://{rest}");
    }
    let outer = Url::parse(&address).ok()?;
    if !matches!(outer.scheme(), "http" | "https" | "ftp" | "data" | "javascript" | "file") {
        return None;
    }
    let (inner, redirected) = unwrapped(outer);
    let host = match inner.host() {
        Some(Host::Domain(host)) => host.trim_end_matches('.').to_owned(),
        Some(host) => host.to_string(),
        None => String::new(),
    };
    let path = inner.query().map_or_else(|| inner.path().to_owned(), |query| format!("{}?{query}", inner.path()));
    let shown_domain = label.and_then(shown_domain);
    Some(Link {
        url: written.chars().take(300).collect(),
        scheme: inner.scheme().to_owned(),
        domain: registered_domain(&host),
        is_numeric_host: matches!(inner.host(), Some(Host::Ipv4(_) | Host::Ipv6(_))),
        host,
        path: path.chars().take(300).collect(),
        place,
        label: label.map(|label| label.chars().take(120).collect()),
        shown_domain,
        redirected,
        has_user: !inner.username().is_empty(),
        has_port: inner.port().is_some(),
    })
}

/// The page behind redirectors that carry its address.
fn unwrapped(outer: Url) -> (Url, bool) {
    let mut current = outer;
    let mut redirected = false;
    for _ in 0..UNWRAPPED_MAX {
        let inner = current
            .query_pairs()
            .filter(|(_, value)| value.starts_with("http://") || value.starts_with("https://"))
            .find_map(|(_, value)| Url::parse(&value).ok())
            .filter(|inner| inner.host_str() != current.host_str());
        let Some(inner) = inner else { break };
        current = inner;
        redirected = true;
    }
    (current, redirected)
}

/// The registered domain of an address that a link's text shows.
fn shown_domain(label: &str) -> Option<String> {
    let label = label.trim();
    if label.contains(char::is_whitespace) || label.contains('@') || label.len() > 200 {
        return None;
    }
    let rest = label.split_once("://").map_or(label, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next()?.trim_end_matches('.').to_lowercase();
    if host.parse::<std::net::Ipv4Addr>().is_ok() {
        return Some(host);
    }
    let suffix = psl::suffix(host.as_bytes())?;
    // Names for documentation and tests are no public suffixes; elsewhere a word with a dot in it is
    // an address only below a suffix that exists, or behind a scheme or `www.`.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_address = suffix.is_known() || matches!(last, "test" | "example") || label.contains("://");
    let is_name = is_address
        && host.len() > suffix.as_bytes().len() + 1
        && host.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-'));
    (is_name && host.contains('.')).then(|| registered_domain(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(text: &str) -> Vec<Link> {
        let mut found = Vec::new();
        in_text(text, &mut found);
        found
    }

    #[test]
    fn finds_addresses_in_text() {
        let found = of_text(
            "See https://Pay.Example.co.uk/a?b=1, or (www.acme.example/x). Mail a@www.b.example; hxxp://evil.example.",
        );
        let hosts: Vec<_> = found.iter().map(|link| (link.host.as_str(), link.domain.as_str())).collect();
        assert_eq!(
            hosts,
            [
                ("pay.example.co.uk", "example.co.uk"),
                ("www.acme.example", "acme.example"),
                ("evil.example", "evil.example")
            ]
        );
        assert!(of_text("http://0x7f.1/ http://u:p@h.example:8080/")[0].is_numeric_host);
        let odd = &of_text("http://bank.example@evil.example:81/")[0];
        assert!(odd.has_user && odd.has_port && odd.host == "evil.example");
    }

    #[test]
    fn unwraps_redirectors_and_odd_encodings() {
        let link = &of_text("https://go.example/?u=https%3A%2F%2Fevil.example%2Flogin")[0];
        assert!(link.redirected && link.host == "evil.example" && link.path == "/login");
        assert_eq!(of_text("http://%65vil.example/")[0].host, "evil.example");
        assert_eq!(of_text("http://аpple.example/")[0].host, "xn--pple-43d.example");
    }

    #[test]
    fn labels_that_show_an_address() {
        assert_eq!(shown_domain("https://www.bank.com/login").as_deref(), Some("bank.com"));
        assert_eq!(shown_domain("https://www.bank.test/login").as_deref(), Some("bank.test"));
        assert_eq!(shown_domain("www.bank.example").as_deref(), Some("bank.example"));
        assert_eq!(shown_domain("http://192.0.2.7/").as_deref(), Some("192.0.2.7"));
        assert_eq!(shown_domain("bank.nosuchsuffix"), None);
        assert_eq!(shown_domain("www.bank.co.uk").as_deref(), Some("bank.co.uk"));
        assert_eq!(shown_domain("Click here"), None);
        assert_eq!(shown_domain("v1.2.3"), None);
    }

    #[test]
    fn a_numeric_host_is_its_own_domain() {
        for (host, domain) in [
            ("192.0.2.7", "192.0.2.7"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("www.trade.co.uk", "trade.co.uk"),
            ("a.b.1and1.example", "1and1.example"),
        ] {
            assert_eq!(registered_domain(host), domain);
        }
        assert_eq!(of_text("http://192.0.2.7/x")[0].domain, "192.0.2.7");
    }

    #[test]
    fn text_without_addresses() {
        assert_eq!(without("go to https://x.example/y now\nor ask a@b.example today"), "go to   now\nor ask  today ");
    }

    #[test]
    fn many_addresses_are_bounded() {
        let text: String = (0..100_000).map(|n| format!("http://h{n}.example/ ")).collect();
        assert_eq!(of_text(&text).len(), LINKS_MAX);
    }
}
