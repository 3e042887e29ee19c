//! A mail server that keeps to a script, so that a test can have it do what no good server does.
//!
//! A script is a text, one step a line:
//!
//! | step | what the server does |
//! |---|---|
//! | `< 220 bad.test` | sends the line; a bar divides lines of one reply: `< 250-bad.test\|250 SIZE 100` |
//! | `> MAIL FROM:<` | reads a line, which must begin so in any case |
//! | `message` | reads a message up to the line with a dot alone, and keeps it |
//! | `part 1000` | reads so many bytes, of a message or a handshake, and keeps none |
//! | `pause 3000` | does nothing for so many milliseconds |
//! | `wait` | does nothing until the test calls [`ScriptedServer::go_on`] |
//! | `long 10000 250 ` | sends one line of so many octets that begins with what stands behind |
//! | `endless 250-` | sends lines that begin so until the client leaves |
//! | `tls` | does a TLS handshake with its certificate |
//! | `tls12` | the same in TLS 1.2 at most |
//! | `polite` | is a good server from here on: takes each message and keeps it |
//! | `hang` | reads and says nothing until the client leaves |
//!
//! Where a script ends, the connection is closed. The first connection meets the first script, the second the second, and so
//! on; the last one is repeated.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustls::crypto::aws_lc_rs;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{Failure, Outcome, SelfSigned, wait_until};

/// Between two looks for a new connection, or at whether the test is over.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What a polite server offers, before it adds STARTTLS.
const POLITE_OFFERS: [&str; 6] = ["PIPELINING", "SIZE 100000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"];

/// The server; stops when dropped.
pub struct ScriptedServer {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

/// One connection that a client made.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// When it began.
    pub at: Option<Instant>,
    /// Address that the client came from.
    pub from: Option<IpAddr>,
    /// Command lines, without line ends; those of TLS handshakes and messages are not among them.
    pub heard: Vec<String>,
    /// Messages that came whole, as sent over the wire, without the line with the dot.
    pub messages: Vec<String>,
    /// What the client did that the script does not expect.
    pub fault: Option<String>,
    /// Nothing more will come.
    pub is_over: bool,
}

struct Shared {
    scripts: Vec<String>,
    tls: Option<Tls>,
    visits: Mutex<Vec<Visit>>,
    /// Of the connections that are not over, by their number: the handle that ends them with the test.
    sockets: Mutex<HashMap<usize, TcpStream>>,
    may_go_on: AtomicBool,
    is_done: AtomicBool,
}

impl ScriptedServer {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port can be had.
    pub fn start(scripts: &[&str]) -> Outcome<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), None, scripts)
    }

    /// Listens at `address`; `certificate` is shown at `tls`, and STARTTLS is offered by `polite` if there is one.
    ///
    /// # Errors
    /// If the address is taken or the certificate cannot be read.
    pub fn start_at(address: SocketAddr, certificate: Option<&SelfSigned>, scripts: &[&str]) -> Outcome<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            scripts: scripts.iter().map(|script| (*script).to_owned()).collect(),
            tls: certificate.map(Tls::of).transpose()?,
            visits: Mutex::default(),
            sockets: Mutex::default(),
            may_go_on: AtomicBool::new(false),
            is_done: AtomicBool::new(false),
        });
        let address = listener.local_addr()?;
        let server = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &server));
        Ok(Self { address, shared })
    }

    /// The connections so far, in their order.
    #[must_use]
    pub fn visits(&self) -> Vec<Visit> {
        lock(&self.shared.visits).clone()
    }

    /// All whole messages so far.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.visits().into_iter().flat_map(|visit| visit.messages).collect()
    }

    /// Waits for `count` whole messages and gives them.
    ///
    /// # Errors
    /// If there are fewer after `limit`; with what was heard.
    pub fn wait_for_messages(&self, count: usize, limit: Duration) -> Outcome<Vec<String>> {
        let waited = wait_until(&format!("message {count}"), limit, || {
            Ok(Some(self.messages()).filter(|messages| messages.len() >= count))
        });
        waited.map_err(|failure| failure.during(&format!("{:#?}", self.visits())))
    }

    /// Lets connections go on that are at the step `wait`, or come to it.
    pub fn go_on(&self) {
        self.shared.may_go_on.store(true, Ordering::Release);
    }

    /// Waits until `count` connections are made and over, and gives them.
    ///
    /// # Errors
    /// If they are not after `limit`, or one of them did what its script does not expect.
    pub fn wait_for_visits(&self, count: usize, limit: Duration) -> Outcome<Vec<Visit>> {
        let waited = wait_until(&format!("the end of connection {count}"), limit, || {
            let visits = self.visits();
            let over = visits.iter().filter(|visit| visit.is_over).count();
            Ok((over >= count).then_some(visits))
        });
        let visits = waited.map_err(|failure| failure.during(&format!("{:#?}", self.visits())))?;
        match visits.iter().find_map(|visit| visit.fault.clone()) {
            Some(fault) => Err(Failure::new(format!("{fault} in {visits:#?}"))),
            None => Ok(visits),
        }
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.shared.is_done.store(true, Ordering::Relaxed);
        for socket in lock(&self.shared.sockets).values() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Settings for handshakes: as good servers have them, and as old ones do.
struct Tls {
    new: Arc<ServerConfig>,
    old: Arc<ServerConfig>,
}

impl Tls {
    fn of(certificate: &SelfSigned) -> Outcome<Self> {
        let old = server_config_of(certificate, &[&rustls::version::TLS12])?;
        Ok(Self { new: server_config(certificate)?, old })
    }
}

pub(crate) fn server_config(certificate: &SelfSigned) -> Outcome<Arc<ServerConfig>> {
    server_config_of(certificate, rustls::DEFAULT_VERSIONS)
}

fn server_config_of(
    certificate: &SelfSigned,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Outcome<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(&certificate.certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&certificate.key)?;
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = builder.with_protocol_versions(versions)?.with_no_client_auth().with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while !shared.is_done.load(Ordering::Relaxed) {
        let Ok((socket, peer)) = listener.accept() else {
            thread::sleep(LOOK_EVERY);
            continue;
        };
        let number = {
            let mut visits = lock(&shared.visits);
            visits.push(Visit { at: Some(Instant::now()), from: Some(peer.ip()), ..Visit::default() });
            visits.len() - 1
        };
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let fault = play(socket, &shared, number).err().map(|failure| failure.to_string());
            lock(&shared.sockets).remove(&number);
            note(&shared, number, |visit| {
                visit.is_over = true;
                visit.fault = fault;
            });
        });
    }
}

fn note(shared: &Shared, number: usize, change: impl FnOnce(&mut Visit)) {
    if let Some(visit) = lock(&shared.visits).get_mut(number) {
        change(visit);
    }
}

/// Goes through the script of connection `number`. A client that leaves ends it; one that says what it should not is a fault.
fn play(socket: TcpStream, shared: &Shared, number: usize) -> Outcome {
    socket.set_nonblocking(false)?;
    socket.set_nodelay(true)?;
    lock(&shared.sockets).insert(number, socket.try_clone()?);
    let mut talk = Talk { channel: BufReader::new(Channel::Plain(socket)), shared, number };
    let script = shared.scripts.get(number).or(shared.scripts.last()).cloned().unwrap_or_default();
    for step in script.lines().map(str::trim_start).filter(|step| !step.is_empty()) {
        if !talk.step(step)? {
            break;
        }
    }
    talk.channel.get_mut().close();
    Ok(())
}

enum Channel {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Channel {
    fn close(&mut self) {
        let socket = match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => {
                tls.conn.send_close_notify();
                let _ = tls.flush();
                &mut tls.sock
            }
        };
        let _ = socket.shutdown(Shutdown::Both);
    }
}

impl Read for Channel {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(into),
            Self::Tls(tls) => tls.read(into),
        }
    }
}

struct Talk<'s> {
    channel: BufReader<Channel>,
    shared: &'s Shared,
    number: usize,
}

impl Talk<'_> {
    /// Does one step; false if the client has left.
    fn step(&mut self, step: &str) -> Outcome<bool> {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        match word {
            "<" => Ok(self.send(&format!("{}\r\n", rest.replace('|', "\r\n")))),
            ">" => self.expect(rest),
            "message" => Ok(self.message()),
            "part" => {
                let mut part = vec![0; rest.trim().parse()?];
                Ok(self.channel.read_exact(&mut part).is_ok())
            }
            "pause" => {
                thread::sleep(Duration::from_millis(rest.trim().parse()?));
                Ok(true)
            }
            "wait" => {
                while !self.shared.may_go_on.load(Ordering::Acquire) {
                    if self.shared.is_done.load(Ordering::Acquire) {
                        return Ok(false);
                    }
                    thread::sleep(LOOK_EVERY);
                }
                Ok(true)
            }
            "long" => {
                let (octets, start) = rest.split_once(' ').unwrap_or((rest, ""));
                Ok(self
                    .send(&format!("{start}{}\r\n", "x".repeat(octets.parse::<usize>()?.saturating_sub(start.len())))))
            }
            "endless" => {
                while self.send(&format!("{rest}and so on\r\n")) {}
                Ok(false)
            }
            "tls" => self.start_tls(None),
            "tls12" => self.start_tls(Some(ProtocolVersion::TLSv1_2)),
            "polite" => Ok(self.polite()),
            "hang" => {
                io::copy(&mut self.channel, &mut io::sink()).ok();
                Ok(false)
            }
            other => Err(Failure::new(format!("no step `{other}`"))),
        }
    }

    fn send(&mut self, text: &str) -> bool {
        let sent = match self.channel.get_mut() {
            Channel::Plain(socket) => socket.write_all(text.as_bytes()),
            Channel::Tls(tls) => tls.write_all(text.as_bytes()).and_then(|()| tls.flush()),
        };
        sent.is_ok()
    }

    /// The next line without its end; none if the client has left.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let read = self.channel.read_until(b'\n', &mut line).ok()?;
        (read > 0 && line.ends_with(b"\n")).then(|| String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    fn expect(&mut self, start: &str) -> Outcome<bool> {
        let Some(line) = self.line() else { return Ok(false) };
        note(self.shared, self.number, |visit| visit.heard.push(line.clone()));
        if line.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)) {
            return Ok(true);
        }
        Err(Failure::new(format!("wanted `{start}`, heard `{line}`")))
    }

    /// Reads a message to its end; false if the client left within.
    fn message(&mut self) -> bool {
        let mut message = String::new();
        loop {
            let Some(line) = self.line() else { return false };
            if line == "." {
                break;
            }
            message.push_str(&line);
            message.push('\n');
        }
        note(self.shared, self.number, |visit| visit.messages.push(message));
        true
    }

    fn start_tls(&mut self, version: Option<ProtocolVersion>) -> Outcome<bool> {
        let Some(tls) = &self.shared.tls else { return Err(Failure::new("`tls` needs a certificate")) };
        let Channel::Plain(socket) = self.channel.get_ref() else { return Err(Failure::new("TLS is on already")) };
        let mut socket = socket.try_clone()?;
        let config = if version == Some(ProtocolVersion::TLSv1_2) { &tls.old } else { &tls.new };
        let mut connection = ServerConnection::new(Arc::clone(config))?;
        while connection.is_handshaking() {
            if connection.complete_io(&mut socket).is_err() {
                return Ok(false);
            }
        }
        self.channel = BufReader::new(Channel::Tls(Box::new(StreamOwned::new(connection, socket))));
        Ok(true)
    }

    /// Answers as a good server does; gives false, as it ends with the connection.
    fn polite(&mut self) -> bool {
        while let Some(line) = self.line() {
            note(self.shared, self.number, |visit| visit.heard.push(line.clone()));
            let verb = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
            let goes_on = match verb.as_str() {
                "EHLO" => self.send(&self.offers()),
                "STAR" => self.send("220 go\r\n") && self.start_tls(None).unwrap_or(false),
                "AUTH" => self.send("235 2.7.0 welcome\r\n"),
                "DATA" => self.send("354 go\r\n") && self.message() && self.send("250 2.0.0 kept\r\n"),
                "QUIT" => {
                    self.send("221 bye\r\n");
                    false
                }
                _ => self.send("250 2.0.0 fine\r\n"),
            };
            if !goes_on {
                return false;
            }
        }
        false
    }

    fn offers(&self) -> String {
        let is_tls = matches!(self.channel.get_ref(), Channel::Tls(_));
        let mut lines = vec!["scripted.test"];
        lines.extend(POLITE_OFFERS);
        if self.shared.tls.is_some() {
            lines.extend(if is_tls { vec!["REQUIRETLS", "AUTH PLAIN"] } else { vec!["STARTTLS"] });
        }
        let last = lines.len() - 1;
        let line = |(place, text): (usize, &&str)| format!("250{}{text}\r\n", if place == last { ' ' } else { '-' });
        lines.iter().enumerate().map(line).collect()
    }
}
