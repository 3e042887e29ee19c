//! What was confirmed here, written for others: bundles of STIX 2.1 and events of MISP, in the forms that [`crate::Format`] reads.
//!
//! Each indicator says one thing about one value, from when it was seen and until when it should be believed. Nothing says who got it.

use aws_lc_rs::digest::{SHA256, digest};
use env::Timestamp;
use serde_json::{Value, json};

/// Marking of TLP:AMBER in STIX 2.1 (section 7.2.1.4), for those who get it and whom they protect.
const STIX_AMBER: &str = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";

/// What an indicator is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A page, without what stands behind `?`.
    Page,
    /// A domain that somebody registered.
    Domain,
    /// A mailbox that mail comes from.
    Address,
    /// A file, by its SHA-256 in hexadecimal digits.
    File,
}

/// One thing that others should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// What it is about.
    pub kind: Kind,
    /// The thing.
    pub value: String,
    /// When it came first.
    pub first: Timestamp,
    /// When it came last.
    pub last: Timestamp,
    /// Until when it should be believed.
    pub until: Timestamp,
}

/// The indicators as a bundle of STIX 2.1.
#[must_use]
pub fn stix(indicators: &[Indicator], now: Timestamp) -> Value {
    let objects: Vec<Value> = indicators.iter().map(stix_indicator).collect();
    let all: String = indicators.iter().map(pattern).collect::<Vec<_>>().join("\n");
    json!({ "type": "bundle", "id": format!("bundle--{}", uuid(&format!("{all}{now}"))), "objects": objects })
}

fn stix_indicator(one: &Indicator) -> Value {
    let pattern = pattern(one);
    json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": format!("indicator--{}", uuid(&pattern)),
        "created": one.first.to_string(),
        "modified": one.last.max(one.first).to_string(),
        "indicator_types": ["malicious-activity"],
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": one.first.to_string(),
        "valid_until": one.until.to_string(),
        "object_marking_refs": [STIX_AMBER],
    })
}

fn pattern(one: &Indicator) -> String {
    let path = match one.kind {
        Kind::Page => "url:value",
        Kind::Domain => "domain-name:value",
        Kind::Address => "email-addr:value",
        Kind::File => "file:hashes.'SHA-256'",
    };
    format!("[{path} = '{}']", one.value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The indicators as one event of MISP.
#[must_use]
pub fn misp(indicators: &[Indicator], now: Timestamp) -> Value {
    let attribute = |one: &Indicator| {
        let (kind, category) = match one.kind {
            Kind::Page => ("url", "Network activity"),
            Kind::Domain => ("domain", "Network activity"),
            Kind::Address => ("email-src", "Payload delivery"),
            Kind::File => ("sha256", "Payload delivery"),
        };
        json!({
            "uuid": uuid(&pattern(one)),
            "type": kind,
            "category": category,
            "value": one.value,
            "to_ids": true,
            "first_seen": one.first.to_string(),
            "last_seen": one.last.to_string(),
        })
    };
    let date: String = now.to_string().chars().take(10).collect();
    json!({ "response": [{ "Event": {
        "uuid": uuid(&format!("tradewind event {date}")),
        "info": "Unwanted mail, confirmed by people who got it",
        "date": date,
        "threat_level_id": "2",
        "analysis": "2",
        "Tag": [{ "name": "tlp:amber" }],
        "Attribute": indicators.iter().map(attribute).collect::<Vec<Value>>(),
    } }] })
}

/// An identifier that is the same for the same text (RFC 9562 section 5.8).
fn uuid(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let mut octets: [u8; 16] = [0; 16];
    for (to, from) in octets.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    octets[6] = octets[6] & 0x0f | 0x80;
    octets[8] = octets[8] & 0x3f | 0x80;
    let number = u128::from_be_bytes(octets);
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::read_as;
    use crate::{Format, Never};

    const NOW: i64 = 1_795_000_000;

    fn indicators() -> Vec<Indicator> {
        let of = |kind, value: &str| Indicator {
            kind,
            value: value.to_owned(),
            first: Timestamp::from_seconds(NOW - 90_000),
            last: Timestamp::from_seconds(NOW - 60),
            until: Timestamp::from_seconds(NOW + 86_400),
        };
        vec![
            of(Kind::Page, "https://evil.test/it's/login"),
            of(Kind::Domain, "evil-bank.test"),
            of(Kind::Address, "boss@evil-mail.test"),
            of(Kind::File, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
        ]
    }

    /// How much our own reader finds in a document, at a moment.
    fn read(document: &Value, format: Format, now: i64) -> Result<u64, crate::FormatError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shared.json");
        std::fs::write(&path, document.to_string()).unwrap();
        let never = Never::new([""; 0]);
        let (set, counts) = read_as(&path, format, &never, (7, 100), Timestamp::from_seconds(now))?;
        assert_eq!((counts.refused, counts.unknown), (0, 0), "{document}");
        Ok(set.len() as u64)
    }

    #[test]
    fn our_own_reader_reads_what_is_shared() {
        let (indicators, now) = (indicators(), Timestamp::from_seconds(NOW));
        assert_eq!(read(&stix(&indicators, now), Format::Stix, NOW).unwrap(), 4);
        assert!(read(&stix(&indicators, now), Format::Stix, NOW + 2 * 86_400).is_err(), "its time is over");
        assert_eq!(read(&misp(&indicators, now), Format::Misp, NOW).unwrap(), 4);
    }

    #[test]
    fn one_thing_always_has_one_identifier() {
        let [one, two] = [NOW, NOW + 60].map(|now| stix(&indicators(), Timestamp::from_seconds(now)));
        assert_eq!(one["objects"], two["objects"]);
        let id = one["objects"][0]["id"].as_str().unwrap();
        assert!(id.starts_with("indicator--") && id.len() == 47 && id.as_bytes()[25] == b'8', "{id}");
    }
}
