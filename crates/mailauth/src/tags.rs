//! Tag lists (RFC 6376 section 3.2), strictly: `mail-auth` reads them with leniency that a forger can use.

/// Octets of a tag list that is looked at.
const TAG_LIST_OCTETS_MAX: usize = 65_536;

/// A well-formed tag list: names as written (they count by case), values without white space around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagList<'a>(Vec<(&'a str, &'a str)>);

impl<'a> TagList<'a> {
    /// Reads a list; `None` if it breaks the grammar or has a tag twice.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= TAG_LIST_OCTETS_MAX)?;
        let text = trim(text);
        let text = text.strip_suffix(';').unwrap_or(text);
        let mut found: Vec<(&str, &str)> = Vec::new();
        for tag in text.split(';') {
            let (name, value) = tag.split_once('=')?;
            let (name, value) = (trim(name), trim(value));
            if !is_name(name) || !value.chars().all(is_value) || found.iter().any(|(other, _)| *other == name) {
                return None;
            }
            found.push((name, value));
        }
        Some(Self(found))
    }

    /// The value of a tag.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// The value of a tag without any white space; `None` if it is missing or empty.
    pub(crate) fn packed(&self, name: &str) -> Option<String> {
        let value: String = self.get(name)?.chars().filter(|c| !is_space(*c)).collect();
        (!value.is_empty()).then_some(value)
    }

    /// The items of a list with colons, without white space.
    pub(crate) fn items(&self, name: &str) -> Option<Vec<String>> {
        let value = self.packed(name)?;
        Some(value.split(':').map(str::to_owned).collect())
    }

    /// A number. `Some(None)` if the tag is there and holds none.
    #[allow(clippy::option_option, reason = "missing and wrong are two things")]
    pub(crate) fn number(&self, name: &str) -> Option<Option<u64>> {
        let value = self.get(name)?;
        let is_number = !value.is_empty() && value.len() <= 12 && value.bytes().all(|byte| byte.is_ascii_digit());
        Some(if is_number { value.parse().ok() } else { None })
    }

    /// The name of the first tag.
    pub(crate) fn first_name(&self) -> Option<&'a str> {
        self.0.first().map(|(name, _)| *name)
    }
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Visible characters and folding; beyond ASCII only what RFC 6532 lets into a header.
fn is_value(c: char) -> bool {
    is_space(c) || matches!(c, '\x21'..='\x3a' | '\x3c'..='\x7e') || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::TagList;

    #[test]
    fn lists_are_read() {
        let list = TagList::parse(b" v=1; a = rsa-sha256;\r\n\th=From :\r\n To; b=ab\r\n cd; n=; ").unwrap();
        assert_eq!((list.get("v"), list.get("a"), list.first_name()), (Some("1"), Some("rsa-sha256"), Some("v")));
        assert_eq!(list.items("h"), Some(vec!["From".to_owned(), "To".to_owned()]));
        assert_eq!(list.packed("b").as_deref(), Some("abcd"));
        assert_eq!((list.get("n"), list.packed("n"), list.get("V")), (Some(""), None, None));
        assert_eq!((list.number("v"), list.number("a"), list.number("x")), (Some(Some(1)), Some(None), None));
    }

    #[test]
    fn malformed_lists_are_refused() {
        let lists: [&[u8]; 10] =
            [b"", b";", b"a", b"a=1;;b=2", b"a=1; a=2", b"1a=1", b"=1", b"a=1\0", b"a b=1", b"a=\xff"];
        for list in lists {
            assert_eq!(TagList::parse(list), None, "{list:?}");
        }
    }
}
