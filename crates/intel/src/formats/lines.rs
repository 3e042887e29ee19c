//! One entry a line.

use std::io::BufRead;
use std::net::IpAddr;

use super::{FormatError, Taker, each_line};

pub(super) fn read(source: &mut dyn BufRead, taker: &mut Taker<'_>) -> Result<(), FormatError> {
    each_line(source, |line| {
        let line = line.trim_start_matches('\u{feff}');
        if line.is_empty() || line.starts_with(['#', ';', '!']) {
            return Ok(());
        }
        // A comment behind an entry; a fragment of an address has no blank before it.
        let line = line.split_once(" #").map_or(line, |(entry, _)| entry).trim_end();
        let mut words = line.split_whitespace();
        let (Some(first), second) = (words.next(), words.next()) else { return Ok(()) };
        match second {
            None => taker.word(first),
            // A table of hosts, in which bad ones lead nowhere.
            Some(host) if first.parse::<IpAddr>().is_ok_and(|to| to.is_loopback() || to.is_unspecified()) => {
                taker.word(host)
            }
            Some(_) => taker.take(line, None),
        }
    })
}
