//! Certificates by ACME, from Let's Encrypt's test authority Pebble: over HTTP, TLS-ALPN and DNS.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use harness::{
    Bind, Failure, Options, Outcome, Process, Scratch, SelfSigned, Tradewind, free_port, require, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A certificate authority that looks at our own ports.
struct Pebble {
    address: SocketAddr,
    root: PathBuf,
    process: Process,
    dns: Bind,
    scratch: Scratch,
}

impl Pebble {
    fn start(http: SocketAddr, https: SocketAddr) -> Outcome<Self> {
        let scratch = Scratch::new("pebble")?;
        let dns = Bind::start(&[("trade.test", "mail A 127.0.0.1")])?;
        let own = SelfSigned::write(&scratch)?;
        let (port, management) = (free_port()?, free_port()?);
        let address = SocketAddr::from(([127, 0, 0, 1], port.port));
        let config = serde_json::json!({ "pebble": {
            "listenAddress": address.to_string(),
            "managementListenAddress": format!("127.0.0.1:{}", management.port),
            "certificate": own.certificate,
            "privateKey": own.key,
            "httpPort": http.port(),
            "tlsPort": https.port(),
        }});
        let config = scratch.file("pebble.json", config.to_string())?;
        let mut command = Command::new("pebble");
        command.arg("-config").arg(config).args(["-dnsserver", &dns.address.to_string()]);
        command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0");
        let mut process = Process::spawn("pebble", scratch.path(), command)?;
        process.wait_for_port(address, PATIENCE)?;
        Ok(Self { address, root: own.certificate, process, dns, scratch })
    }
}

/// A hook as an administrator writes it: changes the zone by a dynamic update, and notes what it was called with.
fn hook(pebble: &Pebble) -> Outcome<PathBuf> {
    let (server, calls) = (pebble.dns.address, pebble.scratch.join("calls"));
    let script = format!(
        "#!/bin/sh\nset -eu\necho \"$*\" >> {calls}\n\
         case $1 in\n\
         add) change=\"update add $2 60 TXT \\\"$3\\\"\" ;;\n\
         remove) change=\"update delete $2 TXT \\\"$3\\\"\" ;;\n\
         esac\n\
         printf 'server 127.0.0.1 {port}\\nzone trade.test\\n%s\\nsend\\n' \"$change\" | nsupdate\n",
        calls = calls.display(),
        port = server.port(),
    );
    let file = pebble.scratch.file("hook", script)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    Ok(file)
}

/// Switches ACME on in the configuration file.
fn switch_on(tradewind: &Tradewind, pebble: &Pebble, challenge: &str) -> Outcome {
    let hook = hook(pebble)?;
    let config = tradewind.config()?;
    let mut document: toml_edit::DocumentMut = fs::read_to_string(&config)?.parse()?;
    for (section, name, value) in [
        ("acme", "enabled", "true".to_owned()),
        ("acme", "directory_url", format!("\"https://{}/dir\"", pebble.address)),
        ("acme", "names", "[\"mail.trade.test\"]".to_owned()),
        ("acme", "challenge", format!("\"{challenge}\"")),
        ("acme", "dns_hook", format!("[\"{}\"]", hook.display())),
        ("acme", "roots", format!("\"{}\"", pebble.root.display())),
        ("dns", "servers", format!("[\"{}\"]", pebble.dns.address)),
        ("dns", "validate", "false".to_owned()),
    ] {
        document[section][name] = toml_edit::value(value.parse::<toml_edit::Value>()?);
    }
    fs::write(config, document.to_string())?;
    Ok(())
}

/// Gives back the lines that the hook wrote.
fn fetches_a_certificate(challenge: &str) -> Outcome<String> {
    let mut tradewind = Tradewind::start(Options::default())?;
    let pebble = Pebble::start(tradewind.listen("http")?, tradewind.listen("https")?)?;
    switch_on(&tradewind, &pebble, challenge)?;
    let record = |tradewind: &Tradewind| Ok::<_, Failure>(tradewind.command(&["dns", "tlsa"])?.success()?.stdout);
    let before = record(&tradewind)?;
    tradewind.stop()?;
    tradewind.restart()?;
    let issuer = || -> Outcome<String> { Ok(tradewind.command(&["check", "--offline", "--json"])?.stdout) };
    wait_until("a certificate from Pebble", PATIENCE, || Ok(issuer()?.contains("Pebble").then_some(())))
        .map_err(|failure| failure.during(&format!("{}\n{}", tradewind.log_tail(), pebble.process.log_tail())))?;
    // Taken up without a restart: the old authority no longer vouches for what is shown.
    let trust = harness::Trust::Authority(tradewind.ca()?);
    wait_until("the certificate to be shown", PATIENCE, || {
        let mut client = tradewind.smtp()?;
        Ok(client.start_tls(&trust).is_err().then_some(()))
    })?;
    // The key stays, and with it what the zone says of it.
    assert_eq!(record(&tradewind)?, before);
    Ok(fs::read_to_string(pebble.scratch.join("calls")).unwrap_or_default())
}

/// A key made ahead is told before it is used, and used with the next certificate.
#[test]
fn the_next_key_is_made_ahead() -> Outcome {
    require!("pebble", "bind9");
    let mut tradewind = Tradewind::start(Options::default())?;
    let pebble = Pebble::start(tradewind.listen("http")?, tradewind.listen("https")?)?;
    switch_on(&tradewind, &pebble, "http-01")?;
    let records = |arguments: &[&str]| -> Outcome<Vec<String>> {
        let told = tradewind.command(&[&["dns", "tlsa"], arguments].concat())?.success()?.stdout;
        Ok(told.lines().map(str::to_owned).collect())
    };
    let first = records(&[])?;
    let both = records(&["--next"])?;
    assert!(first.len() == 1 && both.len() == 2 && both[0] == first[0] && both[1] != first[0], "{both:?}");
    assert_eq!(records(&["--next"])?, both, "the next key is made once");
    let zone = tradewind.command(&["dns", "zone", "trade.test"])?.success()?.stdout;
    assert!(both.iter().all(|record| zone.contains(record)), "{zone}");
    tradewind.restart()?;
    wait_until("the next key", PATIENCE, || {
        let told = tradewind.command(&["dns", "tlsa"])?.success()?.stdout;
        Ok((told.trim() == both[1]).then_some(()))
    })
    .map_err(|failure| failure.during(&tradewind.log_tail()))
}

#[test]
fn a_certificate_over_http() -> Outcome {
    require!("pebble", "bind9");
    fetches_a_certificate("http-01").map(drop)
}

#[test]
fn a_certificate_over_tls_alpn() -> Outcome {
    require!("pebble", "bind9");
    fetches_a_certificate("tls-alpn-01").map(drop)
}

#[test]
fn a_certificate_over_dns() -> Outcome {
    require!("pebble", "bind9", "bind9-dnsutils");
    let calls = fetches_a_certificate("dns-01")?;
    let calls: Vec<Vec<&str>> = calls.lines().map(|line| line.split(' ').collect()).collect();
    let [added, removed] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(added[..2], ["add", "_acme-challenge.mail.trade.test"]);
    assert_eq!(removed[..2], ["remove", "_acme-challenge.mail.trade.test"]);
    assert_eq!(added[2], removed[2]);
    Ok(())
}
