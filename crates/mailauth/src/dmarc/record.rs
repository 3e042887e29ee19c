//! Reading a policy record as RFC 9989 section 4.7 wants it: what is wrong in it is left out, not the whole record.

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::dmarc::Dmarc;
use mail_auth::{DnsError, Error};

/// Octets of a record that is looked at.
const RECORD_OCTETS_MAX: usize = 16_384;

/// The one policy record among the texts at a name; with more than one there is none (RFC 9989 section 4.10).
pub(super) fn read(texts: &[String]) -> Result<Dmarc, Error> {
    let none = Error::Dns(DnsError::InvalidRecordType);
    let mut records = texts.iter().filter(|text| is_policy(text));
    match (records.next(), records.next()) {
        (Some(text), None) if text.len() <= RECORD_OCTETS_MAX => {
            Dmarc::parse(mended(text).as_bytes()).map_err(|_| none)
        }
        _ => Err(none),
    }
}

fn is_policy(text: &str) -> bool {
    let first = text.split(';').next().unwrap_or_default();
    first.split_once('=').is_some_and(|(name, value)| name.trim().eq_ignore_ascii_case("v") && value.trim() == "DMARC1")
}

/// Of which messages a domain wants failure reports (RFC 7489 section 6.3, `fo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureOptions {
    /// `0`: of those for which nothing is aligned.
    pub all: bool,
    /// `1`: of those for which one of SPF and DKIM is not aligned.
    pub any: bool,
    /// `d`: of those with a signature that failed.
    pub dkim: bool,
    /// `s`: of those for which SPF failed.
    pub spf: bool,
}

/// The options in the one policy record among the texts; `0` where none are said or none are known.
pub(super) fn failure_options(texts: &[String]) -> FailureOptions {
    let mut options = FailureOptions { all: false, any: false, dkim: false, spf: false };
    let record = texts.iter().find(|text| is_policy(text));
    let tags = record.into_iter().flat_map(|text| text.split(';')).filter_map(|tag| tag.split_once('='));
    let value =
        tags.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("fo")).map_or("", |(_, value)| value);
    for option in value.split(':') {
        match option.trim().to_ascii_lowercase().as_str() {
            "0" => options.all = true,
            "1" => options.any = true,
            "d" => options.dkim = true,
            "s" => options.spf = true,
            _ => {}
        }
    }
    options.all |= !(options.any || options.dkim || options.spf);
    options
}

/// The record without tags that are malformed, unknown or said before.
fn mended(text: &str) -> String {
    let mut kept: Vec<(String, String)> = Vec::new();
    for tag in text.split(';') {
        let Some((name, value)) = tag.split_once('=') else { continue };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
        let word = value.to_ascii_lowercase();
        let is_sound = match name.as_str() {
            "v" => true,
            "p" | "sp" | "np" => matches!(word.as_str(), "none" | "quarantine" | "reject"),
            "adkim" | "aspf" => matches!(word.as_str(), "r" | "s"),
            "t" => matches!(word.as_str(), "y" | "n"),
            "psd" => matches!(word.as_str(), "y" | "n" | "u"),
            "rua" | "ruf" => !value.is_empty(),
            _ => false,
        };
        // RFC 7489's `pct=0` is what RFC 9989 writes as `t=y`.
        if name == "pct" && word == "0" && kept.iter().all(|(other, _)| other != "t") {
            kept.push(("t".to_owned(), "y".to_owned()));
        } else if is_sound && kept.iter().all(|(other, _)| *other != name) {
            kept.push((name, value));
        }
    }
    let tags: Vec<String> = kept.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    tags.join("; ")
}

#[cfg(test)]
mod tests {
    use super::{FailureOptions, failure_options, mended, read};

    #[test]
    fn options_of_failure_reports() {
        let options = |all, any, dkim, spf| FailureOptions { all, any, dkim, spf };
        for (record, expected) in [
            ("v=DMARC1; p=none", options(true, false, false, false)),
            ("v=DMARC1; p=none; fo=1", options(false, true, false, false)),
            ("v=DMARC1; p=none; FO = d : S", options(false, false, true, true)),
            ("v=DMARC1; p=none; fo=0:1:x", options(true, true, false, false)),
            ("v=DMARC1; p=none; fo=nonsense", options(true, false, false, false)),
        ] {
            assert_eq!(failure_options(&["other".to_owned(), record.to_owned()]), expected, "{record}");
        }
    }

    #[test]
    fn what_is_wrong_is_left_out() {
        assert_eq!(
            mended("v=DMARC1; p=Reject; sp=none ; adkim=x; fo=9; p=none; junk; x=1; pct=0"),
            "v=DMARC1; p=Reject; sp=none; t=y"
        );
        assert_eq!(mended("v=DMARC1;t=n;pct=0;rua="), "v=DMARC1; t=n");
    }

    #[test]
    fn one_record_counts_and_two_do_not() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert!(read(&texts(&["v=spf1 -all", "v=DMARC1; p=none"])).is_ok());
        assert!(read(&texts(&["v=DMARC1; p=none", "v=DMARC1; p=reject"])).is_err());
        assert!(read(&texts(&["v=DMARC1x; p=none"])).is_err());
        assert!(read(&texts(&["p=none; v=DMARC1"])).is_err());
        assert!(read(&[format!("v=DMARC1; p=none; x={}", "a".repeat(20_000))]).is_err());
    }
}
