//! Reports of how connections fared, from those who send mail to a domain to those who run it (TLS-RPT, RFC 8460): where they are
//! wanted, and their form. Gathering, sending and keeping them is others'.

use serde::{Deserialize, Serialize};

/// Longest report that is read, in bytes, after it has been unpacked.
pub const REPORT_BYTES_MAX: usize = 1 << 20;

/// Policies in one report.
pub const POLICIES_MAX: usize = 100;

/// Kinds of failures told of one policy.
pub const FAILURES_MAX: usize = 100;

/// Characters of one text in a report.
const TEXT_CHARS_MAX: usize = 1_000;

/// Addresses that one domain may have reports sent to.
const ADDRESSES_MAX: usize = 5;

/// Where a domain says that it wants reports (RFC 8460 section 3).
#[must_use]
pub fn record_name(domain: &str) -> String {
    format!("_smtp._tls.{domain}")
}

/// Where reports are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// By mail, to this address.
    Mail(String),
    /// By HTTPS POST.
    Https {
        /// Host.
        host: String,
        /// Port, if the usual one is not meant.
        port: Option<u16>,
        /// Path with query.
        path: String,
    },
}

/// Where reports are wanted, from the TXT records at [`record_name`]; nowhere if there is no record, or several (RFC 8460 section 3).
#[must_use]
pub fn destinations(records: &[String]) -> Vec<Destination> {
    let is_record = |text: &&String| {
        text.strip_prefix("v=TLSRPTv1").is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with(';'))
    };
    let mut announced = records.iter().filter(is_record);
    let (Some(only), None) = (announced.next(), announced.next()) else { return Vec::new() };
    let fields = only.split(';').filter_map(|field| field.split_once('='));
    let rua = fields.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == "rua");
    let wanted = rua.map(|(_, value)| value.split(',')).into_iter().flatten();
    wanted.filter_map(|uri| destination(uri.trim())).take(ADDRESSES_MAX).collect()
}

fn destination(uri: &str) -> Option<Destination> {
    let (scheme, rest) = uri.split_once(':')?;
    match scheme.to_ascii_lowercase().as_str() {
        "mailto" => {
            let address = decoded(rest.split('?').next().unwrap_or_default())?;
            mail::Address::parse(&address).ok().map(|address| Destination::Mail(address.to_string()))
        }
        "https" => {
            let rest = rest.strip_prefix("//")?;
            let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
            let (host, port) = match authority.split_once(':') {
                Some((host, port)) => (host, Some(port.parse().ok()?)),
                None => (authority, None),
            };
            let host = mail::domain::canonical(host).ok()?;
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            let is_printable = path.bytes().all(|byte| byte.is_ascii_graphic());
            is_printable.then_some(Destination::Https { host, port, path })
        }
        _ => None,
    }
}

/// The text with its `%` escapes undone (RFC 3986 section 2.1).
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let (high, low) = (char::from(bytes.next()?).to_digit(16)?, char::from(bytes.next()?).to_digit(16)?);
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

/// A report (RFC 8460 section 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Who reports.
    #[serde(default)]
    pub organization_name: String,
    /// The time that it is about.
    pub date_range: DateRange,
    /// Whom to ask about it.
    #[serde(default)]
    pub contact_info: String,
    /// Its name, unique for who reports.
    pub report_id: String,
    /// What was found, by policy.
    pub policies: Vec<PolicyResult>,
}

/// From when to when, in the form of RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DateRange {
    /// The first moment.
    pub start_datetime: String,
    /// The last.
    pub end_datetime: String,
}

/// How connections under one policy fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyResult {
    /// The policy.
    pub policy: PolicyFacts,
    /// How many connections went how.
    pub summary: Summary,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failure_details: Vec<Failure>,
}

/// A policy that connections were made under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyFacts {
    /// Its kind.
    pub policy_type: PolicyType,
    /// Its text: lines of an MTA-STS policy, or TLSA records.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_more")]
    pub policy_string: Vec<String>,
    /// The domain that it is of.
    pub policy_domain: String,
    /// Patterns of exchangers in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_more")]
    pub mx_host: Vec<String>,
}

/// A list of texts, or one alone: reports have either.
fn one_or_more<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        More(Vec<String>),
    }
    Ok(match Texts::deserialize(from)? {
        Texts::One(text) => vec![text],
        Texts::More(texts) => texts,
    })
}

/// Kinds of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyType {
    /// TLSA records (DANE).
    Tlsa,
    /// An MTA-STS policy.
    Sts,
    /// None.
    NoPolicyFound,
    /// One that we do not know.
    #[serde(other)]
    Other,
}

/// How many connections went how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Connections with TLS as it was asked for.
    #[serde(default)]
    pub total_successful_session_count: u64,
    /// Connections without.
    #[serde(default)]
    pub total_failure_session_count: u64,
}

/// Connections that failed alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Failure {
    /// What went wrong.
    pub result_type: ResultType,
    /// Address of the sending server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending_mta_ip: Option<String>,
    /// Name of the receiving server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiving_mx_hostname: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiving_ip: Option<String>,
    /// How many.
    #[serde(default)]
    pub failed_session_count: u64,
    /// What the sending server says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason_code: Option<String>,
}

impl Failure {
    /// Whether both are failures of the same kind at the same place.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.result_type == other.result_type
            && self.receiving_mx_hostname == other.receiving_mx_hostname
            && self.receiving_ip == other.receiving_ip
            && self.sending_mta_ip == other.sending_mta_ip
    }
}

/// What went wrong (RFC 8460 section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResultType {
    /// No STARTTLS.
    StarttlsNotSupported,
    /// The certificate is another host's.
    CertificateHostMismatch,
    /// The certificate is out of date.
    CertificateExpired,
    /// Nobody who is trusted vouches for the certificate.
    CertificateNotTrusted,
    /// Something else about the connection or its certificate.
    ValidationFailure,
    /// None of the TLSA records can be used.
    TlsaInvalid,
    /// DNS gave no valid answer about TLSA records.
    DnssecInvalid,
    /// DANE was demanded and not there.
    DaneRequired,
    /// The policy cannot be fetched.
    StsPolicyFetchError,
    /// The policy is none.
    StsPolicyInvalid,
    /// The policy host's certificate does not hold.
    StsWebpkiInvalid,
    /// One that we do not know.
    #[serde(other)]
    Other,
}

/// A report that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// It is longer than reports are.
    #[error("the report is longer than {REPORT_BYTES_MAX} bytes")]
    TooLong,
    /// It is no report.
    #[error("the report is wrong: {0}")]
    Malformed(String),
}

impl Report {
    /// Reads a report, unpacked. Of what is more than a report has, only the beginning is kept.
    ///
    /// # Errors
    /// [`ReportError`] if it is none.
    pub fn parse(json: &[u8]) -> Result<Self, ReportError> {
        if json.len() > REPORT_BYTES_MAX {
            return Err(ReportError::TooLong);
        }
        let mut report: Self =
            serde_json::from_slice(json).map_err(|error| ReportError::Malformed(error.to_string()))?;
        report.policies.truncate(POLICIES_MAX);
        for text in [&mut report.organization_name, &mut report.contact_info, &mut report.report_id] {
            shorten(text);
        }
        for text in [&mut report.date_range.start_datetime, &mut report.date_range.end_datetime] {
            shorten(text);
        }
        report.policies.iter_mut().for_each(shorten_policy);
        Ok(report)
    }

    /// The report as it is sent, before it is packed.
    #[must_use]
    pub fn text(&self) -> String {
        // Numbers and texts always have a form in JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// All connections of all policies.
    #[must_use]
    pub fn totals(&self) -> Summary {
        self.policies.iter().fold(Summary::default(), |sum, policy| Summary {
            total_successful_session_count: sum
                .total_successful_session_count
                .saturating_add(policy.summary.total_successful_session_count),
            total_failure_session_count: sum
                .total_failure_session_count
                .saturating_add(policy.summary.total_failure_session_count),
        })
    }
}

fn shorten_policy(result: &mut PolicyResult) {
    let policy = &mut result.policy;
    policy.policy_string.truncate(FAILURES_MAX);
    policy.mx_host.truncate(FAILURES_MAX);
    shorten(&mut policy.policy_domain);
    policy.policy_string.iter_mut().chain(&mut policy.mx_host).for_each(shorten);
    result.failure_details.truncate(FAILURES_MAX);
    for failure in &mut result.failure_details {
        let texts = [
            &mut failure.sending_mta_ip,
            &mut failure.receiving_mx_hostname,
            &mut failure.receiving_ip,
            &mut failure.failure_reason_code,
        ];
        texts.into_iter().flatten().for_each(shorten);
    }
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests;
