use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use configuration::OfFile;

use super::{Origin, Settings};

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read {}: {cause}; make one with: tradewind quickstart --dir {}", path.display(), path.parent().unwrap_or(path).display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is not TOML, or has a setting that does not exist or is of another type.
    #[error("{} line {line}: {message}; all settings: tradewind config reference", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A setting has a value that it cannot have.
    #[error("{} line {line}: {setting} = {value}: {remedy}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Line of the setting, or of nothing (0) when the default is meant.
        line: usize,
        /// Section and name.
        setting: String,
        /// The value found.
        value: String,
        /// What it must be.
        remedy: String,
    },
}

pub(super) fn load(path: &Path) -> Result<Settings, SettingsError> {
    let text = fs::read_to_string(path).map_err(|cause| SettingsError::Io { path: path.to_owned(), cause })?;
    let mut settings: Settings = toml::from_str(&text).map_err(|error| SettingsError::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_of(&text, span.start)),
        message: error.message().replace('\n', ", "),
    })?;
    if let Some((setting, value, remedy)) = wrong_values(&settings).into_iter().next() {
        let line = find_setting(&text, setting).unwrap_or(1);
        return Err(SettingsError::Value {
            path: path.to_owned(),
            line,
            setting: setting.to_owned(),
            value,
            remedy: remedy.to_owned(),
        });
    }
    resolve_paths(&mut settings, path.parent().unwrap_or_else(|| Path::new(".")));
    settings.origin = Origin { path: path.to_owned(), sets: Arc::new(set_by(&text)) };
    Ok(settings)
}

/// What the file sets, by name.
fn set_by(text: &str) -> BTreeMap<String, OfFile> {
    let mut found = BTreeMap::new();
    for (section, values) in toml::from_str::<toml::Table>(text).unwrap_or_default() {
        let toml::Value::Table(values) = values else { continue };
        for (field, value) in values {
            let name = format!("{section}.{field}");
            let line = find_setting(text, &name).unwrap_or(1);
            found.insert(name, OfFile { line, value });
        }
    }
    found
}

/// Each setting whose value is of the right type and still makes no sense: name, value, remedy.
#[allow(clippy::too_many_lines, reason = "a table: one entry for each setting that has limits")]
pub(super) fn wrong_values(settings: &Settings) -> Vec<(&'static str, String, &'static str)> {
    let mut wrong = Vec::new();
    let mut check = |right: bool, setting, value: String, remedy| {
        if !right {
            wrong.push((setting, value, remedy));
        }
    };
    let server = &settings.server;
    check(
        server.hostname.contains('.') && mail::domain::canonical(&server.hostname).is_ok(),
        "server.hostname",
        server.hostname.clone(),
        "must be a full host name such as mail.example.com",
    );
    check(server.node <= env::NODE_MAX, "server.node", server.node.to_string(), "must be 0 to 1023");
    let listen = &settings.listen;
    for (setting, addresses) in [
        ("listen.smtp", &listen.smtp),
        ("listen.submission", &listen.submission),
        ("listen.submissions", &listen.submissions),
        ("listen.imap", &listen.imap),
        ("listen.imaps", &listen.imaps),
        ("listen.http", &listen.http),
        ("listen.https", &listen.https),
    ] {
        for address in addresses {
            let remedy = "must be address and port such as 127.0.0.1:25 or [::]:25";
            check(address.parse::<SocketAddr>().is_ok(), setting, address.clone(), remedy);
        }
    }
    let version = &settings.tls.version_min;
    check(is_one_of(version, &["1.2", "1.3"]), "tls.version_min", version.clone(), "must be 1.2 or 1.3");
    let acme = &settings.acme;
    check(
        is_one_of(&acme.challenge, &["http-01", "tls-alpn-01", "dns-01"]),
        "acme.challenge",
        acme.challenge.clone(),
        "must be http-01, tls-alpn-01 or dns-01",
    );
    check(
        !acme.enabled || acme.challenge != "dns-01" || !acme.dns_hook.is_empty(),
        "acme.dns_hook",
        "[]".to_owned(),
        "must name a command when acme.challenge is dns-01",
    );
    let remedy =
        "must name kinds of second factors and leave one at every level: sms, totp, passkey, hardware-key, ukey";
    let refused = settings.factors.refused.join(", ");
    check(identity::check_factor_settings(&settings.factors).is_ok(), "factors.refused", refused, remedy);
    let url = &settings.passwords.breached_url;
    let remedy = "must begin with https:// and end with /, as https://api.example/range/";
    check(
        url.is_empty() || (url.starts_with("https://") && url.ends_with('/')),
        "passwords.breached_url",
        url.clone(),
        remedy,
    );
    let address = &settings.sms.address;
    let remedy = "must be address and port such as 192.0.2.1:443";
    check(address.is_empty() || address.parse::<SocketAddr>().is_ok(), "sms.address", address.clone(), remedy);
    for address in &settings.dns.servers {
        let remedy = "must be address and port such as 127.0.0.1:53";
        check(address.parse::<SocketAddr>().is_ok(), "dns.servers", address.clone(), remedy);
    }
    let format = &settings.log.format;
    check(is_one_of(format, &["text", "json"]), "log.format", format.clone(), "must be text or json");
    if settings.keys.suite().is_none() {
        wrong.push(("keys.cipher", settings.keys.cipher.clone(), "must be aes-256-gcm-siv or sm4-gcm"));
    }
    if !is_one_of(&settings.gm.prefer, &["client", "always", "never"]) {
        wrong.push(("gm.prefer", settings.gm.prefer.clone(), "must be client, always or never"));
    }
    wrong.extend(wrong_in_backup(settings));
    wrong.extend(wrong_in_networks(settings));
    wrong.extend(settings.region.faults());
    wrong.extend(settings.provision.faults());
    wrong.extend(settings.smime.faults());
    wrong.extend(settings.threats.faults());
    wrong.extend(settings.judging.faults());
    wrong.extend(settings.opinion.faults());
    wrong.extend(settings.subjects.faults());
    wrong.extend(settings.blocklists.faults());
    wrong
}

fn wrong_in_backup(settings: &Settings) -> Vec<(&'static str, String, &'static str)> {
    let mut wrong = Vec::new();
    let (recover, points) = (&settings.backup.recover, &settings.backup.points_in_time);
    if !is_one_of(recover, &["automatic", "manual"]) {
        wrong.push(("backup.recover", recover.clone(), "must be automatic or manual"));
    }
    if !is_one_of(points, &["by-level", "on", "off"]) {
        wrong.push(("backup.points_in_time", points.clone(), "give \"by-level\", \"on\" or \"off\""));
    }
    let seconds = settings.backup.step_seconds;
    if !(1..=3_600).contains(&seconds) {
        wrong.push(("backup.step_seconds", seconds.to_string(), "give 1 to 3600"));
    }
    wrong
}

/// Lists of networks and of lists in DNS, and what else would be refused at the start.
fn wrong_in_networks(settings: &Settings) -> Vec<(&'static str, String, &'static str)> {
    let mut wrong = Vec::new();
    for (setting, networks) in [
        ("smtp.exempt_networks", &settings.smtp.exempt_networks),
        ("listen.proxies", &settings.listen.proxies),
        ("openpgp.wkd_networks", &settings.openpgp.wkd_networks),
        ("smime.networks", &settings.smime.networks),
        ("jmap.push_within", &settings.jmap.push_within),
        ("jmap.pictures_within", &settings.jmap.pictures_within),
    ] {
        if net::TrustedNetworks::parse(networks).is_err() {
            wrong.push((setting, format!("{networks:?}"), "must be networks such as 192.0.2.0/24 or 2001:db8::/32"));
        }
    }
    let lists = &settings.smtp.dns_lists;
    if smtp::receive::DnsList::parse_all(lists).is_err() {
        wrong.push((
            "smtp.dns_lists",
            format!("{lists:?}"),
            "must be lists in DNS, each \"zone\" or \"zone=points\", 20 at most",
        ));
    }
    for address in &settings.http.metrics_from {
        if address.parse::<std::net::IpAddr>().is_err() {
            wrong.push(("http.metrics_from", address.clone(), "must be addresses such as 127.0.0.1"));
        }
    }
    let level = &settings.log.level;
    if tracing_subscriber::EnvFilter::try_new(level).is_err() {
        wrong.push((
            "log.level",
            level.clone(),
            "must be error, warn, info, debug, or a filter such as info,smtp=debug",
        ));
    }
    for (setting, addresses) in
        [("watch.alerts_to", &settings.watch.alerts_to), ("watch.reviews_to", &settings.watch.reviews_to)]
    {
        for address in addresses.iter().filter(|address| mail::Address::parse(address).is_err()) {
            wrong.push((setting, address.clone(), "must be addresses of people here, such as security@trade.example"));
        }
    }
    wrong
}

fn is_one_of(value: &str, allowed: &[&str]) -> bool {
    allowed.contains(&value)
}

fn resolve_paths(settings: &mut Settings, base: &Path) {
    let base = base.canonicalize().unwrap_or_else(|_| base.to_owned());
    let paths = [
        &mut settings.server.directory,
        &mut settings.server.region_key,
        &mut settings.backup.password_file,
        &mut settings.backup.credentials_file,
        &mut settings.tls.certificate,
        &mut settings.tls.key,
        &mut settings.gm.certificate,
        &mut settings.gm.key,
        &mut settings.watch.country_database,
        &mut settings.watch.network_database,
        &mut settings.threats.feeds_directory,
        &mut settings.threats.yara_directory,
    ];
    for path in paths
        .into_iter()
        .chain(settings.gm.client_authorities.as_mut())
        .chain(settings.acme.roots.as_mut())
        .chain(settings.dns.trust_anchor.as_mut())
        .chain(settings.watch.levels.as_mut())
        .chain(settings.judging.rules_directory.as_mut())
        .chain(settings.opinion.key_file.as_mut())
        .chain(settings.opinion.ca.as_mut())
        .chain(settings.audit.witness_directory.as_mut())
        .chain(settings.audit.stamp_authorities.as_mut())
        .chain(settings.audit.elsewhere_ca.as_mut())
        .chain(settings.keys.pkcs11_module.as_mut())
        .chain(settings.keys.pkcs11_pin_file.as_mut())
    {
        *path = base.join(&path);
    }
    for path in settings.threats.feed.iter_mut().filter_map(|feed| feed.ca.as_mut()) {
        *path = base.join(&path);
    }
    for source in &mut settings.provision.ldap {
        for path in source.ca.iter_mut().chain(source.password_file.as_mut()) {
            *path = base.join(&path);
        }
    }
    for provider in &mut settings.provision.oidc {
        for path in provider.ca.iter_mut().chain(provider.client_secret_file.as_mut()) {
            *path = base.join(&path);
        }
    }
    let texts = [
        &mut settings.passwords.breached_file,
        &mut settings.passwords.systems_file,
        &mut settings.sms.key_file,
        &mut settings.web.directory,
    ];
    let roots = settings.webauthn.attestation_roots.iter_mut();
    for text in texts.into_iter().chain(roots).filter(|text| !text.is_empty()) {
        *text = base.join(&*text).to_string_lossy().into_owned();
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The line on which the setting `section.name` stands, or its own table begins.
fn find_setting(text: &str, setting: &str) -> Option<usize> {
    let (section, name) = setting.split_once('.').unwrap_or(("", setting));
    let mut current = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(table) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table.trim_matches(['[', ']', ' ']).clone_into(&mut current);
            if current == setting {
                return Some(number + 1);
            }
        } else if current == section && line.split('=').next().is_some_and(|key| key.trim() == name) {
            return Some(number + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_text(text: &str) -> Result<Settings, SettingsError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tradewind.toml");
        fs::write(&path, text).unwrap();
        load(&path)
    }

    #[test]
    fn an_error_names_file_line_and_remedy() {
        let cases = [
            ("[server]\nhostnme = \"a.b\"\n", "line 2: unknown field `hostnme`, expected one of `hostname`"),
            ("[server]\nnode = \"x\"\n", "line 2: invalid type: string \"x\", expected u16"),
            ("[server\n", "line 1:"),
            ("[server]\n\nhostname = \"nodot\"\n", "line 3: server.hostname = nodot: must be a full host name"),
            ("[listen]\nsmtp = [\"25\"]\n", "line 2: listen.smtp = 25: must be address and port"),
            ("[acme]\nenabled = true\nchallenge = \"dns-01\"\n", "acme.dns_hook = []: must name a command"),
            ("[sever]\n", "line 1: unknown field `sever`"),
        ];
        for (text, expected) in cases {
            let error = load_text(text).unwrap_err().to_string();
            assert!(error.contains("tradewind.toml") && error.contains(expected), "{error}");
        }
        let missing = load(Path::new("/nonexistent/tradewind.toml")).unwrap_err().to_string();
        assert!(missing.contains("/nonexistent/tradewind.toml") && missing.contains("quickstart"), "{missing}");
    }

    #[test]
    fn what_the_file_sets_is_known_with_its_line() {
        let settings =
            load_text("[judging]\nkeep_days = 20\n\n[judging.trade]\nwarn = 0.4\njunk = 0.7\nquarantine = 0.9\nrefuse = 1.1\nunjudged = \"junk\"\n")
                .unwrap();
        let sets = &settings.origin.sets;
        let lines: Vec<(&str, usize)> = sets.iter().map(|(name, of_file)| (name.as_str(), of_file.line)).collect();
        assert_eq!(lines, [("judging.keep_days", 2), ("judging.trade", 4)]);
        assert_eq!(sets["judging.keep_days"].value, toml::Value::Integer(20));
    }

    #[test]
    fn paths_start_at_the_file() {
        let settings = load_text("[tls]\nkey = \"my.key\"\n").unwrap();
        assert!(settings.tls.key.is_absolute() && settings.tls.key.ends_with("my.key"));
    }
}
