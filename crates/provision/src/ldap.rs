//! LDAP directories as sources (RFC 4511): read by pages, over TLS, as a reader with as few rights as will do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use certbook::PartnerDirectory;
use crypto::tls::{ClientTls, Roots};
use env::Secret;
use identity::password::PASSWORD_BYTES_MAX;
use identity::{Holder, IdentityError, Language, PasswordsElsewhere, Unasked};
use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, ldap_escape};
use store::{Store, Tx};
use tokio::sync::Semaphore;

use crate::link::{self, Kind};
use crate::people::{Person, is_ordinary};
use crate::sync::{OutsideGroup, Report, Snapshot, Terms, take_over};
use crate::{LdapSource, ProvisionError};

/// Longest wait for the server to take a connection, and for each of its answers.
const WAIT: Duration = Duration::from_secs(30);

/// Longest wait for the answer whether a password is right, altogether: somebody waits for it.
const PASSWORD_WAIT: Duration = Duration::from_secs(5);

/// Passwords that directories are asked for at the same time; more wait within [`PASSWORD_WAIT`].
const ASKED_AT_ONCE: usize = 32;

/// An identifier that nobody has.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// Entries of one page.
const PAGE: i32 = 500;

/// Entries that are taken from one directory.
const ENTRIES_MAX: usize = 200_000;

/// Entries with one mail address whose certificates are looked at.
const PEOPLE_OF_ADDRESS_MAX: usize = 4;

/// Certificates of one entry that are looked at.
const VALUES_MAX: usize = 32;

/// How a take-over is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wish {
    /// Only say what would be done.
    pub is_dry_run: bool,
    /// However many have vanished, that is right.
    pub allow_vanishing: bool,
}

/// Reads the directory and takes over what it says.
///
/// # Errors
/// [`ProvisionError::Source`] if it cannot be read to its end, and then nothing is changed; [`ProvisionError::TooManyVanish`].
pub async fn sync(store: &Store, source: &LdapSource, organisation: i64, wish: Wish) -> Result<Report, ProvisionError> {
    let snapshot = read(source).await?;
    let terms = Terms {
        organisation,
        source: source_name(source),
        vanish_percent_max: (!wish.allow_vanishing).then_some(source.vanish_percent_max),
        is_dry_run: wish.is_dry_run,
    };
    take_over(store, &terms, snapshot).await
}

/// Whether the directory takes the password of the person whose identifier there is `external` (a simple bind, RFC 4513 section 5.1.3). Without an
/// identifier it is asked all the same, for somebody who is not there, and never takes it.
///
/// # Errors
/// [`ProvisionError::Source`] if it does not answer: then nobody is let in.
pub async fn check_password(
    source: &LdapSource,
    external: Option<&str>,
    password: &Secret<String>,
) -> Result<bool, ProvisionError> {
    // RFC 4513 section 5.1.2: without a password a bind succeeds and says nothing.
    if password.expose().is_empty() || password.expose().len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let mut ldap = connect(source).await?;
    sign_in(source, &mut ldap).await?;
    let filter = format!("(&{}{})", source.people_filter, id_filter(source, external.unwrap_or(NOBODY)));
    let found = search(source, &mut ldap, &source.people_base, &filter, &["1.1"]).await?;
    let mut person = match (found.as_slice(), external) {
        ([entry], Some(_)) => Some(entry.dn.clone()),
        _ => None,
    };
    if !source.disabled_filter.is_empty() {
        let filter = format!("(&{filter}{})", source.disabled_filter);
        if !search(source, &mut ldap, &source.people_base, &filter, &["1.1"]).await?.is_empty() {
            person = None;
        }
    }
    // Nobody's password is not sent for somebody else to read.
    let (dn, shown) = match &person {
        Some(dn) => (dn.clone(), password.expose().as_str()),
        None => (format!("cn={NOBODY},{}", source.people_base), NOBODY),
    };
    let bound = ldap.with_timeout(WAIT).simple_bind(&dn, shown).await.map_err(failed(source))?;
    let _ = ldap.unbind().await;
    match bound.rc {
        0 => Ok(person.is_some()),
        // operationsError, protocolError, busy, unavailable, other (RFC 4511 appendix A.2), referral
        code @ (1 | 2 | 10 | 51 | 52 | 80) => {
            Err(unexpected(source, format!("it answers the bind with code {code}: {}", bound.text)))
        }
        code => {
            tracing::info!(source = source.name, dn, code, said = bound.text, "a directory refuses a password");
            Ok(false)
        }
    }
}

/// The entry with this identifier.
fn id_filter(source: &LdapSource, external: &str) -> String {
    let name = &source.id_attribute;
    if is_binary(name) {
        let octets = external.as_bytes().chunks(2).map(String::from_utf8_lossy);
        let value: String = octets.map(|octet| format!("\\{}", ldap_escape(octet))).collect();
        return format!("({name}={value})");
    }
    format!("({name}={})", ldap_escape(external))
}

/// Whether the attribute's values are octets, which stand in hexadecimal here, however much some look like text.
fn is_binary(name: &str) -> bool {
    name.eq_ignore_ascii_case("objectGUID") || name.eq_ignore_ascii_case("objectSid")
}

/// Asks LDAP directories for the passwords of their people, where the settings say `passwords = "bind"`.
pub struct LdapPasswords {
    sources: Vec<LdapSource>,
    places: Semaphore,
}

impl LdapPasswords {
    /// Of those of `sources` that are to be asked; none if none are.
    #[must_use]
    pub fn new(sources: &[LdapSource]) -> Option<Self> {
        let sources: Vec<LdapSource> = sources.iter().filter(|source| source.has_passwords()).cloned().collect();
        (!sources.is_empty()).then(|| Self { sources, places: Semaphore::new(ASKED_AT_ONCE) })
    }
}

#[async_trait]
impl PasswordsElsewhere for LdapPasswords {
    /// Accounts that oversee others have their password here: whoever holds the directory must not thereby hold them.
    fn holder_of(&self, tx: &mut Tx<'_>, account: i64) -> Result<Option<Holder>, IdentityError> {
        for source in &self.sources {
            let link = link::of_object(tx, &source_name(source), Kind::Person, account)?;
            let Some(link) = link.filter(|link| link.is_present) else { continue };
            if is_ordinary(identity::load_account(tx, account)?.role) {
                return Ok(Some(Holder { directory: source.name.clone(), person: Some(link.external) }));
            }
        }
        Ok(None)
    }

    fn holder_of_nobody(&self, tx: &mut Tx<'_>, organisation: i64) -> Result<Option<Holder>, IdentityError> {
        let all = identity::list_organisations(tx)?;
        let is_theirs = |source: &&LdapSource| match &source.organisation {
            Some(name) => all.iter().any(|it| it.id == organisation && it.name == *name),
            None => all.len() == 1,
        };
        let found = self.sources.iter().find(is_theirs);
        Ok(found.map(|source| Holder { directory: source.name.clone(), person: None }))
    }

    async fn check(&self, holder: &Holder, password: &Secret<String>) -> Result<bool, Unasked> {
        let source = self.sources.iter().find(|source| source.name == holder.directory);
        let source = source.ok_or_else(|| Unasked(ProvisionError::NoSource(holder.directory.clone()).to_string()))?;
        let asked = async {
            let _place = self.places.acquire().await.map_err(|error| unexpected(source, error.to_string()))?;
            check_password(source, holder.person.as_deref(), password).await
        };
        match tokio::time::timeout(PASSWORD_WAIT, asked).await {
            Ok(outcome) => outcome.map_err(|error| Unasked(error.to_string())),
            Err(_) => {
                Err(Unasked(unexpected(source, format!("no answer within {} s", PASSWORD_WAIT.as_secs())).to_string()))
            }
        }
    }
}

/// Asks directories of others for the certificates of their people: `userCertificate` (RFC 4523 section 4.1) and `userSMIMECertificate`
/// (RFC 2798 section 2.8).
pub struct LdapCertificates;

/// Attributes with certificates, as they are asked for.
const CERTIFICATE_ATTRIBUTES: [&str; 3] =
    ["userCertificate;binary", "userSMIMECertificate", "userSMIMECertificate;binary"];

/// Longest wait for certificates, altogether: a message waits for them.
const CERTIFICATES_WAIT: Duration = Duration::from_secs(10);

#[async_trait]
impl certbook::Ldap for LdapCertificates {
    async fn certificates(&self, directory: &PartnerDirectory, address: &str) -> Result<Vec<Vec<u8>>, String> {
        let source = LdapSource {
            name: directory.name.clone(),
            url: directory.url.clone(),
            ca: directory.ca.clone(),
            bind_dn: directory.bind_dn.clone(),
            password_file: directory.password_file.clone(),
            people_base: directory.base.clone(),
            people_filter: directory.filter.replace("{address}", &ldap_escape(address)),
            ..LdapSource::default()
        };
        let found = tokio::time::timeout(CERTIFICATES_WAIT, certificates(&source)).await;
        found
            .map_err(|_| format!("no answer within {} s", CERTIFICATES_WAIT.as_secs()))?
            .map_err(|error| error.to_string())
    }
}

async fn certificates(source: &LdapSource) -> Result<Vec<Vec<u8>>, ProvisionError> {
    let mut ldap = connect(source).await?;
    sign_in(source, &mut ldap).await?;
    let entries =
        search(source, &mut ldap, &source.people_base, &source.people_filter, &CERTIFICATE_ATTRIBUTES).await?;
    let _ = ldap.unbind().await;
    Ok(entries.into_iter().take(PEOPLE_OF_ADDRESS_MAX).flat_map(certificates_of).collect())
}

fn certificates_of(entry: SearchEntry) -> Vec<Vec<u8>> {
    let is_asked = |name: &str| CERTIFICATE_ATTRIBUTES.iter().any(|asked| name.eq_ignore_ascii_case(asked));
    // What happens to be UTF-8 stands among the texts.
    let texts = entry.attrs.into_iter().filter(|(name, _)| is_asked(name));
    let texts = texts.flat_map(|(_, values)| values.into_iter().map(String::into_bytes));
    let octets = entry.bin_attrs.into_iter().filter(|(name, _)| is_asked(name)).flat_map(|(_, values)| values);
    octets.chain(texts).take(VALUES_MAX).collect()
}

/// What people of the directory are linked by.
fn source_name(source: &LdapSource) -> String {
    format!("ldap:{}", source.name)
}

/// Everything that the directory knows of people and groups.
///
/// # Errors
/// [`ProvisionError::Source`] if it cannot be read to its end.
pub async fn read(source: &LdapSource) -> Result<Snapshot, ProvisionError> {
    let mut ldap = connect(source).await?;
    sign_in(source, &mut ldap).await?;
    let wanted = [
        &source.id_attribute,
        &source.address_attribute,
        &source.aliases_attribute,
        &source.name_attribute,
        &source.language_attribute,
    ];
    let wanted: Vec<&str> = wanted.into_iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let entries = search(source, &mut ldap, &source.people_base, &source.people_filter, &wanted).await?;
    let disabled: BTreeSet<String> = if source.disabled_filter.is_empty() {
        BTreeSet::new()
    } else {
        let filter = format!("(&{}{})", source.people_filter, source.disabled_filter);
        let found = search(source, &mut ldap, &source.people_base, &filter, &["1.1"]).await?;
        found.iter().map(|entry| folded(&entry.dn)).collect()
    };
    let mut snapshot = Snapshot::default();
    let mut people = HashMap::new();
    for entry in &entries {
        let Some(id) = identifier(entry, &source.id_attribute) else {
            return Err(unexpected(
                source,
                format!("an entry has no {}; name another id_attribute", source.id_attribute),
            ));
        };
        people.insert(folded(&entry.dn), id.clone());
        if let Some(person) = person(source, entry, !disabled.contains(&folded(&entry.dn))) {
            snapshot.people.push((id, person));
        }
    }
    if !source.groups_base.is_empty() {
        snapshot.groups = groups(source, &mut ldap, &people).await?;
    }
    let _ = ldap.unbind().await;
    Ok(snapshot)
}

fn person(source: &LdapSource, entry: &SearchEntry, is_active: bool) -> Option<Person> {
    let address = values(entry, &source.address_attribute).next()?.to_owned();
    let aliases: Vec<String> = values(entry, &source.aliases_attribute).map(str::to_owned).collect();
    let language = values(entry, &source.language_attribute).next().and_then(|tag| match tag.get(..2) {
        Some("zh") => Some(Language::Chinese),
        Some("en") => Some(Language::English),
        _ => None,
    });
    Some(Person {
        address,
        aliases: (!source.aliases_attribute.is_empty()).then_some(aliases),
        name: values(entry, &source.name_attribute).next().map(str::to_owned),
        language,
        role: None,
        is_active: Some(is_active),
        quota_bytes: None,
    })
}

async fn groups(
    source: &LdapSource,
    ldap: &mut Ldap,
    people: &HashMap<String, String>,
) -> Result<Vec<(String, OutsideGroup)>, ProvisionError> {
    let wanted = [&source.id_attribute, &source.address_attribute, &source.name_attribute, &source.member_attribute];
    let wanted: Vec<&str> = wanted.into_iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let entries = search(source, ldap, &source.groups_base, &source.groups_filter, &wanted).await?;
    let known: BTreeMap<String, String> = entries
        .iter()
        .filter_map(|entry| Some((folded(&entry.dn), identifier(entry, &source.id_attribute)?)))
        .collect();
    let mut groups = Vec::new();
    for entry in &entries {
        let Some(id) = known.get(&folded(&entry.dn)) else { continue };
        let mut group = OutsideGroup {
            name: values(entry, &source.name_attribute).next().unwrap_or(id).to_owned(),
            address: values(entry, &source.address_attribute).next().map(str::to_owned),
            ..OutsideGroup::default()
        };
        for member in values(entry, &source.member_attribute).map(folded) {
            group.people.extend(people.get(&member).cloned());
            group.groups.extend(known.get(&member).cloned());
        }
        groups.push((id.clone(), group));
    }
    Ok(groups)
}

/// Values of an attribute, whatever the case of its name.
fn values<'e>(entry: &'e SearchEntry, name: &'e str) -> impl Iterator<Item = &'e str> {
    let found = entry.attrs.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
    found.flat_map(|(_, values)| values).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// The identifier of an entry; one in bytes (as `objectGUID`) in hexadecimal.
fn identifier(entry: &SearchEntry, name: &str) -> Option<String> {
    if !is_binary(name)
        && let Some(text) = values(entry, name).next()
    {
        return Some(text.to_owned());
    }
    // What is no UTF-8 stands among the octets, what happens to be among the texts.
    let of = |known: &String| known.eq_ignore_ascii_case(name);
    let octets = entry.bin_attrs.iter().find(|(known, _)| of(known)).and_then(|(_, values)| values.first().cloned());
    let text = || entry.attrs.iter().find(|(known, _)| of(known)).and_then(|(_, values)| values.first().cloned());
    let octets = octets.or_else(|| text().map(String::into_bytes))?;
    Some(octets.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A name in the directory as names are compared here.
fn folded(dn: &str) -> String {
    dn.to_lowercase().split(',').map(str::trim).collect::<Vec<_>>().join(",")
}

async fn search(
    source: &LdapSource,
    ldap: &mut Ldap,
    base: &str,
    filter: &str,
    attributes: &[&str],
) -> Result<Vec<SearchEntry>, ProvisionError> {
    let adapters: Vec<Box<dyn Adapter<'_, &str, &[&str]>>> =
        vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(PAGE))];
    let mut stream = ldap
        .with_timeout(WAIT)
        .streaming_search_with(adapters, base, Scope::Subtree, filter, attributes)
        .await
        .map_err(failed(source))?;
    let mut entries = Vec::new();
    while let Some(entry) = stream.next().await.map_err(failed(source))? {
        if entries.len() >= ENTRIES_MAX {
            return Err(unexpected(source, format!("more than {ENTRIES_MAX} entries fit the filter; narrow it")));
        }
        entries.push(SearchEntry::construct(entry));
    }
    let outcome = stream.finish().await;
    if outcome.rc != 0 {
        return Err(unexpected(
            source,
            format!("the search under {base:?} ends with code {}: {}", outcome.rc, outcome.text),
        ));
    }
    Ok(entries)
}

/// A connection that nobody can listen to: TLS from the start or by StartTLS (RFC 4511 section 4.14). In clear only to this machine.
async fn connect(source: &LdapSource) -> Result<Ldap, ProvisionError> {
    let scheme = source.url.split("://").next().unwrap_or_default();
    let in_clear = match scheme {
        "ldaps" => false,
        "ldap" => is_loopback(&source.url),
        _ => return Err(unexpected(source, format!("{:?} is neither ldaps:// nor ldap://", source.url))),
    };
    let roots = match &source.ca {
        Some(file) => Roots::only(std::slice::from_ref(file)),
        None => Roots::system(&[]),
    };
    let roots = roots.map_err(|error| unexpected(source, error.to_string()))?;
    let tls = ClientTls::verified(&roots).map_err(|error| unexpected(source, error.to_string()))?;
    let settings = LdapConnSettings::new()
        .set_conn_timeout(WAIT)
        .set_config(Arc::clone(&tls.config()))
        .set_starttls(scheme == "ldap" && !in_clear);
    let (connection, ldap) = LdapConnAsync::with_settings(settings, &source.url).await.map_err(failed(source))?;
    let name = source.name.clone();
    tokio::spawn(async move {
        if let Err(error) = connection.drive().await {
            tracing::debug!(source = name, %error, "the connection to a directory ended");
        }
    });
    Ok(ldap)
}

async fn sign_in(source: &LdapSource, ldap: &mut Ldap) -> Result<(), ProvisionError> {
    if source.bind_dn.is_empty() {
        return Ok(());
    }
    let password = match &source.password_file {
        Some(file) => first_line(source, file)?,
        None => return Err(unexpected(source, "bind_dn needs password_file".to_owned())),
    };
    let bound =
        ldap.with_timeout(WAIT).simple_bind(&source.bind_dn, password.expose()).await.map_err(failed(source))?;
    match bound.rc {
        0 => Ok(()),
        code => {
            Err(unexpected(source, format!("it refuses us as {} with code {code}: {}", source.bind_dn, bound.text)))
        }
    }
}

fn first_line(source: &LdapSource, file: &Path) -> Result<Secret<String>, ProvisionError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| unexpected(source, format!("cannot read {}: {error}", file.display())))?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    if line.is_empty() {
        return Err(unexpected(source, format!("the first line of {} is empty", file.display())));
    }
    Ok(Secret::new(line))
}

fn is_loopback(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default().split('/').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(host, _)| host),
    };
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn failed(source: &LdapSource) -> impl Fn(LdapError) -> ProvisionError + '_ {
    |error| unexpected(source, error.to_string())
}

fn unexpected(source: &LdapSource, cause: String) -> ProvisionError {
    ProvisionError::Source { place: format!("LDAP directory {} ({})", source.name, source.url), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_looked_for_as_they_are_kept() {
        let source = |name: &str| LdapSource { id_attribute: name.to_owned(), ..LdapSource::default() };
        assert_eq!(id_filter(&source("uid"), "a*(b)"), "(uid=a\\2a\\28b\\29)");
        assert_eq!(id_filter(&source("objectGUID"), "00ff2a"), "(objectGUID=\\00\\ff\\2a)");
        let entry = |octets: &[u8]| SearchEntry {
            dn: "cn=li".to_owned(),
            attrs: std::str::from_utf8(octets)
                .map(|text| ("objectguid".to_owned(), vec![text.to_owned()]))
                .into_iter()
                .collect(),
            bin_attrs: std::iter::once(("objectGUID".to_owned(), vec![octets.to_vec()]))
                .filter(|_| std::str::from_utf8(octets).is_err())
                .collect(),
        };
        assert_eq!(identifier(&entry(&[0xff, 0x01]), "objectGUID").as_deref(), Some("ff01"));
        assert_eq!(identifier(&entry(b" ab"), "objectGUID").as_deref(), Some("206162"), "octets that look like text");
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_clear() {
        for (url, expected) in [
            ("ldap://127.0.0.1:3389", true),
            ("ldap://[::1]:389/", true),
            ("ldap://10.0.0.1", false),
            ("ldap://localhost.evil.example", false),
            ("ldap://dc.example:389", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(url), expected, "{url}");
        }
    }
}
