use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::{Failure, Outcome};

/// A connection that is silent for so long is given up.
const SILENCE: Duration = Duration::from_secs(60);

/// A server that takes every message by plain SMTP and remembers it, or one that never says a word.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    speaks: bool,
    messages: Mutex<Vec<String>>,
    commands: Mutex<Vec<String>>,
    connections: AtomicUsize,
    stopped: AtomicBool,
}

impl Sink {
    /// One that takes messages.
    ///
    /// # Errors
    /// If it cannot listen.
    pub fn start() -> Outcome<Self> {
        Self::listen(true)
    }

    /// One that accepts connections and is silent, as a server that hangs.
    ///
    /// # Errors
    /// If it cannot listen.
    pub fn silent() -> Outcome<Self> {
        Self::listen(false)
    }

    fn listen(speaks: bool) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { speaks, ..Shared::default() });
        let ours = Arc::clone(&shared);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                if ours.stopped.load(Ordering::SeqCst) {
                    return;
                }
                ours.connections.fetch_add(1, Ordering::SeqCst);
                let ours = Arc::clone(&ours);
                thread::spawn(move || drop(ours.serve(&connection)));
            }
        });
        Ok(Self { address, shared })
    }

    /// Connections that have come.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The commands that came, each as its line.
    ///
    /// # Errors
    /// If a thread of it has panicked.
    pub fn commands(&self) -> Outcome<Vec<String>> {
        Ok(self.shared.commands.lock().map_err(|_| Failure::new("the sink has panicked"))?.clone())
    }

    /// The messages that came, in the order of their ends.
    ///
    /// # Errors
    /// If a thread of it has panicked.
    pub fn messages(&self) -> Outcome<Vec<String>> {
        let messages = self.shared.messages.lock().map_err(|_| Failure::new("the sink has panicked"))?;
        Ok(messages.clone())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn serve(&self, connection: &TcpStream) -> Outcome {
        connection.set_read_timeout(Some(SILENCE))?;
        let (mut input, mut output) = (BufReader::new(connection), connection);
        if self.speaks {
            output.write_all(b"220 sink.test ESMTP\r\n")?;
        }
        let mut line = String::new();
        loop {
            line.clear();
            if input.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let noted = self.commands.lock().map(|mut commands| commands.push(line.trim_end().to_owned()));
            noted.map_err(|_| Failure::new("another thread has panicked"))?;
            let verb = line.split([' ', '\r']).next().unwrap_or_default().to_ascii_uppercase();
            let reply = match verb.as_str() {
                "DATA" => {
                    output.write_all(b"354 go on\r\n")?;
                    self.take(&mut input)?;
                    "250 taken"
                }
                "QUIT" => "221 bye",
                _ => "250 fine",
            };
            output.write_all(format!("{reply}\r\n").as_bytes())?;
        }
    }

    fn take(&self, input: &mut impl BufRead) -> Outcome {
        let mut message = String::new();
        loop {
            let start = message.len();
            if input.read_line(&mut message)? == 0 {
                return Ok(());
            }
            if &message[start..] == ".\r\n" {
                message.truncate(start);
                let mut messages = self.messages.lock().map_err(|_| Failure::new("another thread has panicked"))?;
                messages.push(message);
                return Ok(());
            }
        }
    }
}
