//! Policies by which a domain asks for verified TLS (MTA-STS, RFC 8461): its record, its policy, the hosts that it allows.
//! Fetching and keeping them is the deliverer's.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

/// Longest policy that is read, in bytes (RFC 8461 section 3.3 suggests 64 KB).
pub const POLICY_BYTES_MAX: usize = 64 << 10;

/// Patterns of hosts in one policy.
const PATTERNS_MAX: usize = 100;

/// Longest time for which a policy may be kept (RFC 8461 section 3.2: about a year).
const AGE_MAX: Duration = Duration::from_secs(31_557_600);

/// Where the policy of `domain` is announced (RFC 8461 section 3.1).
#[must_use]
pub fn record_name(domain: &str) -> String {
    format!("_mta-sts.{domain}")
}

/// The host that serves the policy of `domain` (RFC 8461 section 3.3).
#[must_use]
pub fn policy_host(domain: &str) -> String {
    format!("mta-sts.{domain}")
}

/// Path of a policy at its host.
pub const POLICY_PATH: &str = "/.well-known/mta-sts.txt";

/// The identifier of the present policy, from the TXT records at [`record_name`]; `None` if the domain has no policy, which is also
/// so if it announces several (RFC 8461 section 3.1).
#[must_use]
pub fn policy_id(records: &[String]) -> Option<String> {
    let mut announced = records.iter().filter(|record| is_record(record));
    let (only, None) = (announced.next()?, announced.next()) else { return None };
    let fields = only.split(';').filter_map(|field| field.split_once('='));
    let id = fields.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == "id")?.1;
    let is_well_formed = (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_well_formed.then(|| id.to_owned())
}

fn is_record(text: &str) -> bool {
    text.strip_prefix("v=STSv1").is_some_and(|rest| rest.trim_start().starts_with(';'))
}

/// What a policy asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Deliver to hosts of the policy by verified TLS, or not at all.
    Enforce,
    /// Deliver as without it, and report what would have failed.
    Testing,
    /// Nothing any more.
    None,
}

/// A domain's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What it asks for.
    pub mode: Mode,
    /// Hosts that may take the domain's mail: names, or `*.name` for what is one label below.
    pub hosts: Vec<String>,
    /// How long it may be kept.
    pub max_age: Duration,
}

/// A policy that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A line is no `name: value`.
    #[error("line {0} is not `name: value`")]
    Line(usize),
    /// It is of another version, or of none.
    #[error("the version is not STSv1")]
    Version,
    /// What must be there is not, or has no such value.
    #[error("`{0}` is missing or wrong")]
    Field(&'static str),
    /// It is longer than policies are.
    #[error("it is too long")]
    TooLong,
}

impl Policy {
    /// Reads a policy (RFC 8461 section 3.2). Of a field that comes twice the first counts, but for `mx`.
    ///
    /// # Errors
    /// [`PolicyError`] if it is none.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLong);
        }
        let (mut version, mut mode, mut max_age, mut hosts) = (None, None, None, Vec::new());
        for (index, line) in text.split('\n').enumerate() {
            let line = line.strip_suffix('\r').unwrap_or(line).trim_end_matches([' ', '\t']);
            if line.is_empty() {
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(PolicyError::Line(index + 1))?;
            let value = value.trim();
            match name.trim() {
                "version" => _ = version.get_or_insert(value),
                "mode" => _ = mode.get_or_insert(value),
                "max_age" => _ = max_age.get_or_insert(value),
                "mx" if hosts.len() >= PATTERNS_MAX => return Err(PolicyError::TooLong),
                "mx" => hosts.push(pattern(value).ok_or(PolicyError::Field("mx"))?),
                _ => {}
            }
        }
        if version != Some("STSv1") {
            return Err(PolicyError::Version);
        }
        let mode = match mode {
            Some("enforce") => Mode::Enforce,
            Some("testing") => Mode::Testing,
            Some("none") => Mode::None,
            _ => return Err(PolicyError::Field("mode")),
        };
        if hosts.is_empty() && mode != Mode::None {
            return Err(PolicyError::Field("mx"));
        }
        let max_age = max_age.filter(|age| (1..=10).contains(&age.len())).and_then(|age| age.parse().ok());
        let max_age = max_age.map(Duration::from_secs).ok_or(PolicyError::Field("max_age"))?.min(AGE_MAX);
        Ok(Self { mode, hosts, max_age })
    }

    /// Whether the policy allows a host (RFC 8461 section 4.1). A wildcard stands for exactly one label.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
            None => *pattern == host,
        })
    }

    /// The policy as it is served.
    #[must_use]
    pub fn text(&self) -> String {
        let mode = match self.mode {
            Mode::Enforce => "enforce",
            Mode::Testing => "testing",
            Mode::None => "none",
        };
        let hosts: String = self.hosts.iter().map(|host| format!("mx: {host}\r\n")).collect();
        format!("version: STSv1\r\nmode: {mode}\r\n{hosts}max_age: {}\r\n", self.max_age.as_secs())
    }

    /// An identifier for its record that changes exactly when the policy does (RFC 8461 section 3.1).
    #[must_use]
    pub fn id(&self) -> String {
        digest(&SHA256, self.text().as_bytes()).as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A host or `*.host` in lower case.
fn pattern(text: &str) -> Option<String> {
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    let name = text.strip_prefix("*.").unwrap_or(&text);
    let is_name = name.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
    });
    is_name.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(records: &[&str]) -> Option<String> {
        policy_id(&records.iter().map(|record| (*record).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn records() {
        assert_eq!(id(&["v=STSv1; id=20160831085700Z;"]).as_deref(), Some("20160831085700Z"));
        assert_eq!(id(&["v=spf1 -all", "v=STSv1;id=1"]).as_deref(), Some("1"));
        assert_eq!(id(&["v=STSv1 ; other=x; id=a1"]).as_deref(), Some("a1"));
        for none in [
            &["v=STSv1; id=1", "v=STSv1; id=2"][..],
            &["v=STSv1"],
            &["v=STSv1;"],
            &["v=STSv2; id=1"],
            &["v=STSv12; id=1"],
            &["id=1; v=STSv1"],
            &["v=STSv1; id=under_score"],
            &["v=STSv1; id="],
            &["v=STSv1; id=123456789012345678901234567890123"],
            &[],
        ] {
            assert_eq!(id(none), None, "{none:?}");
        }
    }

    #[test]
    fn policies() {
        let policy = Policy::parse(
            "version: STSv1\r\nmode: enforce\r\nmx: Mail.Example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n",
        )
        .unwrap();
        assert_eq!(policy.mode, Mode::Enforce);
        assert_eq!(policy.hosts, ["mail.example.com", "*.example.net"]);
        assert_eq!(policy.max_age, Duration::from_secs(604_800));
        assert_eq!(Policy::parse(&policy.text()).unwrap(), policy);
        assert_eq!(id(&[&format!("v=STSv1; id={}", policy.id())]), Some(policy.id()));
        let other = Policy { max_age: Duration::from_secs(604_801), ..policy.clone() };
        assert!(other.id() != policy.id() && policy.clone().id() == policy.id());
        // Bare line feeds, blanks at line ends, unknown fields, a second mode.
        let loose =
            Policy::parse("version: STSv1\nmode:testing  \nmode: enforce\nfuture: x\nmx: a.example\nmax_age: 99999999")
                .unwrap();
        assert_eq!((loose.mode, loose.max_age), (Mode::Testing, AGE_MAX));
        assert_eq!(Policy::parse("version: STSv1\nmode: none\nmax_age: 86400").unwrap().mode, Mode::None);
    }

    #[test]
    fn wrong_policies() {
        for (text, expected) in [
            ("", PolicyError::Version),
            ("mode: enforce\nmx: a.example\nmax_age: 1", PolicyError::Version),
            ("version: STSv2\nmode: none\nmax_age: 1", PolicyError::Version),
            ("version: STSv1\nmode: strict\nmx: a.example\nmax_age: 1", PolicyError::Field("mode")),
            ("version: STSv1\nmode: enforce\nmax_age: 1", PolicyError::Field("mx")),
            ("version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 1", PolicyError::Field("mx")),
            ("version: STSv1\nmode: enforce\nmx: a.example", PolicyError::Field("max_age")),
            ("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1", PolicyError::Field("max_age")),
            ("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 12345678901", PolicyError::Field("max_age")),
            ("<html>", PolicyError::Line(1)),
        ] {
            assert_eq!(Policy::parse(text), Err(expected), "{text}");
        }
        let many = "mx: a.example\n".repeat(PATTERNS_MAX + 1);
        assert_eq!(
            Policy::parse(&format!("version: STSv1\nmode: enforce\n{many}max_age: 1")),
            Err(PolicyError::TooLong)
        );
    }

    #[test]
    fn hosts() {
        let policy =
            Policy::parse("version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 1")
                .unwrap();
        for (host, expected) in [
            ("mail.example.com", true),
            ("MAIL.example.com.", true),
            ("a.example.net", true),
            ("a.b.example.net", false),
            ("example.net", false),
            (".example.net", false),
            ("mail.example.com.evil.test", false),
            ("xmail.example.com", false),
        ] {
            assert_eq!(policy.allows(host), expected, "{host}");
        }
    }
}
