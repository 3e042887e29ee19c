use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::{Outcome, Trust, imap, run};

/// What a mail client is told to reach a mailbox: the same for each server, so that one script proves itself on one and tests
/// the other.
#[derive(Debug, Clone)]
pub struct Access {
    /// IMAP with TLS from the start. Clients are given the name `localhost`, which the certificate must bear.
    pub imaps: SocketAddr,
    /// Name to sign in with, which is the mail address.
    pub user: String,
    /// Password.
    pub password: String,
    /// Certificate of the authority to trust, in PEM.
    pub ca: PathBuf,
}

impl Access {
    /// A session with the mailbox.
    ///
    /// # Errors
    /// If sign-in fails.
    pub fn session(&self) -> Outcome<imap::Client> {
        let mut client = imap::Client::connect_tls(self.imaps, &Trust::Authority(self.ca.clone()))?;
        client.login(&self.user, &self.password)?;
        Ok(client)
    }

    /// Runs one of the Python scripts of `tests/clients` by the system's interpreter. It finds this access in `IMAP_PORT`,
    /// `IMAP_USER`, `IMAP_PASSWORD` and `IMAP_CA`.
    ///
    /// # Errors
    /// If the script fails; with what it wrote.
    pub fn python(&self, script: &str, arguments: &[&str], limit: Duration) -> Outcome<String> {
        let mut command = Command::new("/usr/bin/python3");
        command.arg(format!("{}/clients/{script}", env!("CARGO_MANIFEST_DIR"))).args(arguments);
        command.env("IMAP_PORT", self.imaps.port().to_string()).env("IMAP_USER", &self.user);
        command.env("IMAP_PASSWORD", &self.password).env("IMAP_CA", &self.ca);
        Ok(run(command, limit)?.success()?.stdout)
    }
}
