//! Accepting connections: within limits, never spinning, and stopping in good order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::{Entry, Gate};
use crate::listen::Listener;
use crate::network::TrustedNetworks;
use crate::proxy::{self, HEADER_BYTES_MAX, Origin, Progress, ProxyError};
use crate::stream::Stream;

/// Pause of accepting when the system has no more files or memory. A connection that ends frees some; until then
/// each attempt would fail at once.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);

/// Pause after an error that has no known meaning, so that no error can make the loop spin.
const UNKNOWN_ERROR_PAUSE: Duration = Duration::from_millis(20);

/// Longest wait for a trusted proxy's header.
const PROXY_HEADER_WAIT: Duration = Duration::from_secs(5);

/// What a service takes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Most open connections.
    pub total: usize,
    /// Most open connections of one client: an IPv4 address or an IPv6 /64.
    pub per_client: usize,
    /// When stopping, how long sessions may take to end before they are cut.
    pub stop_wait: Duration,
    /// Proxies that begin each connection with a PROXY protocol header; nobody else is believed.
    pub proxies: TrustedNetworks,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { total: 10_000, per_client: 100, stop_wait: Duration::from_secs(8), proxies: TrustedNetworks::default() }
    }
}

/// Why a connection is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The service has as many connections as it takes.
    Total,
    /// The client has.
    PerClient,
}

/// A connection to serve.
#[derive(Debug)]
pub struct Connection {
    /// Its stream; [`Stream::peer`] is the client, also behind a trusted proxy.
    pub stream: Stream,
    /// Is cancelled when the service stops: finish what is under way, say farewell, return.
    pub stop: CancellationToken,
    /// The trusted proxy in between, if there is one.
    pub proxy: Option<SocketAddr>,
}

/// What is done with the connections of a service.
pub trait Handler: Send + Sync + 'static {
    /// Serves one connection to its end.
    fn serve(self: Arc<Self>, connection: Connection) -> impl Future<Output = ()> + Send + 'static;

    /// What is written to a client that is refused before its connection is closed; nothing where TLS comes first.
    fn refusal(&self, reason: Refusal) -> &'static [u8] {
        let _ = reason;
        b""
    }
}

/// Running figures of a service.
#[derive(Debug, Default)]
pub struct Counters {
    accepted: AtomicU64,
    refused: AtomicU64,
    ended: AtomicU64,
    pauses: AtomicU64,
}

impl Counters {
    /// Connections handed to the handler since the start.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Connections refused since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> u64 {
        let ended = self.ended.load(Ordering::Relaxed);
        self.accepted().saturating_sub(ended)
    }

    /// Times that accepting paused because the system had no more files or memory.
    #[must_use]
    pub fn pauses(&self) -> u64 {
        self.pauses.load(Ordering::Relaxed)
    }
}

/// How a service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// Connections served.
    pub accepted: u64,
    /// Connections refused.
    pub refused: u64,
    /// Sessions that were cut because they did not end in time.
    pub cut: usize,
}

/// A service about to accept connections.
#[derive(Debug)]
pub struct Acceptor {
    listener: Listener,
    limits: ConnectionLimits,
    most: Most,
    counters: Arc<Counters>,
}

/// Most connections: in all, and of one client.
#[derive(Clone)]
pub(crate) enum Most {
    /// These.
    Fixed(usize, usize),
    /// What this says when somebody connects.
    Asked(Arc<dyn Fn() -> (usize, usize) + Send + Sync>),
}

impl Most {
    pub(crate) fn now(&self) -> (usize, usize) {
        match self {
            Self::Fixed(total, per_client) => (*total, *per_client),
            Self::Asked(ask) => ask(),
        }
    }
}

impl std::fmt::Debug for Most {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.now().fmt(formatter)
    }
}

impl Acceptor {
    /// A service on `listener` within `limits`.
    #[must_use]
    pub fn new(listener: Listener, limits: ConnectionLimits) -> Self {
        let most = Most::Fixed(limits.total, limits.per_client);
        Self { listener, limits, most, counters: Arc::default() }
    }

    /// Has `most` asked, whenever somebody connects, how many connections there may be: in all, and of one client. Those that are open stay.
    #[must_use]
    pub fn asking(self, most: impl Fn() -> (usize, usize) + Send + Sync + 'static) -> Self {
        Self { most: Most::Asked(Arc::new(most)), ..self }
    }

    /// The service's running figures.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Accepts connections and has `handler` serve each in a task of its own, until `stop` is cancelled: then it
    /// closes the listening sockets, tells sessions to stop, waits for them as long as the limits say, and cuts
    /// those that are left.
    pub async fn serve<H: Handler>(self, handler: Arc<H>, stop: CancellationToken) -> Served {
        let Self { listener, limits, most, counters } = self;
        let stop_wait = limits.stop_wait;
        let shared = Arc::new(Shared {
            gate: Gate::new(most),
            proxies: limits.proxies,
            counters: Arc::clone(&counters),
            stop: stop.clone(),
            cut: CancellationToken::new(),
            sessions: TaskTracker::new(),
            handler,
        });
        let loops = TaskTracker::new();
        for socket in listener.sockets {
            loops.spawn(accept_loop(socket, Arc::clone(&shared)));
        }
        loops.close();
        loops.wait().await;
        stop.cancelled().await;

        shared.sessions.close();
        let cut = match timeout(stop_wait, shared.sessions.wait()).await {
            Ok(()) => 0,
            Err(_) => shared.sessions.len(),
        };
        shared.cut.cancel();
        shared.sessions.wait().await;
        Served { accepted: counters.accepted(), refused: counters.refused(), cut }
    }
}

struct Shared<H> {
    gate: Arc<Gate>,
    proxies: TrustedNetworks,
    counters: Arc<Counters>,
    stop: CancellationToken,
    cut: CancellationToken,
    sessions: TaskTracker,
    handler: Arc<H>,
}

async fn accept_loop<H: Handler>(socket: TcpListener, shared: Arc<Shared<H>>) {
    let mut exhausted = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.stop.cancelled() => return,
            accepted = socket.accept() => accepted,
        };
        let pause = match accepted {
            Ok((connection, address)) => {
                exhausted = false;
                admit(connection, address, &shared);
                continue;
            }
            Err(cause) => match trouble(&cause) {
                Trouble::OfOneConnection => continue,
                Trouble::Exhausted => {
                    shared.counters.pauses.fetch_add(1, Ordering::Relaxed);
                    if !exhausted {
                        tracing::warn!(%cause, "cannot accept connections until others end; raise the limit of open files");
                    }
                    exhausted = true;
                    EXHAUSTED_PAUSE
                }
                Trouble::Unknown => {
                    tracing::warn!(%cause, "cannot accept a connection");
                    UNKNOWN_ERROR_PAUSE
                }
            },
        };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

/// What an error of accepting means for the next attempt.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// That connection is gone; the next may be well.
    OfOneConnection,
    /// No files or memory are left.
    Exhausted,
    /// Anything else.
    Unknown,
}

fn trouble(cause: &io::Error) -> Trouble {
    use rustix::io::Errno;
    match Errno::from_io_error(cause) {
        // accept(2): errors that are pending on the new connection are handed out by accept itself.
        Some(
            Errno::CONNABORTED
            | Errno::CONNRESET
            | Errno::INTR
            | Errno::PROTO
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::NOPROTOOPT
            | Errno::OPNOTSUPP
            | Errno::PERM,
        ) => Trouble::OfOneConnection,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => Trouble::Exhausted,
        _ => Trouble::Unknown,
    }
}

fn admit<H: Handler>(socket: TcpStream, address: SocketAddr, shared: &Arc<Shared<H>>) {
    match shared.gate.enter() {
        Ok(entry) => {
            let session = session(socket, address, entry, Arc::clone(shared));
            let cut = shared.cut.clone();
            shared.sessions.spawn(async move {
                tokio::select! {
                    biased;
                    () = cut.cancelled() => {}
                    () = session => {}
                }
            });
        }
        Err(reason) => refuse(&socket, address, reason, shared),
    }
}

async fn session<H: Handler>(mut socket: TcpStream, address: SocketAddr, mut entry: Entry, shared: Arc<Shared<H>>) {
    let ends = match ends(&mut socket, address, &shared.proxies).await {
        Ok(ends) => ends,
        Err(cause) => {
            tracing::debug!(peer = %address, %cause, "connection dropped before it began");
            return;
        }
    };
    if let Err(reason) = entry.identify(ends.peer.ip()) {
        refuse(&socket, ends.peer, reason, &shared);
        return;
    }
    let open = Open::begin(&shared.counters);
    let connection = Connection {
        stream: Stream::new(socket, ends.peer, ends.local),
        stop: shared.stop.child_token(),
        proxy: ends.proxy,
    };
    Arc::clone(&shared.handler).serve(connection).await;
    drop((open, entry));
}

/// Counts a served connection as open until dropped, also when its session is cut.
struct Open(Arc<Counters>);

impl Open {
    fn begin(counters: &Arc<Counters>) -> Self {
        counters.accepted.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counters))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

fn refuse<H: Handler>(socket: &TcpStream, peer: SocketAddr, reason: Refusal, shared: &Shared<H>) {
    shared.counters.refused.fetch_add(1, Ordering::Relaxed);
    tracing::debug!(%peer, ?reason, "connection refused");
    let words = shared.handler.refusal(reason);
    if !words.is_empty() {
        // The send buffer of a new connection is empty. If the words do not fit all the same, they are lost: nothing
        // waits for a client that is not served.
        let _ = socket.try_write(words);
    }
}

/// Both ends of a connection as its session sees them.
struct Ends {
    peer: SocketAddr,
    local: SocketAddr,
    proxy: Option<SocketAddr>,
}

#[derive(Debug, thiserror::Error)]
enum EndsError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error("the trusted proxy sent no header within {PROXY_HEADER_WAIT:?}")]
    Timeout,
}

async fn ends(socket: &mut TcpStream, address: SocketAddr, proxies: &TrustedNetworks) -> Result<Ends, EndsError> {
    let (peer, local) = (canonical(address), canonical(socket.local_addr()?));
    if !proxies.contains(peer.ip()) {
        return Ok(Ends { peer, local, proxy: None });
    }
    match timeout(PROXY_HEADER_WAIT, read_proxy_header(socket)).await {
        Ok(Ok(Origin::Client { source, destination })) => {
            Ok(Ends { peer: canonical(source), local: canonical(destination), proxy: Some(peer) })
        }
        Ok(Ok(Origin::Local)) => Ok(Ends { peer, local, proxy: Some(peer) }),
        Ok(Err(cause)) => Err(cause),
        Err(_) => Err(EndsError::Timeout),
    }
}

/// Reads the header and not one byte more: what follows may be a TLS handshake.
async fn read_proxy_header(socket: &mut TcpStream) -> Result<Origin, EndsError> {
    let mut header = vec![0; HEADER_BYTES_MAX];
    let mut read = 0;
    loop {
        let space = header.get_mut(read..).unwrap_or_default();
        let seen = read + socket.peek(space).await?;
        if seen == read {
            return Err(ProxyError::NoHeader.into());
        }
        let progress = proxy::parse(header.get(..seen).unwrap_or_default())?;
        let (end, origin) = match progress {
            Progress::Incomplete => (seen, None),
            Progress::Complete { bytes, origin } => (bytes, Some(origin)),
        };
        socket.read_exact(header.get_mut(read..end).unwrap_or_default()).await?;
        read = end;
        if let Some(origin) = origin {
            return Ok(origin);
        }
    }
}

/// IPv4 clients of a dual-stack socket appear with mapped addresses; nobody else should see those.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests;
