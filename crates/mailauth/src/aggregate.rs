//! Aggregate reports that others send of our domains (RFC 7489 appendix C), read within limits.

use std::net::IpAddr;

use mail_auth::report::{ActionDisposition, DmarcResult, Report};

/// Rows of one report that are read.
pub const ROWS_MAX: usize = 50_000;

/// Characters of one text that are kept.
const TEXT_CHARS_MAX: usize = 255;

/// A report that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the DMARC report cannot be read: {cause}")]
pub struct AggregateError {
    cause: String,
}

impl AggregateError {
    /// The same report will never be read.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

/// What one receiver saw of one domain in a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// Who reports.
    pub reporter: String,
    /// The reporter's number of the report.
    pub id: String,
    /// The domain whose policy applied.
    pub domain: String,
    /// Begin of the span, seconds since 1970.
    pub begin: i64,
    /// Its end.
    pub end: i64,
    /// What was seen.
    pub rows: Vec<AggregateRow>,
}

/// Messages that were alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateRow {
    /// The server that sent them.
    pub source: IpAddr,
    /// How many.
    pub messages: u64,
    /// What was done with them: `none`, `quarantine` or `reject`.
    pub disposition: &'static str,
    /// A signature of an aligned domain passed.
    pub is_dkim_aligned: bool,
    /// SPF passed for an aligned domain.
    pub is_spf_aligned: bool,
    /// The author's domain.
    pub header_from: String,
}

/// Reads a report. Whoever calls bounds the octets.
///
/// # Errors
/// [`AggregateError`] if it is no report, has declarations of its own (no reporter needs them, and they are how XML is made to grow or to
/// fetch), or too many rows.
pub fn read(xml: &[u8]) -> Result<Aggregate, AggregateError> {
    let refused = |cause: &str| AggregateError { cause: cause.to_owned() };
    if xml.windows(9).any(|part| part.eq_ignore_ascii_case(b"<!DOCTYPE") || part.starts_with(b"<!ENTITY")) {
        return Err(refused("it declares a document type"));
    }
    let report = Report::parse_xml(xml).map_err(|cause| AggregateError { cause: shortened(&cause) })?;
    if report.records().len() > ROWS_MAX {
        return Err(refused("it has too many rows"));
    }
    let rows = report.records().iter().filter_map(|record| {
        Some(AggregateRow {
            source: record.source_ip()?,
            messages: u64::from(record.count()),
            disposition: match record.action_disposition() {
                ActionDisposition::Reject => "reject",
                ActionDisposition::Quarantine => "quarantine",
                ActionDisposition::None | ActionDisposition::Pass | ActionDisposition::Unspecified => "none",
            },
            is_dkim_aligned: record.dmarc_dkim_result() == DmarcResult::Pass,
            is_spf_aligned: record.dmarc_spf_result() == DmarcResult::Pass,
            header_from: shortened(&record.header_from().to_ascii_lowercase()),
        })
    });
    Ok(Aggregate {
        reporter: shortened(report.org_name()),
        id: shortened(report.report_id()),
        domain: shortened(&report.domain().to_ascii_lowercase()),
        begin: i64::try_from(report.date_range_begin()).unwrap_or(i64::MAX),
        end: i64::try_from(report.date_range_end()).unwrap_or(i64::MAX),
        rows: rows.collect(),
    })
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "<?xml version=\"1.0\"?><feedback><report_metadata><org_name>Peer</org_name><email>a@b</email>\
        <report_id>7</report_id><date_range><begin>10</begin><end>20</end></date_range></report_metadata>\
        <policy_published><domain>Trade.test</domain><p>reject</p></policy_published><record><row>\
        <source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated><disposition>reject</disposition>\
        <dkim>fail</dkim><spf>pass</spf></policy_evaluated></row><identifiers><header_from>trade.test</header_from>\
        </identifiers><auth_results><spf><domain>x</domain><result>fail</result></spf></auth_results></record></feedback>";

    #[test]
    fn a_report_is_read() {
        let found = read(REPORT.as_bytes()).unwrap();
        assert_eq!((found.reporter.as_str(), found.id.as_str(), found.domain.as_str()), ("Peer", "7", "trade.test"));
        assert_eq!((found.begin, found.end, found.rows.len()), (10, 20, 1));
        let row = &found.rows[0];
        assert_eq!((row.messages, row.disposition), (3, "reject"));
        assert_eq!((row.is_dkim_aligned, row.is_spf_aligned, row.header_from.as_str()), (false, true, "trade.test"));
    }

    #[test]
    fn what_could_grow_or_fetch_is_refused() {
        for declared in ["<!DOCTYPE x [<!ENTITY a \"b\">]>", "<!doctype x SYSTEM \"http://x\">"] {
            let bomb = REPORT.replace("<feedback>", &format!("{declared}<feedback>"));
            assert!(read(bomb.as_bytes()).unwrap_err().to_string().contains("document type"));
        }
        for broken in ["", "<feedback>", "<html></html>", "<feedback></feedback>"] {
            assert!(read(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
