//! The thread that a message says to belong to.

use filter::is_free_mail;

use super::Look;
use super::weights::Relation;

/// Digits that an account or an amount with its currency has, in lines that were altered.
const TELLING_DIGITS_MIN: usize = 8;

impl Look<'_> {
    /// Looks at who is in the thread, and at what is quoted of it.
    pub(super) fn thread(&mut self) {
        let Some(thread) = self.knowledge.thread.as_ref() else { return };
        let from = &self.subject.from;
        if !thread.altered.is_empty() {
            let digits = |line: &str| line.chars().filter(char::is_ascii_digit).count();
            let telling = thread.altered.iter().max_by_key(|line| digits(line));
            let (line, digits) = telling.map_or(("", 0), |line| (line.as_str(), digits(line)));
            self.add("quote-altered", if digits >= TELLING_DIGITS_MIN { 1.0 } else { 0.6 }, line);
        }
        let is_outsider = self.relation != Relation::Own
            && thread.contact.messages() > 0
            && thread.participants.count(&from.address) == 0
            && (is_free_mail(&from.domain) || thread.domains.count(&from.domain) == 0)
            && !self.knowledge.own.has_host(&from.host);
        if is_outsider && !self.is_bulk() {
            let inside: Vec<&str> = thread.participants.0.iter().map(|(address, _)| address.as_str()).take(3).collect();
            let is_announced = self.knowledge.announced_by.is_some();
            self.add(
                "outsider-in-thread",
                if is_announced { 0.3 } else { 1.0 },
                format!("{} ∉ {{{}}}", from.address, inside.join(", ")),
            );
        }
    }
}
