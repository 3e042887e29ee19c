//! A report as mail (RFC 8460 section 5.3).

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use mail::date::format_rfc5322;
use mailauth::tls_rpt::Report;

/// Octets of a line of base64 (RFC 2045 section 6.8).
const LINE_OCTETS: usize = 76;

/// Media type of a report that is packed (RFC 8460 section 6.5).
pub(super) const PACKED_TYPE: &str = "application/tlsrpt+gzip";

/// Whom the report is from and to.
pub(super) struct Heading<'a> {
    /// Our postmaster.
    pub(super) from: &'a str,
    /// Who wants it.
    pub(super) to: &'a str,
    /// Our domain.
    pub(super) submitter: &'a str,
    /// The domain that it is about.
    pub(super) domain: &'a str,
    /// First and last second of its time.
    pub(super) seconds: (i64, i64),
    /// Identifier of the mail, without angle brackets.
    pub(super) message_id: &'a str,
}

/// The report, packed.
pub(super) fn pack(report: &Report) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    let _ = packer.write_all(report.text().as_bytes());
    packer.finish().unwrap_or_default()
}

/// The whole mail, lines ending in CRLF. It goes even where the domain's TLS is broken (RFC 8460 section 5.3, RFC 8689 section 3).
pub(super) fn write(heading: &Heading<'_>, report: &Report, packed: &[u8], now: Timestamp) -> Vec<u8> {
    let Heading { from, to, submitter, domain, seconds: (start, end), message_id } = heading;
    let id = &report.report_id;
    let boundary = format!("=_report_{}", id.replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
    let totals = report.totals();
    let (good, bad) = (totals.total_successful_session_count, totals.total_failure_session_count);
    let encoded = STANDARD.encode(packed);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(LINE_OCTETS).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!(
        "From: <{from}>\r\nTo: <{to}>\r\nDate: {date}\r\nMessage-ID: <{message_id}>\r\n\
         Subject: Report Domain: {domain}\r\n\tSubmitter: {submitter}\r\n\tReport-ID: <{id}>\r\n\
         TLS-Report-Domain: {domain}\r\nTLS-Report-Submitter: {submitter}\r\nTLS-Required: No\r\n\
         Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n\tboundary=\"{boundary}\"\r\n\r\n\
         --{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         This is a report of {submitter} about its connections to mail servers of {domain} (TLS-RPT, RFC 8460).\r\n\
         With TLS as it was asked for: {good}. Without: {bad}.\r\n\r\n\
         --{boundary}\r\nContent-Type: {PACKED_TYPE}\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment;\r\n\tfilename=\"{submitter}!{domain}!{start}!{end}!{id}.json.gz\"\r\n\r\n\
         {body}\r\n\r\n--{boundary}--\r\n",
        date = format_rfc5322(now),
        body = lines.join("\r\n"),
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use mailauth::tls_rpt::{DateRange, PolicyFacts, PolicyResult, PolicyType, Summary};

    use super::*;

    fn report() -> Report {
        Report {
            organization_name: "other.example".to_owned(),
            date_range: DateRange {
                start_datetime: "2026-11-25T00:00:00Z".to_owned(),
                end_datetime: "2026-11-25T23:59:59Z".to_owned(),
            },
            contact_info: "postmaster@other.example".to_owned(),
            report_id: "20782.1@mail.other.example".to_owned(),
            policies: vec![PolicyResult {
                policy: PolicyFacts {
                    policy_type: PolicyType::Sts,
                    policy_string: vec!["version: STSv1".to_owned()],
                    policy_domain: "acme.example".to_owned(),
                    mx_host: vec!["mail.acme.example".to_owned()],
                },
                summary: Summary { total_successful_session_count: 3, total_failure_session_count: 1 },
                failure_details: Vec::new(),
            }],
        }
    }

    #[test]
    fn our_own_letter_is_a_report() {
        let report = report();
        let heading = Heading {
            from: "postmaster@other.example",
            to: "tls@acme.example",
            submitter: "other.example",
            domain: "acme.example",
            seconds: (0, 86_399),
            message_id: "1@mail.other.example",
        };
        let raw = write(&heading, &report, &pack(&report), Timestamp::from_seconds(1_800_000_000));
        let text = String::from_utf8(raw.clone()).unwrap();
        for field in [
            "TLS-Report-Domain: acme.example\r\n",
            "TLS-Report-Submitter: other.example\r\n",
            "TLS-Required: No\r\n",
            "report-type=\"tlsrpt\"",
            "Content-Type: application/tlsrpt+gzip\r\n",
            "filename=\"other.example!acme.example!0!86399!20782.1@mail.other.example.json.gz\"",
        ] {
            assert!(text.contains(field), "{field} is missing in {text}");
        }
        assert!(text.lines().all(|line| line.len() <= 200), "{text}");
        assert_eq!(reports::tls::recognise(&raw), Some(report));
    }
}
