//! What a trusted chain says of the message before it was changed.

use super::{ArcCheck, ArcResult};
use crate::author::AuthorIdentity;

impl ArcCheck {
    /// Whether forwarders that we trust vouch that DMARC passed for this author when the first of them got the message
    /// (RFC 8617 section 7.2.1). It never makes the message authenticated; it is a reason not to refuse it.
    #[must_use]
    pub fn vouches_for(&self, author: &AuthorIdentity) -> bool {
        let (Some(results), Some(author)) = (&self.first_results, author.domain()) else { return false };
        self.result == ArcResult::Pass && self.is_trusted && says_pass(results, author)
    }
}

/// Whether one of the results is `dmarc=pass` for `author`. Quoted strings and comments say nothing.
fn says_pass(results: &str, author: &str) -> bool {
    let plain = without_quotes(results);
    plain.split(';').any(|result| {
        let mut words = result.split_ascii_whitespace();
        let of_author =
            |word: &str| word.strip_prefix("header.from=").is_some_and(|from| from.eq_ignore_ascii_case(author));
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("dmarc=pass")) && words.any(of_author)
    })
}

fn without_quotes(text: &str) -> String {
    let (mut plain, mut depth, mut is_quoted) = (String::new(), 0_usize, false);
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' if is_quoted || depth > 0 => _ = characters.next(),
            '"' if depth == 0 => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth = depth.saturating_sub(1),
            _ if is_quoted || depth > 0 => {}
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_first_sealer_found() {
        for (results, expected) in [
            ("i=1; lists.example; dmarc=pass (p=reject) header.from=partner.example; spf=fail", true),
            ("i=1; lists.example; spf=pass; DMARC=Pass policy.dmarc=reject header.from=Partner.example", true),
            ("i=1; lists.example; dmarc=pass header.from=other.example", false),
            ("i=1; lists.example; dmarc=pass", false),
            ("i=1; lists.example; dmarc=fail header.from=partner.example", false),
            ("i=1; lists.example; dmarc=passable header.from=partner.example", false),
            ("i=1; lists.example; spf=fail reason=\"; dmarc=pass header.from=partner.example\"", false),
            ("i=1; lists.example; spf=fail (; dmarc=pass header.from=partner.example )", false),
            ("i=1; lists.example; spf=fail reason=\"\\\"; dmarc=pass header.from=partner.example;\"", false),
            ("", false),
        ] {
            assert_eq!(says_pass(results, "partner.example"), expected, "{results}");
        }
    }

    #[test]
    fn only_a_whole_and_trusted_chain_counts() {
        let author = AuthorIdentity::Domain("partner.example".to_owned());
        let whole = ArcCheck {
            result: ArcResult::Pass,
            sealers: vec!["lists.example".to_owned()],
            is_trusted: true,
            first_results: Some("i=1; lists.example; dmarc=pass header.from=partner.example".to_owned()),
            reason: None,
        };
        assert!(whole.vouches_for(&author));
        assert!(!ArcCheck { is_trusted: false, ..whole.clone() }.vouches_for(&author));
        assert!(!ArcCheck { result: ArcResult::Fail, ..whole.clone() }.vouches_for(&author));
        assert!(!whole.vouches_for(&AuthorIdentity::Ambiguous(crate::Ambiguity::SeveralFields)));
    }
}
