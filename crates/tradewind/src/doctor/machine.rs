//! What can be seen on this machine: files, ports, disk, clock.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use certs::CertificateFacts;
use crypto::tls::key_exposure;
use env::Timestamp;
use tokio::net::{TcpListener, TcpStream};

use super::{Finding, State};
use crate::settings::Settings;

/// Free disk below this is wrong.
const FREE_BYTES_MIN: u64 = 1 << 30;

/// A certificate that ends sooner is wrong: renewal should have come long before.
const CERTIFICATE_LEFT_MIN: Duration = Duration::from_secs(7 * 86_400);

/// 2026-01-01: no clock of a machine that runs this program is right before.
const EARLIEST: Timestamp = Timestamp::from_seconds(1_767_225_600);

/// Private keys must be their owner's alone.
pub(crate) fn permissions(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let backup = [&settings.backup.password_file, &settings.backup.credentials_file];
    let backup = backup.into_iter().filter(|path| path.exists());
    for path in [&settings.server.region_key, &settings.tls.key].into_iter().chain(backup) {
        let (state, found) = match key_exposure(path) {
            Ok(None) => (State::Sound, String::new()),
            Ok(Some(_)) => (State::Wrong, "readable by others".to_owned()),
            Err(error) => (State::Wrong, error.to_string()),
        };
        findings.push(Finding::new("key permissions", path.display().to_string(), state, "remedy-key").found(found));
    }
    findings
}

/// The certificate must be for our name, last, and be of somebody whom others trust.
pub(super) fn certificate(settings: &Settings, now: Timestamp) -> Vec<Finding> {
    let path = &settings.tls.certificate;
    let object = path.display().to_string();
    let read = std::fs::read(path).map_err(|error| error.to_string());
    let facts = match read.and_then(|pem| CertificateFacts::read(&pem).map_err(|error| error.to_string())) {
        Ok(facts) => facts,
        Err(error) => {
            return vec![Finding::new("certificate", object, State::Wrong, "remedy-certificate").found(error)];
        }
    };
    let of = |wrong: bool| if wrong { State::Wrong } else { State::Sound };
    let left = facts.not_after.since(now);
    let ends = Finding::new("certificate", object.clone(), of(left < CERTIFICATE_LEFT_MIN), "remedy-certificate")
        .found(format!("until {}", facts.not_after));
    let names_us = facts.names.iter().any(|name| name.eq_ignore_ascii_case(&settings.server.hostname));
    let named = Finding::new("certificate name", object.clone(), of(!names_us), "remedy-certificate-name");
    let local = settings.tls.certificate.parent().is_some_and(|directory| directory.join("ca.pem").exists())
        && facts.issuer.contains("mail authority");
    let trusted = Finding::new("certificate trust", object, of(local || facts.self_signed), "remedy-certificate-trust")
        .found(facts.issuer);
    vec![ends, named, trusted]
}

/// Each port must be ours, or free.
pub(super) async fn ports(settings: &Settings) -> Vec<Finding> {
    let listen = &settings.listen;
    let services = [
        ("smtp", &listen.smtp),
        ("submission", &listen.submission),
        ("submissions", &listen.submissions),
        ("imap", &listen.imap),
        ("imaps", &listen.imaps),
        ("http", &listen.http),
        ("https", &listen.https),
    ];
    let mut findings = Vec::new();
    for (service, addresses) in services {
        for address in addresses.iter().filter_map(|text| text.parse::<SocketAddr>().ok()) {
            let object = format!("{service} {address}");
            let (state, found) = port(address).await;
            findings.push(Finding::new("port", object, state, "remedy-port").found(found));
        }
    }
    findings
}

async fn port(address: SocketAddr) -> (State, String) {
    let reachable = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => address,
    };
    let connecting = tokio::time::timeout(Duration::from_secs(2), TcpStream::connect(reachable));
    if matches!(connecting.await, Ok(Ok(_))) {
        return (State::Sound, "answers".to_owned());
    }
    match TcpListener::bind(address).await {
        Ok(_) => (State::Sound, "free".to_owned()),
        Err(error) => (State::Wrong, error.to_string()),
    }
}

pub(super) fn disk(settings: &Settings) -> Finding {
    let directory = &settings.server.directory;
    let object = directory.display().to_string();
    let there =
        if directory.exists() { directory.as_path() } else { directory.parent().unwrap_or_else(|| Path::new("/")) };
    match rustix::fs::statvfs(there) {
        Ok(facts) => {
            let free = facts.f_bavail.saturating_mul(facts.f_frsize);
            let state = if free < FREE_BYTES_MIN { State::Wrong } else { State::Sound };
            Finding::new("disk", object, state, "remedy-disk").found(format!("{} MiB free", free >> 20))
        }
        Err(error) => Finding::new("disk", object, State::Unknown, "remedy-disk").found(error.to_string()),
    }
}

/// The clock must be kept by the network: TLS, retries and evidence live by it.
pub(crate) fn clock(settings: &Settings, now: Timestamp) -> Finding {
    let finding = |state, found: &str| Finding::new("clock", now.to_string(), state, "remedy-clock").found(found);
    let pem = std::fs::read(&settings.tls.certificate).ok();
    let not_before = pem.and_then(|pem| CertificateFacts::read(&pem).ok()).map(|facts| facts.not_before);
    if now < EARLIEST || not_before.is_some_and(|begin| now < begin) {
        return finding(State::Wrong, "in the past");
    }
    let asked = Command::new("timedatectl").args(["show", "--property=NTPSynchronized", "--value"]).output();
    match asked.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).as_deref() {
        Ok("yes") => finding(State::Sound, "kept by NTP"),
        Ok("no") => finding(State::Wrong, "not kept by NTP"),
        _ => finding(State::Unknown, "cannot tell whether it is kept by NTP"),
    }
}
