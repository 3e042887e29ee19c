//! What is different at Gmail: labels are folders, a message is in each of its labels and in the folder of all mail, and has one number in all.

use mail::message::casemap;

use super::listing::text_of;

/// Names of the folder that its own folders lie in.
const ROOTS: [&str; 2] = ["[Gmail]/", "[Google Mail]/"];

/// A folder's name without the one that its own folders lie in.
pub(super) fn path(path: &str, is_gmail: bool) -> String {
    let root = ROOTS.iter().find_map(|root| path.strip_prefix(root)).filter(|_| is_gmail);
    root.unwrap_or(path).to_owned()
}

/// The labels of a message that people gave it: those of its own begin with a backslash.
pub(super) fn own_labels(labels: &[Vec<u8>]) -> Vec<String> {
    let mut own: Vec<String> = labels
        .iter()
        .map(|label| text_of(label))
        .filter(|label| !label.starts_with('\\') && !label.trim().is_empty())
        .collect();
    own.sort_by_key(|label| casemap(label).into_owned());
    own
}
