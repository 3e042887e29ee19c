//! What an administrator may set.

use std::path::PathBuf;

use env::settings::serde::{Deserialize, Serialize};

env::settings! {
    /// Other directories that say who there is.
    pub struct ProvisionSettings in "provision" {
        /// LDAP directories that people and groups are taken over from. See the manual's page on provisioning.
        ldap: Vec<LdapSource> = Vec::new(),
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
    /// Whether the provider must say that the address is proven (`email_verified`).
    pub require_verified: bool,
    /// Make an account for whoever signs in and has none.
    pub create_people: bool,
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
        }
    }
}
