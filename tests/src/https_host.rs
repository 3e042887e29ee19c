//! An HTTPS server that serves texts and keeps what is posted to it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::scripted::server_config;
use crate::{Outcome, SelfSigned};

/// Between two looks for a new connection, or at whether the test is over.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Longest wait for a client.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server; stops when dropped.
pub struct HttpsHost {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The host that was asked for.
    pub host: String,
    /// First line, without the version.
    pub line: String,
    /// Media type of the body.
    pub media_type: String,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    texts: Mutex<HashMap<String, String>>,
    asked: Mutex<Vec<Asked>>,
    is_done: AtomicBool,
}

impl HttpsHost {
    /// Listens at `address` with this certificate; `texts` are what it serves, by host, under any path.
    ///
    /// # Errors
    /// If the address is taken or the certificate cannot be read.
    pub fn start_at(address: SocketAddr, certificate: &SelfSigned, texts: &[(&str, &str)]) -> Outcome<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let host = Self { address, shared: Arc::default() };
        texts.iter().for_each(|(name, text)| host.serve(name, text));
        let (shared, tls) = (Arc::clone(&host.shared), server_config(certificate)?);
        thread::spawn(move || {
            while !shared.is_done.load(Ordering::Relaxed) {
                let Ok((socket, _)) = listener.accept() else {
                    thread::sleep(LOOK_EVERY);
                    continue;
                };
                let (shared, tls) = (Arc::clone(&shared), Arc::clone(&tls));
                // A client that leaves in the handshake, as one does that does not trust us, is no matter of the test's.
                thread::spawn(move || drop(answer(socket, tls, &shared)));
            }
        });
        Ok(host)
    }

    /// Serves `text` at the host `name` from now on.
    pub fn serve(&self, name: &str, text: &str) {
        lock(&self.shared.texts).insert(name.to_owned(), text.to_owned());
    }

    /// The requests so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }
}

impl Drop for HttpsHost {
    fn drop(&mut self) {
        self.shared.is_done.store(true, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(socket: TcpStream, tls: Arc<ServerConfig>, shared: &Shared) -> Outcome {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut channel = BufReader::new(StreamOwned::new(ServerConnection::new(tls)?, socket));
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if channel.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let field = |name: &str| {
        let found = head.iter().filter_map(|line| line.split_once(':')).find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; field("content-length").parse().unwrap_or(0)];
    channel.read_exact(&mut body)?;
    let host = field("host");
    let text = lock(&shared.texts).get(&host).cloned();
    let line = head.first().and_then(|line| line.rsplit_once(' ')).map(|(line, _)| line.to_owned()).unwrap_or_default();
    lock(&shared.asked).push(Asked { host, line, media_type: field("content-type"), body });
    let (status, text) = text.map_or(("404 Not Found", String::new()), |text| ("200 OK", text));
    let length = text.len();
    let out = channel.get_mut();
    write!(
        out,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
    )?;
    out.flush()?;
    out.conn.send_close_notify();
    Ok(out.flush()?)
}
