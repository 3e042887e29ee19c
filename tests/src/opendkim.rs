use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::{Bind, Outcome, Process, Reserved, Scratch, free_port, run, smtp};

/// What starting may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// OpenDKIM as a milter, for Postfix's `smtpd_milters`.
pub struct OpenDkim {
    /// Where it listens.
    pub address: SocketAddr,
    process: Process,
    _scratch: Scratch,
    _port: Reserved,
}

/// Kind of a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DkimKey {
    /// RSA of 2048 bits.
    Rsa,
    /// Ed25519 (RFC 8463).
    Ed25519,
}

impl OpenDkim {
    /// Its name in the Authentication-Results fields that it writes.
    pub const NAME: &str = "opendkim.test";

    /// One that checks signatures with keys from `names`, and says what it found in each message.
    ///
    /// # Errors
    /// If it does not start; with its log.
    pub fn verifying(names: &Bind) -> Outcome<Self> {
        let scratch = Scratch::new("opendkim")?;
        // The keys are asked for by libunbound, which may name a port.
        let forward = format!(
            "server:\n  do-not-query-localhost: no\n  local-zone: \"test.\" nodefault\n  module-config: \"iterator\"\n  cache-max-ttl: 0\n  cache-max-negative-ttl: 0\n\
             forward-zone:\n  name: \".\"\n  forward-addr: {}@{}\n",
            names.address.ip(),
            names.address.port()
        );
        let forward = scratch.file("unbound.conf", forward)?;
        let settings = format!(
            "Mode v\nAlwaysAddARHeader yes\nAuthservID {}\nResolverConfiguration {}\n",
            Self::NAME,
            forward.display()
        );
        Self::start(scratch, &settings)
    }

    /// One that signs for the author's domain, if it is among `domains`, what comes from this machine; also gives the lines of a zone that
    /// hold its key for each.
    ///
    /// # Errors
    /// If it does not start; with its log.
    pub fn signing(domains: &[&str], selector: &str, kind: DkimKey) -> Outcome<(Self, String)> {
        let scratch = Scratch::new("opendkim")?;
        let file = scratch.join("key.pem");
        let record = make_key(&file, kind)?;
        let settings = format!(
            "Mode s\nDomain {}\nSelector {selector}\nKeyFile {}\nRequireSafeKeys no\nSignatureAlgorithm {}\n\
             Canonicalization relaxed/simple\nOversignHeaders From\n",
            domains.join(","),
            file.display(),
            if kind == DkimKey::Rsa { "rsa-sha256" } else { "ed25519-sha256" }
        );
        let strings: Vec<String> =
            record.as_bytes().chunks(200).map(|part| format!("\"{}\"", String::from_utf8_lossy(part))).collect();
        let line = |domain: &&str| format!("{selector}._domainkey.{domain}. TXT {}\n", strings.join(" "));
        Ok((Self::start(scratch, &settings)?, domains.iter().map(line).collect()))
    }

    fn start(scratch: Scratch, settings: &str) -> Outcome<Self> {
        let port = free_port()?;
        let config = format!("Syslog no\nSocket inet:{}@127.0.0.1\n{settings}", port.port);
        let config = scratch.file("opendkim.conf", config)?;
        let mut command = Command::new("opendkim");
        command.arg("-f").arg("-x").arg(config);
        let mut process = Process::spawn("opendkim", scratch.path(), command)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port.port));
        process.wait_for_port(address, PATIENCE)?;
        Ok(Self { address, process, _scratch: scratch, _port: port })
    }

    /// The value for `smtpd_milters`.
    #[must_use]
    pub fn milter(&self) -> String {
        format!("inet:{}:{}", self.address.ip(), self.address.port())
    }

    /// Last lines of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}

/// Makes a key in `file`, and gives its record.
fn make_key(file: &Path, kind: DkimKey) -> Outcome<String> {
    let mut generate = Command::new("openssl");
    match kind {
        DkimKey::Rsa => generate.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"]),
        DkimKey::Ed25519 => generate.args(["genpkey", "-algorithm", "ED25519", "-out"]),
    };
    generate.arg(file);
    run(generate, PATIENCE)?.success()?;
    let public = file.with_extension("der");
    let mut export = Command::new("openssl");
    export.args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(file).arg("-out").arg(&public);
    run(export, PATIENCE)?.success()?;
    let der = std::fs::read(public)?;
    // RFC 8463 section 4: the bare key, which is the end of its envelope.
    let (name, key) = match kind {
        DkimKey::Rsa => ("rsa", der.as_slice()),
        DkimKey::Ed25519 => ("ed25519", &der[der.len() - 32..]),
    };
    Ok(format!("v=DKIM1; k={name}; p={}", smtp::base64(key)))
}
