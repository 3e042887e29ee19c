//! Keywords (RFC 8621 section 4.1.1): four are system flags of IMAP, the others its keywords.

use mailbox::Flags;
use mailbox::keywords::{KEYWORD_BYTES_MAX, Keyword, SYSTEM_NAMES};
use serde_json::Value;
use wire::jmap::Object;

/// All but that for deleted messages, which JMAP does not have.
fn system() -> impl Iterator<Item = (u8, &'static str)> {
    SYSTEM_NAMES.into_iter().filter(|(bit, _)| *bit != Flags::DELETED)
}

/// The keywords as they are shown.
pub(super) fn show(flags: Flags, known: &[Keyword]) -> Object {
    let mut shown = Object::new();
    for (bit, name) in system() {
        if flags.has(bit) {
            shown.insert(name.to_owned(), Value::Bool(true));
        }
    }
    if flags.keywords != 0 {
        for keyword in known.iter().filter(|keyword| flags.keywords & bit(keyword) != 0) {
            shown.insert(keyword.name.to_ascii_lowercase(), Value::Bool(true));
        }
    }
    shown
}

const fn bit(keyword: &Keyword) -> u64 {
    1 << (keyword.bit & 63)
}

/// The flags of one keyword, if the account has ever used it.
pub(super) fn mask(name: &str, known: &[Keyword]) -> Option<Flags> {
    if let Some((bit, _)) = system().find(|(_, system)| name.eq_ignore_ascii_case(system)) {
        return Some(Flags::system(bit));
    }
    let found = known.iter().find(|keyword| keyword.name.eq_ignore_ascii_case(name))?;
    Some(Flags { keywords: bit(found), ..Flags::NONE })
}

/// Whether `flags` has what `mask` names.
pub(super) const fn has(flags: Flags, mask: Flags) -> bool {
    flags.system & mask.system != 0 || flags.keywords & mask.keywords != 0
}

/// System flags and names of other keywords of a keywords object; none if it is no such object.
pub(super) fn read(value: &Value) -> Option<(u8, Vec<String>)> {
    let (mut system, mut names) = (0, Vec::new());
    for (name, is_set) in value.as_object()? {
        if is_set != &Value::Bool(true) || !is_keyword(name) {
            return None;
        }
        match self::system().find(|(_, known)| name.eq_ignore_ascii_case(known)) {
            Some((bit, _)) => system |= bit,
            None => names.push(name.to_ascii_lowercase()),
        }
    }
    Some((system, names))
}

/// RFC 8621 section 4.1.1.
fn is_keyword(name: &str) -> bool {
    (1..=KEYWORD_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_graphic() && !br#"(){]%*"\"#.contains(&byte))
}
