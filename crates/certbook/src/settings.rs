//! What an administrator may set.

use std::collections::BTreeSet;
use std::path::PathBuf;

use env::settings::serde::{Deserialize, Serialize};

env::settings! {
    /// Certificates of S/MIME: whether they were revoked, and those of partners that directories have.
    pub struct SmimeSettings in "smime" {
        /// Ask authorities whether they have revoked the certificates of signers and recipients, where these name a responder (OCSP) or a list (CRL).
        revocation: bool = true,
        /// Seconds to wait for all that is asked about one certificate.
        revocation_seconds: u64 = 5,
        /// Minutes after which an authority is asked again, however long it says that its answer holds.
        revocation_minutes: u64 = 60,
        /// Networks of your own in which servers of authorities and directories over HTTP may lie; else only hosts of the open Internet are asked.
        networks: Vec<String> = Vec::new(),
        /// Directories that are asked for the certificates of partners. See the manual's page on S/MIME.
        directory: Vec<PartnerDirectory> = Vec::new(),
        /// Hours after which a directory is asked again for the certificate of a partner.
        directory_hours: u64 = 24,
    }
}

/// A directory with certificates of partners.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", default, deny_unknown_fields)]
pub struct PartnerDirectory {
    /// What it is called here: letters, digits, hyphens.
    pub name: String,
    /// `ldaps://host` or `ldap://host`; the latter is secured by StartTLS unless the host is this machine. Or the address of a store of
    /// certificates over HTTP (RFC 4387), to which `?uri=` and the mail address are added.
    pub url: String,
    /// Domains whose people it is asked for, with all below them; everybody elsewhere without.
    pub partners: Vec<String>,
    /// The organisation that asks it, by name; all of them without.
    pub organisation: Option<String>,
    /// File with the only certificate authority (PEM) that vouches for it; the system's without.
    pub ca: Option<PathBuf>,
    /// LDAP: name to sign in with; nobody without.
    pub bind_dn: String,
    /// LDAP: file whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// LDAP: where people are.
    pub base: String,
    /// LDAP: which entry is a person's; `{address}` stands for the mail address.
    pub filter: String,
}

impl Default for PartnerDirectory {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            partners: Vec::new(),
            organisation: None,
            ca: None,
            bind_dn: String::new(),
            password_file: None,
            base: String::new(),
            filter: "(mail={address})".to_owned(),
        }
    }
}

impl PartnerDirectory {
    /// Whether it speaks LDAP.
    #[must_use]
    pub fn is_ldap(&self) -> bool {
        self.url.starts_with("ldap://") || self.url.starts_with("ldaps://")
    }

    /// Whether it is asked by the organisation `organisation` for people of `domain`.
    pub(crate) fn is_for(&self, organisation: &str, domain: &str) -> bool {
        let domain = domain.to_ascii_lowercase();
        let is_below = |partner: &String| {
            let rest = domain.strip_suffix(&partner.to_ascii_lowercase());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.organisation.as_ref().is_none_or(|name| name == organisation)
            && (self.partners.is_empty() || self.partners.iter().any(is_below))
    }

    fn fault(&self) -> Option<&'static str> {
        let is_http = self.url.starts_with("https://") || self.url.starts_with("http://");
        if self.name.is_empty() || !self.name.chars().all(|one| one.is_ascii_alphanumeric() || one == '-') {
            Some("each must have a name of letters, digits and hyphens")
        } else if !is_http && !self.is_ldap() {
            Some("url must begin with ldaps://, ldap://, https:// or http://")
        } else if self.is_ldap() && self.base.is_empty() {
            Some("base must say where people are, such as ou=people,dc=example")
        } else if self.is_ldap() && !self.filter.contains("{address}") {
            Some("filter must name {address}")
        } else {
            None
        }
    }
}

impl SmimeSettings {
    /// What is wrong with the settings: name of the setting, value, remedy.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut seen = BTreeSet::new();
        let of_one = |it: &PartnerDirectory| {
            let fault =
                it.fault().or_else(|| (!seen.insert(it.name.clone())).then_some("each must have a name of its own"));
            fault.map(|remedy| ("smime.directory", it.name.clone(), remedy))
        };
        let mut faults: Vec<_> = self.directory.iter().filter_map(of_one).collect();
        if let Err(error) = net::TrustedNetworks::parse(&self.networks) {
            faults.push(("smime.networks", error.to_string(), "name networks such as 10.0.0.0/8"));
        }
        if self.revocation_seconds == 0 || self.revocation_minutes == 0 || self.directory_hours == 0 {
            faults.push(("smime", "0".to_owned(), "no time to wait, or to keep an answer, may be 0"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_asked_for_its_partners_alone() {
        let all = PartnerDirectory::default();
        assert!(all.is_for("Trade", "far.test"));
        let some = PartnerDirectory {
            partners: vec!["Far.test".to_owned()],
            organisation: Some("Trade".to_owned()),
            ..PartnerDirectory::default()
        };
        for (organisation, domain, expected) in [
            ("Trade", "far.test", true),
            ("Trade", "mail.FAR.test", true),
            ("Trade", "notfar.test", false),
            ("Other", "far.test", false),
        ] {
            assert_eq!(some.is_for(organisation, domain), expected, "{organisation} {domain}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let ldap = PartnerDirectory {
            name: "far".to_owned(),
            url: "ldaps://far.test".to_owned(),
            base: "dc=far".to_owned(),
            ..PartnerDirectory::default()
        };
        let faults = |change: fn(&mut SmimeSettings)| {
            let mut settings = SmimeSettings { directory: vec![ldap.clone()], ..SmimeSettings::default() };
            change(&mut settings);
            settings.faults().into_iter().map(|(_, _, remedy)| remedy).collect::<Vec<_>>()
        };
        assert_eq!(faults(|_| {}), [""; 0]);
        assert_eq!(faults(|it| it.directory[0].url = "https://far.test/store".to_owned()), [""; 0]);
        type Change = fn(&mut SmimeSettings);
        let cases: [(Change, &str); 7] = [
            (|it| it.directory[0].name = "a b".to_owned(), "letters, digits and hyphens"),
            (|it| it.directory.push(it.directory[0].clone()), "a name of its own"),
            (|it| it.directory[0].url = "ftp://x".to_owned(), "must begin with"),
            (|it| it.directory[0].base.clear(), "base must say"),
            (|it| it.directory[0].filter = "(mail=*)".to_owned(), "{address}"),
            (|it| it.networks = vec!["10.0.0/8".to_owned()], "name networks"),
            (|it| it.revocation_seconds = 0, "may be 0"),
        ];
        for (change, part) in cases {
            let found = faults(change);
            assert!(matches!(found.as_slice(), [one] if one.contains(part)), "{part}: {found:?}");
        }
    }
}
