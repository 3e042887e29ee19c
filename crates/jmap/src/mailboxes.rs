//! Mailboxes (RFC 8621 section 2).

mod changes;
mod get;
mod query;
mod set;
mod share;

pub(crate) use changes::changes;
pub(crate) use get::{get, get_shared, rights_of};
pub(crate) use query::{query, query_changes};
pub(crate) use set::set;

use mailbox::{Mailbox, SEPARATOR, SpecialUse};

use crate::index::Index;
use crate::reach::Reach;

/// The last level of a mailbox's name.
fn own_name(mailbox: &Mailbox) -> &str {
    let path = mailbox.name.as_str();
    path.rsplit_once(SEPARATOR).map_or(path, |(_, name)| name)
}

/// The mailbox above, if who asks may see it.
fn parent<'i>(index: &'i Index, reach: &Reach, mailbox: &Mailbox) -> Option<&'i Mailbox> {
    let (above, _) = mailbox.name.as_str().rsplit_once(SEPARATOR)?;
    index.mailboxes.iter().find(|it| it.name.as_str() == above).filter(|it| reach.may_read(it.id))
}

/// What it is for, in the words of RFC 8621 section 2.
fn role(mailbox: &Mailbox) -> Option<&'static str> {
    if mailbox.name.is_inbox() {
        return Some("inbox");
    }
    Some(match mailbox.special_use? {
        SpecialUse::Drafts => "drafts",
        SpecialUse::Sent => "sent",
        SpecialUse::Junk => "junk",
        SpecialUse::Trash => "trash",
        SpecialUse::Archive => "archive",
    })
}

/// Where it is shown among others.
fn sort_order(mailbox: &Mailbox) -> u32 {
    let by_role = match role(mailbox) {
        Some("inbox") => 1,
        Some("drafts") => 2,
        Some("sent") => 3,
        Some("archive") => 4,
        Some("junk") => 5,
        Some("trash") => 6,
        _ => 10,
    };
    mailbox.sort_order.unwrap_or(by_role)
}
