use std::time::Duration;

use mailauth::mta_sts::{Mode, Policy};

env::settings! {
    /// HTTP: what is told to the world and to whom.
    pub struct HttpSettings in "http" {
        /// Address under which people and their programs reach the HTTPS service, such as "https://mail.example.com": it stands in
        /// links, names the OAuth server and is what WebAuthn is bound to. Empty for the server's host name and port.
        public_url: String = String::new(),
        /// Addresses that may read /metrics.
        metrics_from: Vec<String> = vec!["127.0.0.1".to_owned(), "::1".to_owned()],
        /// MTA-STS policy mode (RFC 8461 section 3.2): "testing", "enforce" or "none". Begin with testing, read the TLS reports, then enforce.
        mta_sts_mode: MtaStsMode = MtaStsMode::Testing,
        /// Seconds that others may keep the MTA-STS policy.
        mta_sts_max_age_seconds: u32 = 604_800,
    }
}

/// What senders do that cannot reach us with a valid certificate (RFC 8461 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, env::settings::serde::Deserialize, env::settings::serde::Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum MtaStsMode {
    /// Deliver nevertheless, and report.
    Testing,
    /// Do not deliver.
    Enforce,
    /// As if there were no policy.
    None,
}

impl HttpSettings {
    /// The address under which the HTTPS service of the server called `hostname` on `port` is reached; without a slash at its end.
    #[must_use]
    pub fn public_url(&self, hostname: &str, port: Option<u16>) -> String {
        match (self.public_url.trim_end_matches('/'), port) {
            ("", None | Some(443)) => format!("https://{hostname}"),
            ("", Some(port)) => format!("https://{hostname}:{port}"),
            (given, _) => given.to_owned(),
        }
    }

    /// Our policy (RFC 8461 section 3.2), for the server called `hostname`.
    #[must_use]
    pub fn mta_sts_policy(&self, hostname: &str) -> Policy {
        let mode = match self.mta_sts_mode {
            MtaStsMode::Testing => Mode::Testing,
            MtaStsMode::Enforce => Mode::Enforce,
            MtaStsMode::None => Mode::None,
        };
        let max_age = Duration::from_secs(u64::from(self.mta_sts_max_age_seconds));
        Policy { mode, hosts: vec![hostname.to_owned()], max_age }
    }
}
