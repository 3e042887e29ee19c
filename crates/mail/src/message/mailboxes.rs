//! Lists of addresses in header fields (RFC 5322 section 3.4, obsolete forms of section 4.4 too), split as IMAP shows
//! them.

use super::EnvelopeAddress;

/// Addresses of one field that are kept.
pub const ADDRESSES_MAX: usize = 4096;

/// Octets between angle brackets within which the closing one is sought.
const ANGLE_OCTETS_MAX: usize = 2048;

/// Splits an unfolded value into addresses. Never fails: what is no address becomes one without a host.
#[must_use]
pub fn parse_addresses(text: &str) -> Vec<EnvelopeAddress> {
    let mut list = List { found: Vec::new(), current: Mailbox::default(), in_group: false };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if list.found.len() >= ADDRESSES_MAX {
            break;
        }
        let behind = rest.get(c.len_utf8()..).unwrap_or("");
        rest = match c {
            ' ' | '\t' | '\r' | '\n' => {
                list.current.gap = true;
                behind
            }
            ',' => {
                list.finish();
                behind
            }
            ';' => {
                list.end_group();
                behind
            }
            ':' if list.current.may_name_group() && !list.in_group => {
                list.begin_group();
                behind
            }
            '"' => {
                let (content, after) = take_quoted(behind);
                list.current.push(&content);
                after
            }
            '(' => {
                let (content, after) = take_comment(behind);
                list.current.comment = Some(content);
                list.current.gap = true;
                after
            }
            '<' => {
                let (angle, after) = take_angle(behind);
                list.current.angle = Some(angle);
                after
            }
            '@' => {
                list.current.push_at();
                behind
            }
            _ => {
                let end = rest.find([' ', '\t', '\r', '\n', ',', ';', ':', '"', '(', '<', '@']).unwrap_or(rest.len());
                // A colon that begins no group is part of the word.
                let (word, after) = rest.split_at(end.max(c.len_utf8()));
                list.current.push(word);
                after
            }
        };
    }
    list.finish();
    if list.in_group {
        list.end_group();
    }
    list.found
}

struct List {
    found: Vec<EnvelopeAddress>,
    current: Mailbox,
    in_group: bool,
}

impl List {
    fn finish(&mut self) {
        self.found.extend(std::mem::take(&mut self.current).into_address());
    }

    fn begin_group(&mut self) {
        let name = std::mem::take(&mut self.current).phrase;
        self.in_group = true;
        self.found.push(EnvelopeAddress { mailbox: Some(name), ..EnvelopeAddress::default() });
    }

    fn end_group(&mut self) {
        self.finish();
        if std::mem::take(&mut self.in_group) {
            self.found.push(EnvelopeAddress::default());
        }
    }
}

/// What has been read of one mailbox: both as a phrase and as a bare `local@domain`, until it is clear which it was.
#[derive(Default)]
struct Mailbox {
    phrase: String,
    local: String,
    domain: Option<String>,
    angle: Option<String>,
    comment: Option<String>,
    gap: bool,
}

impl Mailbox {
    fn push(&mut self, word: &str) {
        if std::mem::take(&mut self.gap) && !self.phrase.is_empty() {
            self.phrase.push(' ');
        }
        self.phrase.push_str(word);
        self.domain.as_mut().unwrap_or(&mut self.local).push_str(word);
    }

    fn push_at(&mut self) {
        self.gap = false;
        self.phrase.push('@');
        // Of several `@` the last one parts the halves.
        if let Some(domain) = self.domain.replace(String::new()) {
            self.local.push('@');
            self.local.push_str(&domain);
        }
    }

    const fn may_name_group(&self) -> bool {
        self.domain.is_none() && self.angle.is_none() && !self.phrase.is_empty()
    }

    fn into_address(self) -> Option<EnvelopeAddress> {
        let named = |name: String| Some(name).filter(|name| !name.is_empty());
        if let Some(angle) = self.angle {
            let (adl, spec) = split_route(&angle);
            let (mailbox, host) = split_spec(spec);
            return Some(EnvelopeAddress {
                name: named(self.phrase).or_else(|| self.comment.and_then(named)),
                adl: named(adl.to_owned()),
                mailbox: Some(mailbox),
                host: Some(host),
            });
        }
        if self.phrase.is_empty() {
            return None;
        }
        let name = self.comment.and_then(named);
        let (mailbox, host) = match self.domain {
            Some(domain) => (self.local, domain),
            None => (self.phrase, String::new()),
        };
        Some(EnvelopeAddress { name, adl: None, mailbox: Some(mailbox), host: Some(host) })
    }
}

/// Content of a quoted string behind its opening quote, and what follows it.
fn take_quoted(text: &str) -> (String, &str) {
    take_until(text, |depth, c| match c {
        '"' => depth.saturating_sub(1),
        _ => depth,
    })
}

/// Content of a comment behind its opening parenthesis; comments nest (RFC 5322 section 3.2.2).
fn take_comment(text: &str) -> (String, &str) {
    let (content, rest) = take_until(text, |depth, c| match c {
        '(' => depth.saturating_add(1),
        ')' => depth.saturating_sub(1),
        _ => depth,
    });
    (content.trim().to_owned(), rest)
}

/// Reads until `step` brings the depth from one to zero, resolving quoted pairs.
fn take_until(text: &str, step: impl Fn(usize, char) -> usize) -> (String, &str) {
    let mut content = String::new();
    let mut depth = 1;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            content.extend(chars.next().map(|(_, quoted)| quoted));
            continue;
        }
        depth = step(depth, c);
        if depth == 0 {
            return (content, text.get(at + c.len_utf8()..).unwrap_or(""));
        }
        content.push(c);
    }
    (content, "")
}

/// What stands between angle brackets, and what follows; a `>` in a quoted local part does not end it.
fn take_angle(text: &str) -> (String, &str) {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().take(ANGLE_OCTETS_MAX) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return (text.get(..at).unwrap_or("").to_owned(), text.get(at + 1..).unwrap_or("")),
            _ => {}
        }
    }
    // Never closed: it ends at the next comma.
    let end = text.find(',').unwrap_or(text.len());
    (text.get(..end).unwrap_or("").to_owned(), text.get(end..).unwrap_or(""))
}

/// Splits the obsolete route `@a,@b:` off (RFC 5322 section 4.4).
fn split_route(angle: &str) -> (&str, &str) {
    let angle = angle.trim();
    match angle.split_once(':') {
        Some((route, spec)) if route.starts_with('@') => (route, spec),
        _ => ("", angle),
    }
}

fn split_spec(spec: &str) -> (String, String) {
    let (local, domain) = spec.rsplit_once('@').unwrap_or((spec, ""));
    let local = local.trim();
    let local = match local.strip_prefix('"') {
        Some(inner) => take_quoted(inner).0,
        None => local.to_owned(),
    };
    (local, domain.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: &str) {
        let shown: Vec<String> = parse_addresses(text)
            .into_iter()
            .map(|address| {
                let show = |part: Option<String>| part.unwrap_or_else(|| "NIL".to_owned());
                format!("{}|{}|{}|{}", show(address.name), show(address.adl), show(address.mailbox), show(address.host))
            })
            .collect();
        assert_eq!(shown.join(" "), wanted, "{text}");
    }

    #[test]
    fn splits_addresses() {
        check("a@b", "NIL|NIL|a|b");
        check("Anna Li <anna@x.example>, b@c", "Anna Li|NIL|anna|x.example NIL|NIL|b|c");
        check("\"Li, Anna \\\"A\\\"\" <anna@x>", "Li, Anna \"A\"|NIL|anna|x");
        check("anna@x (Anna (A.) Li)", "Anna (A.) Li|NIL|anna|x");
        check("J. R. \"Bob\"  Dobbs<jrd@x>", "J. R. Bob Dobbs|NIL|jrd|x");
        check("a@b <a@b>", "a@b|NIL|a|b");
        check("<@r1,@r2:a@b>", "NIL|@r1,@r2|a|b");
        check("\"a b\"@c, <\"x>y\"@z>", "NIL|NIL|a b|c NIL|NIL|x>y|z");
        check("=?utf-8?q?caf=C3=A9?= <a@b>", "=?utf-8?q?caf=C3=A9?=|NIL|a|b");
        check("陈 <chen@贸易.中国>", "陈|NIL|chen|贸易.中国");
        check("a @ b", "NIL|NIL|a|b");
        check(",, a@b ,", "NIL|NIL|a|b");
    }

    #[test]
    fn splits_groups() {
        check("undisclosed-recipients:;", "NIL|NIL|undisclosed-recipients|NIL NIL|NIL|NIL|NIL");
        check("Team A: a@b, C <c@d>; e@f", "NIL|NIL|Team A|NIL NIL|NIL|a|b C|NIL|c|d NIL|NIL|NIL|NIL NIL|NIL|e|f");
        check("Open: a@b", "NIL|NIL|Open|NIL NIL|NIL|a|b NIL|NIL|NIL|NIL");
    }

    #[test]
    fn keeps_what_is_no_address() {
        check("root", "NIL|NIL|root|");
        check("Mail Delivery System", "NIL|NIL|Mail Delivery System|");
        check("<>", "NIL|NIL||");
        check("Anna <anna@x, b@c", "Anna|NIL|anna|x NIL|NIL|b|c");
        check("", "");
    }

    proptest! {
        #[test]
        fn any_text(text in "(<|>|,|;|:|\"|\\\\|\\(|\\)|@| |a|中|.){0,60}") {
            let _ = parse_addresses(&text);
        }
    }
}
