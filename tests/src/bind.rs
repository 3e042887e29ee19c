use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::{Outcome, Process, Reserved, Scratch, free_port};

/// What starting may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A name server (BIND) that answers for the zones given to it and nothing else.
pub struct Bind {
    /// Where it answers, by UDP and TCP.
    pub address: SocketAddr,
    _process: Process,
    _scratch: Scratch,
    _port: Reserved,
}

impl Bind {
    /// Starts it with `zones`: each a name and its records, one a line (`@ MX 10 mx`), after a made-up SOA and NS.
    ///
    /// # Errors
    /// If it does not start; with its log.
    pub fn start(zones: &[(&str, &str)]) -> Outcome<Self> {
        let scratch = Scratch::new("bind")?;
        let port = free_port()?;
        let here = scratch.path().display();
        let mut config = format!(
            "options {{\n  directory \"{here}\";\n  listen-on port {port} {{ 127.0.0.1; }};\n  listen-on-v6 {{ none; }};\n  \
             recursion no;\n  dnssec-validation no;\n  pid-file none;\n  session-keyfile none;\n  \
             managed-keys-directory \"{here}\";\n}};\ncontrols {{}};\n",
            port = port.port
        );
        for (place, (name, records)) in zones.iter().enumerate() {
            let head = "$TTL 60\n@ SOA ns.invalid. root.invalid. 1 3600 600 86400 60\n@ NS ns.invalid.\n";
            scratch.file(&format!("{place}.zone"), format!("{head}{records}\n"))?;
            config.push_str(&format!("zone \"{name}\" {{ type primary; file \"{place}.zone\"; }};\n"));
        }
        let config = scratch.file("named.conf", config)?;
        let mut command = Command::new("named");
        command.arg("-g").arg("-c").arg(config).args(["-n", "1"]);
        let address = SocketAddr::from(([127, 0, 0, 1], port.port));
        let mut process = Process::spawn("named", scratch.path(), command)?;
        process.wait_for_port(address, PATIENCE)?;
        Ok(Self { address, _process: process, _scratch: scratch, _port: port })
    }
}
