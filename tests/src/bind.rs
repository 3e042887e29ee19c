use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::{Failure, Outcome, Process, Reserved, Scratch, free_port, run};

/// What starting may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Options of a server that answers for its zones alone.
const AUTHORITY_ONLY: &str = "recursion no;\n  dnssec-validation no;";

/// A name server (BIND) that answers for the zones given to it and nothing else. Anybody here may update them.
pub struct Bind {
    /// Where it answers, by UDP and TCP.
    pub address: SocketAddr,
    process: Process,
    scratch: Scratch,
    _port: Reserved,
}

impl Bind {
    /// Starts it with `zones`: each a name and its records, one a line (`@ MX 10 mx`), after a made-up SOA and NS.
    ///
    /// # Errors
    /// If it does not start; with its log.
    pub fn start(zones: &[(&str, &str)]) -> Outcome<Self> {
        let scratch = Scratch::new("bind")?;
        let mut files = Vec::new();
        for (place, (name, records)) in zones.iter().enumerate() {
            let file = format!("{place}.zone");
            scratch.file(&file, zone(records))?;
            files.push((*name, file));
        }
        Self::serve(scratch, &files, AUTHORITY_ONLY, "")
    }

    /// Starts it with the root zone, which holds all `records` and is signed; [`Self::trust_anchor`] has its key. The zones of
    /// `unsigned` are delegated without a signature. Records named in `damaged` are signed and changed afterwards: each a text of
    /// the signed zone and what stands there instead.
    ///
    /// # Errors
    /// If it cannot be signed, or the server does not start.
    pub fn start_signed(records: &str, unsigned: &[(&str, &str)], damaged: &[(&str, &str)]) -> Outcome<Self> {
        let scratch = Scratch::new("bind")?;
        let mut root = format!("{records}\nns.invalid. A 127.0.0.1\n");
        let mut files = vec![(".", "root.zone.signed".to_owned())];
        for (place, (name, records)) in unsigned.iter().enumerate() {
            root.push_str(&format!("\n{name}. NS ns.invalid.\n"));
            let file = format!("{place}.zone");
            scratch.file(&file, zone(records))?;
            files.push((*name, file));
        }
        scratch.file("root.zone", zone(&root))?;
        let mut keygen = Command::new("dnssec-keygen");
        keygen.args(["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "."]).current_dir(scratch.path());
        let key = run(keygen, PATIENCE)?.success()?.stdout.trim().to_owned();
        fs::copy(scratch.join(&format!("{key}.key")), scratch.join("anchor"))?;
        let mut sign = Command::new("dnssec-signzone");
        sign.args(["-S", "-z", "-o", ".", "root.zone"]).current_dir(scratch.path());
        run(sign, PATIENCE)?.success()?;
        let signed = scratch.join("root.zone.signed");
        let mut text = fs::read_to_string(&signed)?;
        for (was, is) in damaged {
            assert!(text.contains(was), "the signed zone has no {was:?}");
            text = text.replace(was, is);
        }
        fs::write(signed, text)?;
        Self::serve(scratch, &files, AUTHORITY_ONLY, "")
    }

    /// Starts one that has no zones, asks `authority` (of [`Self::start_signed`]) on behalf of its clients, and checks signatures.
    ///
    /// # Errors
    /// If it does not start; with its log.
    pub fn start_validating(authority: &Self) -> Outcome<Self> {
        let scratch = Scratch::new("bind")?;
        let anchor = fs::read_to_string(authority.trust_anchor())?;
        let key = anchor.lines().find(|line| !line.starts_with(';')).and_then(|line| line.split_once(" DNSKEY "));
        let key = key.map(|(_, key)| key.split_ascii_whitespace().collect::<Vec<_>>()).unwrap_or_default();
        let [flags, protocol, algorithm, data @ ..] = key.as_slice() else {
            return Err(Failure::new(format!("no key in {anchor}")));
        };
        let options = format!(
            "recursion yes; dnssec-validation yes; empty-zones-enable no; forward only;\n  \
             forwarders {{ {} port {}; }};\n  max-cache-ttl 1; max-ncache-ttl 1;",
            authority.address.ip(),
            authority.address.port()
        );
        let anchors =
            format!("trust-anchors {{ . static-key {flags} {protocol} {algorithm} \"{}\"; }};\n", data.concat());
        Self::serve(scratch, &[], &options, &anchors)
    }

    fn serve(scratch: Scratch, zones: &[(&str, String)], options: &str, more: &str) -> Outcome<Self> {
        let port = free_port()?;
        let here = scratch.path().display();
        let mut config = format!(
            "options {{\n  directory \"{here}\";\n  listen-on port {port} {{ 127.0.0.1; }};\n  listen-on-v6 {{ none; }};\n  \
             pid-file none;\n  session-keyfile none;\n  managed-keys-directory \"{here}\";\n  {options}\n}};\ncontrols {{}};\n{more}",
            port = port.port
        );
        for (name, file) in zones {
            let update = if *name == "." { "" } else { "allow-update { 127.0.0.1; };" };
            config.push_str(&format!("zone \"{name}\" {{ type primary; file \"{file}\"; {update} }};\n"));
        }
        let config = scratch.file("named.conf", config)?;
        let mut command = Command::new("named");
        command.arg("-g").arg("-c").arg(config).args(["-n", "1"]);
        let address = SocketAddr::from(([127, 0, 0, 1], port.port));
        let mut process = Process::spawn("named", scratch.path(), command)?;
        process.wait_for_port(address, PATIENCE)?;
        Ok(Self { address, process, scratch, _port: port })
    }

    /// File of the signed root zone's key.
    #[must_use]
    pub fn trust_anchor(&self) -> PathBuf {
        self.scratch.join("anchor")
    }

    /// Last lines of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}

fn zone(records: &str) -> String {
    format!("$TTL 60\n@ SOA ns.invalid. root.invalid. 1 3600 600 86400 60\n@ NS ns.invalid.\n{records}\n")
}
