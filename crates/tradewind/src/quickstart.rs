//! From nothing to a working mail system: configuration, keys, certificates, a demo company; then serve.

mod missing;

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::actions::{Action, PeopleError, Refused, key_records, make_keys};
use certs::authority::LocalAuthority;
use certs::gm_authority::{GmAuthority, GmHolder};
use crypto::region;
use env::{SystemClock, SystemEntropy};
use identity::{AccountKind, Language, Level, NewAccount, PreparedPassword, Role};
use mailauth::WithoutDns;
use serde_json::{Value, json};

use crate::cli::Quickstart;
use crate::doctor::ask_or_act;
use crate::serve::{Addresses, Server};
use crate::settings::{ListenSettings, LogSettings, Settings, commented_file, start_log};
use crate::system::{System, make_private_directory, resolver};
use crate::texts::Texts;
use crate::tlsa::{all_tlsa_of, tlsa_value};
use crate::zone::{ClientPorts, ZoneFacts, zone};

/// Name of the configuration file.
const CONFIG: &str = "tradewind.toml";

/// Exists while a directory is half set up.
const UNFINISHED: &str = "quickstart.unfinished";

/// The demo company: local part, shown name, role.
const PEOPLE: [(&str, &str, Role); 5] = [
    ("sales", "Sales", Role::Sales),
    ("finance", "Finance", Role::Finance),
    ("manager", "Management", Role::Management),
    ("admin", "Administrator", Role::Admin),
    // What one administrator must not do alone (another level, pulling mail) a second person allows.
    ("officer", "Security officer", Role::Security),
];

/// A sign-in that is told once.
struct SignIn {
    address: String,
    password: String,
    role: &'static str,
}

/// Sets `options.dir` up unless it is, says what there is to say, and serves.
pub(crate) async fn run(options: Quickstart, json: bool) -> Result<ExitCode, Refused> {
    let texts = Texts::from_environment();
    let directory = std::path::absolute(&options.dir).map_err(Refused::because)?;
    let config = directory.join(CONFIG);
    let is_new = !config.exists() || directory.join(UNFINISHED).exists();
    let sign_ins = if is_new { set_up(&options, &directory, &config).await? } else { Vec::new() };
    let settings = Settings::load(&config).map_err(Refused::because)?;
    if !json {
        tell_set_up(&texts, &directory, &sign_ins, is_new)?;
        tell_missing(&texts, &settings).await?;
    }
    if options.no_serve {
        if json {
            println!("{}", summary(None, &sign_ins, &settings, &directory, &config));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let log =
        if json { LogSettings { level: "warn".to_owned(), ..settings.log.clone() } } else { settings.log.clone() };
    let log = start_log(&log);
    let server = Server::start(settings.clone(), log).await?;
    if json {
        println!("{}", summary(Some(server.addresses()), &sign_ins, &settings, &directory, &config));
    } else {
        tell_listening(&texts, server.addresses());
    }
    server.until_told_to_stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// Writes everything. What exists stays, so that a set-up that was interrupted can go on.
async fn set_up(options: &Quickstart, directory: &Path, config: &Path) -> Result<Vec<SignIn>, Refused> {
    let domain = mail::domain::canonical(&options.domain)
        .map_err(|error| Refused(format!("--domain {}: {error}; give a domain such as example.com", options.domain)))?;
    make_private_directory(directory)
        .map_err(|error| Refused(format!("cannot make {}: {error}", directory.display())))?;
    refuse_foreign(directory)?;
    let write = |path: &Path, text: &str| {
        fs::write(path, text).map_err(|error| Refused(format!("cannot write {}: {error}", path.display())))
    };
    write(&directory.join(UNFINISHED), "remove the whole directory, or run quickstart again to go on\n")?;
    let clock = SystemClock;
    let mut settings = new_settings(options, &domain)?;
    settings.authentication.without_dns = without_dns(&settings).await?;
    if !directory.join("region.key").exists() {
        region::create(&directory.join("region.key"), &SystemEntropy::default()).map_err(Refused::because)?;
    }
    if !config.exists() {
        write(config, &commented_file(&settings))?;
    }
    let tls = directory.join("tls");
    let authority = LocalAuthority::open_or_make(&tls, &domain, &clock).map_err(Refused::because)?;
    let names = certificate_names(&settings.server.hostname, &domain);
    authority.issue(&names, &tls.join("server.pem"), &tls.join("server.key"), &clock).map_err(Refused::because)?;
    issue_gm_certificate(&tls, &domain, names)?;
    let settings = Settings::load(config).map_err(Refused::because)?;
    let (sign_ins, keys) = found_company(settings.clone(), &domain).await?;
    write(&directory.join("zone.txt"), &zone_of(&settings, &domain, &keys)?)?;
    fs::remove_file(directory.join(UNFINISHED)).map_err(Refused::because)?;
    Ok(sign_ins)
}

/// A certificate of SM2 beside the other, of an authority of its own.
fn issue_gm_certificate(directory: &Path, domain: &str, names: Vec<String>) -> Result<(), Refused> {
    let (clock, entropy) = (SystemClock, SystemEntropy::default());
    let authority = GmAuthority::open_or_make(directory, domain, &clock, &entropy).map_err(Refused::because)?;
    let (chain, key) = (directory.join("gm.pem"), directory.join("gm.key"));
    authority.issue(&GmHolder::Server(names), &chain, &key, &clock, &entropy).map_err(Refused::because)
}

/// A directory with somebody else's files is not set up.
fn refuse_foreign(directory: &Path) -> Result<(), Refused> {
    let ours = [CONFIG, UNFINISHED, "region.key", "tls", "dkim", "zone.txt", "data"];
    for entry in fs::read_dir(directory).map_err(Refused::because)? {
        let name = entry.map_err(Refused::because)?.file_name();
        if !ours.iter().any(|known| name == *known) {
            return Err(Refused(format!(
                "{} holds {}, which is not ours; give an empty directory with --dir",
                directory.display(),
                name.to_string_lossy()
            )));
        }
    }
    Ok(())
}

fn new_settings(options: &Quickstart, domain: &str) -> Result<Settings, Refused> {
    let address = options.address.unwrap_or(if options.port_base == 0 {
        IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED)
    } else {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    });
    let listen = |usual: u16| {
        let port = options.port_base.checked_add(usual).ok_or_else(|| {
            Refused(format!(
                "--port-base {}: port {usual} above it does not exist; give at most {}",
                options.port_base,
                u16::MAX - 993
            ))
        })?;
        Ok::<_, Refused>(vec![std::net::SocketAddr::new(address, port).to_string()])
    };
    let mut settings = Settings::default();
    settings.server.hostname = format!("mail.{domain}");
    settings.store.place.clone_from(&options.store);
    settings.gm.enabled = true;
    settings.listen = ListenSettings {
        smtp: listen(25)?,
        submission: listen(587)?,
        submissions: listen(465)?,
        imap: listen(143)?,
        imaps: listen(993)?,
        http: listen(80)?,
        https: listen(443)?,
        ..ListenSettings::default()
    };
    Ok(settings)
}

/// Where no stranger can reach the server, or DNS does not work, mail is taken without knowing who sent it, so that all else can be
/// tried out; this is told as missing.
async fn without_dns(settings: &Settings) -> Result<WithoutDns, Refused> {
    let is_local =
        |address: &String| address.parse().is_ok_and(|address: std::net::SocketAddr| address.ip().is_loopback());
    let works = async { Ok::<_, Refused>(resolver(&settings.dns)?.dnssec_works().await.unwrap_or(false)) };
    let defers = !settings.listen.smtp.iter().all(is_local) && works.await?;
    Ok(if defers { WithoutDns::Defer } else { WithoutDns::Accept })
}

fn certificate_names(hostname: &str, domain: &str) -> Vec<String> {
    let below = ["mta-sts", "autoconfig", "autodiscover", "openpgpkey"].map(|name| format!("{name}.{domain}"));
    let local = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    [hostname.to_owned()].into_iter().chain(below).chain(local).collect()
}

/// The demo company in the store, unless it is there, and the domain's DKIM keys, which are listed.
async fn found_company(settings: Settings, domain: &str) -> Result<(Vec<SignIn>, Value), Refused> {
    let system = System::open(settings).await?;
    let known = system.store.read(identity::list_organisations).await.map_err(Refused::because)?;
    let sign_ins = if known.is_empty() { make_company(&system, domain).await? } else { Vec::new() };
    let list = Action::DkimList { domain: Some(domain.to_owned()) };
    let controls = system.controls();
    let mut keys = controls.carry_out_as_operator(list.clone()).await?;
    if keys.as_array().is_some_and(Vec::is_empty) {
        make_keys(&controls, domain).await?;
        keys = controls.carry_out_as_operator(list).await?;
    }
    system.store.close().await;
    Ok((sign_ins, keys))
}

async fn make_company(system: &System, domain: &str) -> Result<Vec<SignIn>, Refused> {
    let entropy = &system.store.context().entropy;
    let (mut sign_ins, mut people) = (Vec::new(), Vec::new());
    for (local, name, role) in PEOPLE {
        let password = identity::generate_password(&**entropy);
        let prepared = PreparedPassword::new(&password, Level::Basic, &**entropy).map_err(Refused::because)?;
        let address = format!("{local}@{domain}");
        sign_ins.push(SignIn { address: address.clone(), password: password.expose().clone(), role: local });
        people.push((address, name, role, prepared));
    }
    let domain = domain.to_owned();
    system
        .store
        .write(move |tx| {
            let organisation = identity::create_organisation(tx, &domain, Level::Basic)?;
            identity::create_domain(tx, organisation, &domain)?;
            for (address, name, role, password) in &people {
                let account = NewAccount {
                    organisation,
                    address,
                    name,
                    role: *role,
                    language: Language::English,
                    kind: AccountKind::Person,
                    quota_bytes: 0,
                    password: Some(password),
                };
                let id = identity::create_account(tx, &account)?;
                mailbox::mailboxes::create_defaults(tx, id)?;
            }
            Ok::<_, PeopleError>(())
        })
        .await
        .map_err(Refused::because)?;
    Ok(sign_ins)
}

/// The zone of `domain` for the server that `settings` describe, with the DKIM keys in the list `keys`.
pub(crate) fn zone_of(settings: &Settings, domain: &str, keys: &Value) -> Result<String, Refused> {
    let domain = mail::domain::canonical(domain).map_err(Refused::because)?;
    let dkim = key_records(keys, &domain);
    let policy = settings.http.mta_sts_policy(&settings.server.hostname);
    // Before there is a certificate there is nothing to say of it.
    let tlsa: Vec<String> = all_tlsa_of(settings).unwrap_or_default().iter().map(tlsa_value).collect();
    Ok(zone(&ZoneFacts {
        domain: &domain,
        hostname: &settings.server.hostname,
        addresses: &[],
        dkim: &dkim,
        mta_sts_id: &policy.id(),
        tlsa: &tlsa,
        authority: "letsencrypt.org",
        ports: ClientPorts::USUAL,
    }))
}

fn summary(
    addresses: Option<&Addresses>,
    sign_ins: &[SignIn],
    settings: &Settings,
    directory: &Path,
    config: &Path,
) -> Value {
    let accounts: Vec<Value> =
        sign_ins.iter().map(|it| json!({ "address": it.address, "password": it.password, "role": it.role })).collect();
    json!({
        "listen": addresses.map_or_else(|| json!({}), Addresses::to_json),
        "accounts": accounts,
        "ca": directory.join("tls").join("ca.pem"),
        "config": config,
        "hostname": settings.server.hostname,
    })
}

fn tell_set_up(texts: &Texts, directory: &Path, sign_ins: &[SignIn], is_new: bool) -> Result<(), Refused> {
    let place = directory.display().to_string();
    println!("{}", texts.say(if is_new { "set-up-done" } else { "set-up-before" }, &[("directory", &place)]));
    if !sign_ins.is_empty() {
        println!("\n{}", texts.say("sign-ins", &[]));
        for SignIn { address, password, role } in sign_ins {
            println!("  {address:32} {password:30} {role}");
        }
    }
    let files: [(&str, PathBuf); 4] = [
        ("file-config", directory.join(CONFIG)),
        ("file-key", directory.join("region.key")),
        ("file-ca", directory.join("tls/ca.pem")),
        ("file-zone", directory.join("zone.txt")),
    ];
    println!();
    for (key, path) in files {
        println!("{}", texts.say(key, &[("path", &path.display().to_string())]));
    }
    Ok(())
}

async fn tell_missing(texts: &Texts, settings: &Settings) -> Result<(), Refused> {
    let answer = ask_or_act(settings, Action::FactorMissing).await?;
    let rows = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    let people: Vec<String> = rows.iter().filter_map(|row| Some(row.get("address")?.as_str()?.to_owned())).collect();
    println!("\n{}", texts.say("missing-title", &[]));
    for line in missing::lines(texts, settings, &people) {
        println!("  - {line}");
    }
    Ok(())
}

fn tell_listening(texts: &Texts, addresses: &Addresses) {
    println!("\n{}", texts.say("listening", &[]));
    for (name, addresses) in addresses.lines() {
        println!("  {name:12} {addresses}");
    }
    println!("\n{}", texts.say("stop-hint", &[]));
}
