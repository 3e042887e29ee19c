//! Labels as Google's export of mail writes them (`X-Gmail-Labels`), in English and Chinese.

use mail::message::{casemap, words};
use mailbox::{Flags, SpecialUse};

use crate::Marks;
use crate::folders::{is_inbox, usual_role};

/// What a label says of a message, besides what folders say.
const STATES: [(&str, State); 14] = [
    ("Unread", State::Unread),
    ("未读", State::Unread),
    ("未讀", State::Unread),
    ("Starred", State::Starred),
    ("已加星标", State::Starred),
    ("已加星號", State::Starred),
    ("Opened", State::Nothing),
    ("已打开", State::Nothing),
    ("已開啟", State::Nothing),
    ("Important", State::Nothing),
    ("重要", State::Nothing),
    ("重要邮件", State::Nothing),
    ("Archived", State::Archived),
    ("已归档", State::Archived),
];

/// Labels that begin so sort mail by guesses of the provider.
const GUESSES: [&str; 3] = ["Category ", "CATEGORY_", "类别："];

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unread,
    Starred,
    Archived,
    Nothing,
}

/// The folders of a message with these labels, the first of which it is brought into, and its flags.
pub(crate) fn read(value: &str) -> (Vec<String>, Marks) {
    let (mut folders, mut marks) = (Vec::<String>::new(), Marks::default());
    marks.set(Flags::SEEN);
    let mut is_archived = false;
    for label in labels(&words::decode(value)) {
        let state = STATES.iter().find(|(known, _)| casemap(known) == casemap(&label)).map(|(_, state)| *state);
        match state {
            Some(State::Unread) => marks.system &= !Flags::SEEN,
            Some(State::Starred) => marks.set(Flags::FLAGGED),
            Some(State::Archived) => is_archived = true,
            Some(State::Nothing) => {}
            None if GUESSES.iter().any(|guess| label.starts_with(guess)) => {}
            None if is_inbox(&label) => folders.insert(0, String::new()),
            None => {
                let role = usual_role(&label);
                if role == Some(SpecialUse::Drafts) {
                    marks.set(Flags::DRAFT);
                }
                // Our own names for them, whatever the language was.
                folders.push(role.map_or(label, |role| role.as_str().to_owned()));
            }
        }
    }
    if folders.is_empty() {
        folders.push(if is_archived { SpecialUse::Archive.as_str().to_owned() } else { String::new() });
    }
    (folders, marks)
}

/// Divided by commas; one that holds a comma is quoted.
fn labels(text: &str) -> Vec<String> {
    let (mut labels, mut label, mut is_quoted) = (Vec::new(), String::new(), false);
    for char in text.chars() {
        match char {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => labels.push(std::mem::take(&mut label)),
            char => label.push(char),
        }
    }
    labels.push(label);
    labels.into_iter().map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_folders_and_flags() {
        let (folders, marks) = read("Inbox,Important,Unread,\"a, b\",Orders/2026");
        assert_eq!(folders, ["", "a, b", "Orders/2026"]);
        assert_eq!(marks, Marks::default());
        let (folders, marks) = read("=?UTF-8?B?5bey5Y+R6YKu5Lu2LOW3suWKoOaYn+agh+W3suaJk+W8gA==?=");
        assert_eq!((folders.len(), marks.has(Flags::SEEN)), (2, true), "{folders:?}");
        let (folders, marks) = read("Archived,Opened,Category Promotions,Starred");
        assert_eq!((folders, marks.system), (vec!["Archive".to_owned()], Flags::SEEN | Flags::FLAGGED));
        assert_eq!(read("草稿").0, ["Drafts"]);
        assert!(read("草稿").1.has(Flags::DRAFT));
    }
}
