use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::port53::naming;
use crate::process::tail;
use crate::{Failure, Outcome, Port53, Reserved, Scratch, SelfSigned, free_port, run, wait_until};

/// Group and user that own delivered mail: `mail` on Debian.
const MAIL_ID: u32 = 8;
/// What starting and stopping may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a Postfix is set up.
pub struct PostfixOptions {
    domain: String,
    users: Vec<String>,
    routes: Vec<(String, SocketAddr)>,
    hand_over: Option<String>,
    settings: Vec<(String, String)>,
    doors: Vec<Door>,
    names: Option<PathBuf>,
}

/// A further place where it takes mail: certificate and key, or no STARTTLS.
struct Door {
    at: SocketAddr,
    certificate: Option<(PathBuf, PathBuf)>,
}

impl Default for PostfixOptions {
    /// Takes mail for `ops@peer.test` and `订单@peer.test` into Maildirs, offers STARTTLS and uses it where offered.
    fn default() -> Self {
        Self {
            domain: "peer.test".to_owned(),
            users: vec!["ops".to_owned(), "订单".to_owned()],
            routes: Vec::new(),
            hand_over: None,
            settings: Vec::new(),
            doors: Vec::new(),
            names: None,
        }
    }
}

impl PostfixOptions {
    /// The domain that it takes mail for.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        self.domain = domain.to_owned();
        self
    }

    /// The local parts that it takes mail for, instead of the usual ones.
    #[must_use]
    pub fn users(mut self, users: &[&str]) -> Self {
        self.users = users.iter().map(|&user| user.to_owned()).collect();
        self
    }

    /// Mail for `domain` goes to the server at `to`.
    #[must_use]
    pub fn route(mut self, domain: &str, to: SocketAddr) -> Self {
        self.routes.push((domain.to_owned(), to));
        self
    }

    /// Mail for its own domain goes to this LMTP server instead of into Maildirs.
    #[must_use]
    pub fn hand_over_by_lmtp(mut self, to: SocketAddr) -> Self {
        self.hand_over = Some(format!("lmtp:inet:{}:{}", to.ip(), to.port()));
        self
    }

    /// One more line of `main.cf`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// It takes mail at `at` too, with this certificate, or without STARTTLS if there is none.
    #[must_use]
    pub fn door(mut self, at: SocketAddr, certificate: Option<&SelfSigned>) -> Self {
        let certificate = certificate.map(|it| (it.certificate.clone(), it.key.clone()));
        self.doors.push(Door { at, certificate });
        self
    }

    /// It looks names up there.
    #[must_use]
    pub fn names(mut self, names: &Port53) -> Self {
        self.names = Some(names.resolv_conf().to_owned());
        self
    }
}

/// A Postfix with configuration, queue and mail in a directory of its own. Needs root, as Postfix does.
pub struct Postfix {
    /// Where it takes mail.
    pub address: SocketAddr,
    /// Its certificate.
    pub certificate: PathBuf,
    users: Vec<String>,
    names: Option<PathBuf>,
    scratch: Scratch,
    _port: Reserved,
}

impl Postfix {
    /// Starts it and waits until it greets.
    ///
    /// # Errors
    /// If it does not start; with the end of its log.
    pub fn start(options: PostfixOptions) -> Outcome<Self> {
        let scratch = Scratch::new("postfix")?;
        let port = free_port()?;
        let certificate = SelfSigned::write(&scratch)?;
        for directory in ["queue", "data", "mail", "config"] {
            scratch.directory(directory)?;
        }
        chown("postfix", &scratch.join("data"))?;
        chown("mail:mail", &scratch.join("mail"))?;
        scratch.file("config/main.cf", main_cf(&options, scratch.path(), &certificate))?;
        scratch.file("config/master.cf", master_cf(port.port, &options.doors))?;
        let postfix = Self {
            address: SocketAddr::from(([127, 0, 0, 1], port.port)),
            certificate: certificate.certificate,
            users: options.users,
            names: options.names,
            scratch,
            _port: port,
        };
        postfix.control("start")?;
        wait_until("Postfix", PATIENCE, || {
            Ok(crate::smtp::Client::connect(postfix.address, crate::smtp::Dialect::Smtp).ok())
        })
        .map_err(|failure| failure.during(&postfix.log_tail()))?
        .quit()?;
        Ok(postfix)
    }

    /// The Maildir of one of its users.
    ///
    /// # Errors
    /// If there is no such user.
    pub fn maildir(&self, user: &str) -> Outcome<PathBuf> {
        let place = self.users.iter().position(|known| known == user);
        let place = place.ok_or_else(|| Failure::new(format!("Postfix has no user {user}")))?;
        Ok(self.scratch.join("mail").join(place.to_string()))
    }

    /// Waits until `user` has `count` new messages, and gives them in no order.
    ///
    /// # Errors
    /// If they are not there after `limit`; with the end of its log.
    pub fn wait_for_mail(&self, user: &str, count: usize, limit: Duration) -> Outcome<Vec<Vec<u8>>> {
        let new = self.maildir(user)?.join("new");
        wait_until(&format!("{count} messages to {user}"), limit, || {
            let Ok(entries) = fs::read_dir(&new) else { return Ok(None) };
            let messages: Vec<Vec<u8>> =
                entries.map(|entry| fs::read(entry?.path())).collect::<std::io::Result<_>>()?;
            Ok((messages.len() >= count).then_some(messages))
        })
        .map_err(|failure| failure.during(&self.log_tail()))
    }

    /// From now on, mail for `domain` goes to the server at `to`; other routes are forgotten.
    ///
    /// # Errors
    /// If it cannot be told.
    pub fn add_route(&self, domain: &str, to: SocketAddr) -> Outcome {
        let path = self.scratch.join("config/main.cf");
        let mut text = fs::read_to_string(&path)?;
        // The last line for a name is the one that counts.
        text.push_str(&transport_maps(&[(domain.to_owned(), to)]));
        fs::write(path, text)?;
        self.control("reload")
    }

    /// Messages that are in its queue.
    ///
    /// # Errors
    /// If the queue cannot be listed.
    pub fn queued(&self) -> Outcome<usize> {
        let mut command = Command::new("postqueue");
        command.arg("-c").arg(self.scratch.join("config")).arg("-j");
        Ok(run(command, PATIENCE)?.success()?.stdout.lines().count())
    }

    /// Tries everything in its queue now.
    ///
    /// # Errors
    /// If it does not run.
    pub fn flush(&self) -> Outcome {
        self.control("flush")
    }

    /// The end of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        tail(&self.scratch.join("log"))
    }

    /// Its whole log.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn log(&self) -> Outcome<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.scratch.join("log"))?).into_owned())
    }

    /// Process id of its master process, whose descendants all others are.
    ///
    /// # Errors
    /// If it does not run.
    pub fn id(&self) -> Outcome<u32> {
        Ok(fs::read_to_string(self.scratch.join("queue/pid/master.pid"))?.trim().parse()?)
    }

    fn control(&self, action: &str) -> Outcome {
        let mut command = Command::new("postfix");
        command.arg("-c").arg(self.scratch.join("config")).arg(action);
        if let Some(resolv_conf) = &self.names {
            command = naming(resolv_conf, &command);
        }
        run(command, PATIENCE)?.success().map(drop).map_err(|failure| failure.during(&self.log_tail()))
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if let Err(failure) = self.control("stop") {
            eprintln!("Postfix: {failure}");
        }
    }
}

fn main_cf(options: &PostfixOptions, directory: &Path, certificate: &SelfSigned) -> String {
    let here = directory.display();
    let mailboxes: Vec<String> = options
        .users
        .iter()
        .enumerate()
        .map(|(place, user)| format!("{{ {user}@{} = {place}/ }}", options.domain))
        .collect();
    let mut text = format!(
        "compatibility_level = 3.6\n\
         queue_directory = {here}/queue\n\
         data_directory = {here}/data\n\
         maillog_file = {here}/log\n\
         maillog_file_prefixes = {here}\n\
         command_directory = /usr/sbin\n\
         daemon_directory = /usr/lib/postfix/sbin\n\
         meta_directory = /etc/postfix\n\
         shlib_directory = /usr/lib/postfix\n\
         mail_owner = postfix\n\
         setgid_group = postdrop\n\
         myhostname = mx.{domain}\n\
         mydestination =\n\
         inet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\n\
         mynetworks = 127.0.0.0/8\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\n\
         smtpd_tls_cert_file = {cert}\n\
         smtpd_tls_key_file = {key}\n\
         smtpd_tls_security_level = may\n\
         smtp_tls_security_level = may\n\
         smtp_tls_loglevel = 1\n\
         smtputf8_enable = yes\n\
         message_size_limit = 104857600\n\
         virtual_mailbox_limit = 0\n\
         virtual_mailbox_domains = {domain}\n\
         virtual_mailbox_base = {here}/mail\n\
         virtual_mailbox_maps = inline:{{ {mailboxes} }}\n\
         virtual_uid_maps = static:{MAIL_ID}\n\
         virtual_gid_maps = static:{MAIL_ID}\n\
         virtual_minimum_uid = 1\n\
         virtual_transport = {transport}\n\
         default_transport = error:5.4.4 this peer has no route there\n",
        domain = options.domain,
        cert = certificate.certificate.display(),
        key = certificate.key.display(),
        mailboxes = mailboxes.join(", "),
        transport = options.hand_over.as_deref().unwrap_or("virtual"),
    );
    if !options.routes.is_empty() {
        text.push_str(&transport_maps(&options.routes));
    }
    for (name, value) in &options.settings {
        text.push_str(&format!("{name} = {value}\n"));
    }
    text
}

fn transport_maps(routes: &[(String, SocketAddr)]) -> String {
    let routes: Vec<String> =
        routes.iter().map(|(domain, to)| format!("{{ {domain} = smtp:[{}]:{} }}", to.ip(), to.port())).collect();
    format!("transport_maps = inline:{{ {} }}\n", routes.join(", "))
}

/// Debian's services, without chroot: a chroot would need files copied into the queue directory.
fn master_cf(port: u16, doors: &[Door]) -> String {
    let mut text = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
    for Door { at, certificate } in doors {
        text.push_str(&format!("{at} inet n - n - - smtpd\n"));
        match certificate {
            Some((chain, key)) => text.push_str(&format!(
                "  -o smtpd_tls_cert_file={} -o smtpd_tls_key_file={}\n",
                chain.display(),
                key.display()
            )),
            None => text.push_str("  -o smtpd_tls_security_level=none\n"),
        }
    }
    for line in [
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "verify unix - - n - 1 verify",
        "flush unix n - n 1000? 0 flush",
        "proxymap unix - - n - - proxymap",
        "proxywrite unix - - n - 1 proxymap",
        "smtp unix - - n - - smtp",
        "relay unix - - n - - smtp",
        "showq unix n - n - - showq",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "discard unix - - n - - discard",
        "virtual unix - n n - - virtual",
        "lmtp unix - - n - - lmtp",
        "anvil unix - - n - 1 anvil",
        "scache unix - - n - 1 scache",
        "postlog unix-dgram n - n - 1 postlogd",
    ] {
        text.push_str(line);
        text.push('\n');
    }
    text
}

pub(crate) fn chown(owner: &str, path: &Path) -> Outcome {
    let mut command = Command::new("chown");
    command.arg(owner).arg(path);
    run(command, PATIENCE)?.success()?;
    Ok(())
}
