//! What an administrator may set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use env::settings::serde::{Deserialize, Serialize};
use factors::FactorKind;

env::settings! {
    /// Other directories that say who there is.
    pub struct ProvisionSettings in "provision" {
        /// LDAP directories that people and groups are taken over from. See the manual's page on provisioning.
        ldap: Vec<LdapSource> = Vec::new(),
        /// Identity providers (OpenID Connect) that people may sign in at. See the manual's page on provisioning.
        oidc: Vec<OidcProvider> = Vec::new(),
    }
}

/// An LDAP directory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", default, deny_unknown_fields)]
pub struct LdapSource {
    /// What it is called here: letters, digits, hyphens.
    pub name: String,
    /// `ldaps://host` or `ldap://host`; the latter is secured by StartTLS unless the host is this machine.
    pub url: String,
    /// File with the only certificate authority (PEM) that vouches for it; the system's without.
    pub ca: Option<PathBuf>,
    /// Name to sign in with; nobody without.
    pub bind_dn: String,
    /// File whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// Organisation here, by name; may be left out where there is only one.
    pub organisation: Option<String>,
    /// Where people are.
    pub people_base: String,
    /// Which entries are people.
    pub people_filter: String,
    /// Which of them are disabled; none without.
    pub disabled_filter: String,
    /// Where groups are; none are taken over without.
    pub groups_base: String,
    /// Which entries are groups.
    pub groups_filter: String,
    /// Attribute that never changes and never comes twice.
    pub id_attribute: String,
    /// Attribute with the mail address.
    pub address_attribute: String,
    /// Attribute with further addresses; none without.
    pub aliases_attribute: String,
    /// Attribute with the shown name.
    pub name_attribute: String,
    /// Attribute with the language; none without.
    pub language_attribute: String,
    /// Attribute of a group that names its members, by their names in the directory.
    pub member_attribute: String,
    /// Where the passwords of its people are: `here`, or `bind` to ask it.
    pub passwords: String,
    /// Per cent of the people who may vanish from it at once; more stop the take-over.
    pub vanish_percent_max: u32,
    /// Minutes between two take-overs; 0: only when asked.
    pub every_minutes: u32,
}

impl Default for LdapSource {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            ca: None,
            bind_dn: String::new(),
            password_file: None,
            organisation: None,
            people_base: String::new(),
            people_filter: "(&(objectClass=person)(mail=*))".to_owned(),
            disabled_filter: String::new(),
            groups_base: String::new(),
            groups_filter: "(objectClass=groupOfNames)".to_owned(),
            id_attribute: "entryUUID".to_owned(),
            address_attribute: "mail".to_owned(),
            aliases_attribute: String::new(),
            name_attribute: "cn".to_owned(),
            language_attribute: "preferredLanguage".to_owned(),
            member_attribute: "member".to_owned(),
            passwords: "here".to_owned(),
            vanish_percent_max: 10,
            every_minutes: 60,
        }
    }
}

/// An identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", default, deny_unknown_fields)]
pub struct OidcProvider {
    /// What it is called here: letters, digits, hyphens.
    pub name: String,
    /// What people read on the sign-in page; the name without.
    pub label: String,
    /// Its issuer, an https address.
    pub issuer: String,
    /// File with the only certificate authority (PEM) that vouches for it; the system's without.
    pub ca: Option<PathBuf>,
    /// What we are called there.
    pub client_id: String,
    /// File whose first line is the secret that it has given us; none for a public client.
    pub client_secret_file: Option<PathBuf>,
    /// Organisation here, by name; may be left out where there is only one.
    pub organisation: Option<String>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Claim with the mail address.
    pub address_claim: String,
    /// Claim with the shown name.
    pub name_claim: String,
    /// Whether the provider must say that the address is proven (`email_verified`). What stands in the claim `email` people may often set
    /// themselves, so there it must.
    pub require_verified: bool,
    /// Make an account for whoever signs in and has none.
    pub create_people: bool,
    /// What its `amr` or `acr` must say, and as which kind of second factor that counts here (`sms`, `totp`, `passkey`, `hardware-key`,
    /// `ukey`). A sign-in there without any of them is what a password is.
    pub vouches: BTreeMap<String, String>,
}

impl Default for OidcProvider {
    fn default() -> Self {
        Self {
            name: String::new(),
            label: String::new(),
            issuer: String::new(),
            ca: None,
            client_id: String::new(),
            client_secret_file: None,
            organisation: None,
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            address_claim: "email".to_owned(),
            name_claim: "name".to_owned(),
            require_verified: true,
            create_people: false,
            vouches: BTreeMap::new(),
        }
    }
}

impl ProvisionSettings {
    /// What is wrong with the settings: name of the setting, value, remedy.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        check_names("provision.ldap", self.ldap.iter().map(|source| source.name.as_str()), &mut faults);
        check_names("provision.oidc", self.oidc.iter().map(|provider| provider.name.as_str()), &mut faults);
        self.ldap.iter().for_each(|source| source.check(&mut faults));
        self.oidc.iter().for_each(|provider| provider.check(&mut faults));
        faults
    }
}

type Faults = Vec<(&'static str, String, &'static str)>;

fn check_names<'n>(setting: &'static str, names: impl Iterator<Item = &'n str>, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() || !name.chars().all(|one| one.is_ascii_alphanumeric() || one == '-') {
            faults.push((setting, name.to_owned(), "each must have a name of letters, digits and hyphens"));
        } else if !seen.insert(name) {
            faults.push((setting, name.to_owned(), "each must have a name of its own"));
        }
    }
}

impl LdapSource {
    /// Whether it has the passwords of its people.
    #[must_use]
    pub fn has_passwords(&self) -> bool {
        self.passwords == "bind"
    }

    fn check(&self, faults: &mut Faults) {
        let mut check = |right: bool, value: &str, remedy| {
            if !right {
                faults.push(("provision.ldap", value.to_owned(), remedy));
            }
        };
        let is_known = self.url.starts_with("ldaps://") || self.url.starts_with("ldap://");
        check(is_known, &self.url, "url must begin with ldaps:// or ldap://");
        let remedy = "people_base must say where people are, such as ou=people,dc=example";
        check(!self.people_base.is_empty(), &self.name, remedy);
        let is_known = matches!(self.passwords.as_str(), "here" | "bind");
        check(is_known, &self.passwords, "passwords must be here or bind");
    }
}

impl OidcProvider {
    /// What people read on the sign-in page.
    #[must_use]
    pub fn shown(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }

    fn check(&self, faults: &mut Faults) {
        let mut check = |right: bool, value: &str, remedy| {
            if !right {
                faults.push(("provision.oidc", value.to_owned(), remedy));
            }
        };
        let remedy = "issuer must be the https address that the provider calls itself";
        check(self.issuer.starts_with("https://"), &self.issuer, remedy);
        check(!self.client_id.is_empty(), &self.name, "client_id must be what the provider calls this server");
        let has_openid = self.scopes.iter().any(|scope| scope == "openid");
        check(has_openid, &self.scopes.join(" "), "scopes must name openid");
        let remedy = "require_verified = false needs an address_claim that people cannot set themselves, such as upn; email is none";
        check(self.require_verified || self.address_claim != "email", &self.name, remedy);
        for word in self.vouches.values() {
            let remedy = "vouches must name kinds of second factors: sms, totp, passkey, hardware-key, ukey";
            check(word.parse::<FactorKind>().is_ok(), word, remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut ProvisionSettings);

    fn faults(change: Change) -> Vec<&'static str> {
        let ldap = LdapSource {
            name: "hq".to_owned(),
            url: "ldaps://ldap.example".to_owned(),
            people_base: "dc=example".to_owned(),
            ..LdapSource::default()
        };
        let provider = OidcProvider {
            name: "idp".to_owned(),
            issuer: "https://idp.example".to_owned(),
            client_id: "mail".to_owned(),
            vouches: [("mfa".to_owned(), "totp".to_owned())].into(),
            ..OidcProvider::default()
        };
        let mut settings = ProvisionSettings { ldap: vec![ldap], oidc: vec![provider] };
        change(&mut settings);
        settings.faults().into_iter().map(|(_, _, remedy)| remedy).collect()
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        assert_eq!(faults(|_| {}), [""; 0]);
        assert_eq!(
            faults(|it| {
                it.oidc[0].require_verified = false;
                it.oidc[0].address_claim = "upn".to_owned();
            }),
            [""; 0]
        );
        let cases: [(Change, &str); 9] = [
            (|it| it.ldap[0].name = "a b".to_owned(), "letters, digits and hyphens"),
            (|it| it.ldap.push(it.ldap[0].clone()), "a name of its own"),
            (|it| it.ldap[0].url = "http://x".to_owned(), "ldaps://"),
            (|it| it.ldap[0].passwords = "both".to_owned(), "here or bind"),
            (|it| it.oidc.push(it.oidc[0].clone()), "a name of its own"),
            (|it| it.oidc[0].issuer = "http://idp.example".to_owned(), "https"),
            (|it| it.oidc[0].scopes.clear(), "openid"),
            (|it| it.oidc[0].require_verified = false, "upn"),
            (|it| it.oidc[0].vouches = [("mfa".to_owned(), "strong".to_owned())].into(), "kinds of second factors"),
        ];
        for (change, part) in cases {
            let found = faults(change);
            assert!(matches!(found.as_slice(), [one] if one.contains(part)), "{part}: {found:?}");
        }
    }
}
