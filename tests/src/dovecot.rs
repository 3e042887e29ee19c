use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::postfix::chown;
use crate::process::tail;
use crate::{Access, Outcome, Process, Reserved, Scratch, SelfSigned, free_port, imap};

/// What starting may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a Dovecot is set up.
pub struct DovecotOptions {
    mail_fsync: String,
    settings: Vec<String>,
}

impl Default for DovecotOptions {
    /// Maildir and `mail_fsync = optimized`, Dovecot's default: delivery and APPEND are fsynced before the answer.
    fn default() -> Self {
        Self { mail_fsync: "optimized".to_owned(), settings: Vec::new() }
    }
}

impl DovecotOptions {
    /// `always`, `optimized` or `never`.
    #[must_use]
    pub fn mail_fsync(mut self, value: &str) -> Self {
        self.mail_fsync = value.to_owned();
        self
    }

    /// One more line of its configuration.
    #[must_use]
    pub fn set(mut self, line: &str) -> Self {
        self.settings.push(line.to_owned());
        self
    }
}

/// A Dovecot with configuration and mail in a directory of its own. Every user exists and has the same password.
/// Needs root, as Dovecot does.
pub struct Dovecot {
    /// IMAP without TLS from the start; plain sign-in is allowed.
    pub imap: SocketAddr,
    /// IMAP with TLS from the start.
    pub imaps: SocketAddr,
    /// LMTP.
    pub lmtp: SocketAddr,
    /// Its certificate.
    pub certificate: PathBuf,
    process: Process,
    scratch: Scratch,
    _ports: [Reserved; 3],
}

impl Dovecot {
    /// The password of every user.
    pub const PASSWORD: &'static str = "Trade-wind-7";

    /// Starts it and waits until it greets.
    ///
    /// # Errors
    /// If it does not start; with the end of its log.
    pub fn start(options: DovecotOptions) -> Outcome<Self> {
        let scratch = Scratch::new("dovecot")?;
        let ports = [free_port()?, free_port()?, free_port()?];
        let certificate = SelfSigned::write(&scratch)?;
        chown("mail:mail", &scratch.directory("mail")?)?;
        let numbers = [ports[0].port, ports[1].port, ports[2].port];
        let config = scratch.file("dovecot.conf", configuration(&options, scratch.path(), &certificate, numbers))?;
        let mut command = Command::new("dovecot");
        command.arg("-F").arg("-c").arg(config);
        let [imap, imaps, lmtp] = numbers.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let mut process = Process::spawn("dovecot", scratch.path(), command)?;
        for address in [imap, imaps, lmtp] {
            process.wait_for_port(address, PATIENCE).map_err(|failure| failure.during(&tail(&scratch.join("log"))))?;
        }
        Ok(Self { imap, imaps, lmtp, certificate: certificate.certificate, process, scratch, _ports: ports })
    }

    /// A session of `user`, without TLS.
    ///
    /// # Errors
    /// If sign-in fails; with the end of the log.
    pub fn session(&self, user: &str) -> Outcome<imap::Client> {
        let mut client = imap::Client::connect(self.imap)?;
        client.login(user, Self::PASSWORD).map_err(|failure| failure.during(&self.log_tail()))?;
        Ok(client)
    }

    /// What a client is told to reach `user`'s mailbox.
    #[must_use]
    pub fn access(&self, user: &str) -> Access {
        Access {
            imaps: self.imaps,
            user: user.to_owned(),
            password: Self::PASSWORD.to_owned(),
            ca: self.certificate.clone(),
        }
    }

    /// The end of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        tail(&self.scratch.join("log"))
    }

    /// The Maildir that is `user`'s INBOX.
    #[must_use]
    pub fn maildir(&self, user: &str) -> PathBuf {
        self.scratch.join("mail").join(user).join("Maildir")
    }

    /// Process id of its master process, whose descendants all others are.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

fn configuration(options: &DovecotOptions, directory: &Path, certificate: &SelfSigned, ports: [u16; 3]) -> String {
    let here = directory.display();
    let [imap, imaps, lmtp] = ports;
    format!(
        "base_dir = {here}/run\n\
         state_dir = {here}/state\n\
         log_path = {here}/log\n\
         listen = 127.0.0.1\n\
         protocols = imap lmtp\n\
         ssl = yes\n\
         ssl_cert = <{cert}\n\
         ssl_key = <{key}\n\
         disable_plaintext_auth = no\n\
         auth_mechanisms = plain login\n\
         passdb {{\n  driver = static\n  args = password={password}\n}}\n\
         userdb {{\n  driver = static\n  args = uid=mail gid=mail home={here}/mail/%u allow_all_users=yes\n}}\n\
         first_valid_uid = 1\n\
         mail_location = maildir:~/Maildir\n\
         mail_fsync = {fsync}\n\
         mail_max_userip_connections = 5000\n\
         namespace inbox {{\n  inbox = yes\n}}\n\
         service imap-login {{\n  inet_listener imap {{\n    port = {imap}\n  }}\n  inet_listener imaps {{\n    port = {imaps}\n    ssl = yes\n  }}\n}}\n\
         service lmtp {{\n  inet_listener lmtp {{\n    address = 127.0.0.1\n    port = {lmtp}\n  }}\n}}\n\
         {more}\n",
        cert = certificate.certificate.display(),
        key = certificate.key.display(),
        password = Dovecot::PASSWORD,
        fsync = options.mail_fsync,
        more = options.settings.join("\n"),
    )
}
