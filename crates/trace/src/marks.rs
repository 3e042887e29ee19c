//! By what traces are found: keyed hashes of addresses, domains, Message-IDs, clients and accounts.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crypto::hash::HashKey;
use mail::Address;

/// Marks of one trace; what is beyond is not found by.
pub(crate) const MARKS_MAX: usize = 128;

/// Milliseconds of a day.
const DAY_MILLIS: i64 = 86_400_000;

/// The day that the trace `id` stands under.
pub(crate) fn day_of(id: i64) -> i64 {
    env::moment_of(id).millis().div_euclid(DAY_MILLIS)
}

/// The least number of a trace of that day.
pub(crate) fn first_of(day: i64) -> i64 {
    env::least_at(env::Timestamp::from_millis(day.saturating_mul(DAY_MILLIS)))
}

/// Makes marks under one key.
pub(crate) struct Marks<'k>(pub(crate) &'k HashKey);

impl Marks<'_> {
    fn mark(&self, kind: &str, value: &str) -> i64 {
        // 0 stands for none in statements.
        match self.0.hash_i64(format!("trace {kind} {value}").as_bytes()) {
            0 => 1,
            mark => mark,
        }
    }

    /// Of an address in any spelling.
    pub(crate) fn address(&self, address: &str) -> i64 {
        self.mark("address", &canonical(address))
    }

    /// Of a domain in any spelling.
    pub(crate) fn domain(&self, domain: &str) -> i64 {
        self.mark("domain", &mail::domain::canonical(domain).unwrap_or_else(|_| domain.trim().to_lowercase()))
    }

    /// Of a Message-ID, with or without angle brackets.
    pub(crate) fn message_id(&self, id: &str) -> i64 {
        self.mark("message", id.trim().trim_start_matches('<').trim_end_matches('>'))
    }

    /// Of the address of a client.
    pub(crate) fn client(&self, client: IpAddr) -> i64 {
        self.mark("client", &client.to_canonical().to_string())
    }

    /// Of an account here.
    pub(crate) fn account(&self, account: i64) -> i64 {
        self.mark("account", &account.to_string())
    }

    /// Of all that a message shows, each once.
    pub(crate) fn all<'a>(
        &self,
        addresses: impl Iterator<Item = &'a str>,
        message_id: &str,
        client: Option<IpAddr>,
        accounts: &[i64],
    ) -> BTreeSet<i64> {
        let mut marks = BTreeSet::new();
        marks.extend(client.map(|client| self.client(client)));
        if !message_id.is_empty() {
            marks.insert(self.message_id(message_id));
        }
        for address in addresses.filter(|address| !address.is_empty()) {
            if marks.len() + 2 > MARKS_MAX {
                break;
            }
            marks.insert(self.address(address));
            marks.extend(address.rsplit_once('@').map(|(_, domain)| self.domain(domain)));
        }
        let room = MARKS_MAX.saturating_sub(marks.len());
        marks.extend(accounts.iter().take(room).map(|account| self.account(*account)));
        marks
    }
}

/// The one spelling of an address; what is none stays as it is but for its case.
fn canonical(address: &str) -> String {
    let address = address.trim();
    Address::parse(address).map_or_else(|_| address.to_lowercase(), |address| address.canonical())
}

/// Marks in a column: eight octets each.
pub(crate) fn pack(marks: &BTreeSet<i64>) -> Vec<u8> {
    marks.iter().flat_map(|mark| mark.to_le_bytes()).collect()
}

/// What [`pack`] made.
pub(crate) fn unpack(packed: &[u8]) -> impl Iterator<Item = i64> + '_ {
    packed.chunks_exact(8).filter_map(|octets| octets.try_into().ok().map(i64::from_le_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_has_one_mark_in_every_spelling() {
        let key = HashKey::new(&[7; 32]);
        let marks = Marks(&key);
        assert_eq!(marks.address("Ana@Partner.TEST"), marks.address("ana@partner.test"));
        assert_ne!(marks.address("ana@partner.test"), marks.address("bob@partner.test"));
        assert_eq!(marks.domain("B\u{fc}cher.test"), marks.domain("xn--bcher-kva.test"));
        assert_eq!(marks.message_id("<1@a>"), marks.message_id("1@a"));
        assert_eq!(marks.client("::ffff:192.0.2.1".parse().unwrap()), marks.client("192.0.2.1".parse().unwrap()));
        let other = HashKey::new(&[8; 32]);
        assert_ne!(marks.address("ana@partner.test"), Marks(&other).address("ana@partner.test"), "keys differ");
    }

    #[test]
    fn marks_are_few_and_read_again() {
        let key = HashKey::new(&[7; 32]);
        let addresses: Vec<String> = (0..1_000).map(|number| format!("a{number}@b{number}.test")).collect();
        let all = Marks(&key).all(addresses.iter().map(String::as_str), "1@a", None, &[1, 2]);
        assert!(all.len() <= MARKS_MAX);
        assert_eq!(unpack(&pack(&all)).collect::<BTreeSet<_>>(), all);
        let one = Marks(&key).all(["a@b.test", "c@b.test", ""].into_iter(), "", None, &[]);
        assert_eq!(one.len(), 3, "two addresses of one domain");
    }

    #[test]
    fn days_and_numbers_agree() {
        // Numbers are given from 2025 on, which begins with day 20,089.
        let first = first_of(20_500);
        assert_eq!((day_of(first), day_of(first - 1)), (20_500, 20_499));
    }
}
