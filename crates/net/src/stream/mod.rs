//! One type for every connection: plain, TLS of either side, compressed or not, with a deadline on every wait.

mod accept;
mod deflate;
mod poll;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use crypto::tls::{ConnectionState, ServerChoice, TlsInfo};
use env::Outlook;
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncBufRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsConnector, client, server};

use crate::pace::Pace;
use accept::accept;
use deflate::Deflate;

/// Room made for one read, in bytes.
const READ_BYTES: usize = 16 * 1024;

/// After the last reply, how long and how much of the peer's input is read and dropped, so that the system does not
/// reset the connection before the peer has read the reply.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 256 * 1024;

/// Why a stream came to an end.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The peer was silent or too slow.
    #[error("the peer sent nothing for {waited:?}, or too little")]
    ReadTimeout {
        /// How long the last read waited.
        waited: Duration,
    },
    /// The peer took nothing of what was sent.
    #[error("the peer took nothing for {waited:?}")]
    WriteTimeout {
        /// How long the last write waited.
        waited: Duration,
    },
    /// The connection broke.
    #[error("connection lost: {0}")]
    Io(#[from] io::Error),
    /// No TLS could be agreed on.
    #[error("tls handshake failed: {0}")]
    Handshake(io::Error),
    /// The TLS handshake took too long.
    #[error("tls handshake took longer than {waited:?}")]
    HandshakeTimeout {
        /// How long it was waited.
        waited: Duration,
    },
    /// The stream speaks TLS or is compressed already.
    #[error("the stream is {0} already")]
    Already(&'static str),
}

impl StreamError {
    /// Whether a new connection can help. A failed handshake is permanent for this way of connecting; plain text
    /// may be another.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Handshake(_) | Self::Already(_) => Outlook::Permanent,
            _ => Outlook::Temporary,
        }
    }
}

/// A connection to a peer. Reads and writes through [`tokio::io::AsyncRead`] and [`tokio::io::AsyncWrite`] have no
/// deadline; those of its own methods have.
#[derive(Debug)]
pub struct Stream {
    transport: Transport,
    deflate: Option<Box<Deflate>>,
    peer: SocketAddr,
    local: SocketAddr,
}

#[derive(Debug)]
enum Transport {
    Plain(TcpStream),
    TlsServer(Box<server::TlsStream<TcpStream>>),
    TlsClient(Box<client::TlsStream<TcpStream>>),
}

impl Stream {
    /// Wraps a connection. `peer` and `local` are its ends as the session should see them; behind a proxy these are
    /// not the socket's own.
    #[must_use]
    pub fn new(socket: TcpStream, peer: SocketAddr, local: SocketAddr) -> Self {
        // Replies are written whole, so waiting for more only delays them. Failure costs speed, not correctness.
        if let Err(cause) = socket.set_nodelay(true) {
            tracing::debug!(%peer, %cause, "cannot set TCP_NODELAY");
        }
        Self { transport: Transport::Plain(socket), deflate: None, peer, local }
    }

    /// The other end: the client itself, also behind a trusted proxy.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Our end.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Whether the stream is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        !matches!(self.transport, Transport::Plain(_))
    }

    /// Whether the stream is compressed (RFC 4978).
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.deflate.is_some()
    }

    /// What TLS agreed on; `None` on a plain stream.
    #[must_use]
    pub fn tls_info(&self) -> Option<TlsInfo> {
        match &self.transport {
            Transport::Plain(_) => None,
            Transport::TlsServer(tls) => tls.get_ref().1.tls_info(),
            Transport::TlsClient(tls) => tls.get_ref().1.tls_info(),
        }
    }

    /// The certificates that the peer showed, its own first; empty if none.
    #[must_use]
    pub fn peer_certificates(&self) -> &[CertificateDer<'static>] {
        let shown = match &self.transport {
            Transport::Plain(_) => None,
            Transport::TlsServer(tls) => tls.get_ref().1.peer_certificates(),
            Transport::TlsClient(tls) => tls.get_ref().1.peer_certificates(),
        };
        shown.unwrap_or_default()
    }

    /// Begins TLS as the server. Before calling, drop all input that came after the command that asked for it
    /// (RFC 3207 section 4.2): it was not protected.
    ///
    /// # Errors
    /// [`StreamError`] if the handshake fails or lasts longer than `wait`.
    pub async fn upgrade_server(self, choice: ServerChoice, wait: Duration) -> Result<Self, StreamError> {
        let (socket, peer, local) = self.into_plain()?;
        let tls = within(wait, accept(socket, choice)).await?;
        Ok(Self { transport: Transport::TlsServer(Box::new(tls)), deflate: None, peer, local })
    }

    /// Begins TLS as the client, with the server called `name`.
    ///
    /// # Errors
    /// [`StreamError`] if the handshake fails or lasts longer than `wait`.
    pub async fn upgrade_client(
        self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        wait: Duration,
    ) -> Result<Self, StreamError> {
        let (socket, peer, local) = self.into_plain()?;
        let handshake = TlsConnector::from(config).connect(name, socket);
        let tls = within(wait, handshake).await?;
        Ok(Self { transport: Transport::TlsClient(Box::new(tls)), deflate: None, peer, local })
    }

    /// Compresses both directions from here on (RFC 4978). `early` is input that was read already but came after
    /// the command that began it.
    ///
    /// # Errors
    /// [`StreamError::Already`] if it is compressed.
    pub fn compress(&mut self, early: &[u8]) -> Result<(), StreamError> {
        if self.deflate.is_some() {
            return Err(StreamError::Already("compressed"));
        }
        self.deflate = Some(Box::new(Deflate::new(early)));
        Ok(())
    }

    /// Waits until there is something to read, the end of input included, holding no buffer meanwhile.
    ///
    /// # Errors
    /// If the connection broke.
    pub async fn readable(&mut self) -> io::Result<()> {
        if self.deflate.as_ref().is_some_and(|deflate| deflate.has_input()) {
            return Ok(());
        }
        match &mut self.transport {
            Transport::Plain(socket) => socket.readable().await,
            Transport::TlsServer(tls) => poll_fn(|cx| Pin::new(&mut **tls).poll_fill_buf(cx).map_ok(|_| ())).await,
            Transport::TlsClient(tls) => poll_fn(|cx| Pin::new(&mut **tls).poll_fill_buf(cx).map_ok(|_| ())).await,
        }
    }

    /// Reads some bytes to the end of `into` and tells how many; zero is the end of input. While nothing comes, an
    /// empty `into` gives its memory back, so ten thousand idle connections hold no buffers. Losing the future
    /// loses no input.
    ///
    /// # Errors
    /// [`StreamError::ReadTimeout`] if nothing comes for `wait`, or if the connection broke.
    pub async fn receive(&mut self, into: &mut BytesMut, wait: Duration) -> Result<usize, StreamError> {
        match timeout(wait, self.receive_some(into)).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(StreamError::ReadTimeout { waited: wait }),
        }
    }

    /// Like [`Stream::receive`], within what `pace` allows.
    ///
    /// # Errors
    /// As [`Stream::receive`]; also if the peer has been too slow.
    pub async fn receive_paced(&mut self, into: &mut BytesMut, pace: &mut Pace) -> Result<usize, StreamError> {
        let received = self.receive(into, pace.allowance()).await?;
        pace.note(received);
        Ok(received)
    }

    async fn receive_some(&mut self, into: &mut BytesMut) -> io::Result<usize> {
        loop {
            let result = match self.readable_without(into).await {
                Ok(()) => self.read_now(into).await,
                Err(cause) => Some(Err(cause)),
            };
            match result {
                // A peer that leaves without TLS's farewell has left all the same: mail protocols mark their own ends.
                Some(Err(cause)) if cause.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                Some(result) => return result,
                None => {}
            }
        }
    }

    /// Waits until there is something to read; if that is not now, an empty `into` gives its memory back.
    async fn readable_without(&mut self, into: &mut BytesMut) -> io::Result<()> {
        let mut readable = pin!(self.readable());
        poll_fn(|cx| {
            let polled = readable.as_mut().poll(cx);
            if polled.is_pending() && into.is_empty() {
                *into = BytesMut::new();
            }
            polled
        })
        .await
    }

    /// One attempt to read; `None` if nothing is there after all.
    async fn read_now(&mut self, into: &mut BytesMut) -> Option<io::Result<usize>> {
        into.reserve(READ_BYTES);
        let mut attempt = pin!(self.read_buf(into));
        poll_fn(|cx| match attempt.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// Sends all of `bytes` at once, and whatever compression or TLS held back.
    ///
    /// # Errors
    /// [`StreamError::WriteTimeout`] if the peer takes nothing for `wait`, or if the connection broke.
    pub async fn send(&mut self, bytes: &[u8], wait: Duration) -> Result<(), StreamError> {
        self.send_part(bytes, wait).await?;
        match timeout(wait, self.flush()).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(StreamError::WriteTimeout { waited: wait }),
        }
    }

    /// Sends all of `bytes`, but lets compression and TLS hold some back for the next part. [`Stream::send`], with
    /// no bytes if need be, must follow at last.
    ///
    /// # Errors
    /// As [`Stream::send`].
    pub async fn send_part(&mut self, bytes: &[u8], wait: Duration) -> Result<(), StreamError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = match timeout(wait, self.write(rest)).await {
                Ok(result) => result?,
                Err(_) => return Err(StreamError::WriteTimeout { waited: wait }),
            };
            if written == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// Says farewell and closes, in about a second at most, such that what was sent last still reaches the peer.
    pub async fn close(mut self) {
        let farewell = async {
            self.shutdown().await?;
            let mut dropped = 0;
            let mut scrap = BytesMut::new();
            while dropped < LINGER_BYTES_MAX {
                scrap.clear();
                match self.receive_some(&mut scrap).await? {
                    0 => break,
                    more => dropped += more,
                }
            }
            io::Result::Ok(())
        };
        // Whether the peer hears it is its own affair.
        let _ = timeout(LINGER, farewell).await;
    }

    fn into_plain(self) -> Result<(TcpStream, SocketAddr, SocketAddr), StreamError> {
        match self.transport {
            Transport::Plain(_) if self.deflate.is_some() => Err(StreamError::Already("compressed")),
            Transport::Plain(socket) => Ok((socket, self.peer, self.local)),
            Transport::TlsServer(_) | Transport::TlsClient(_) => Err(StreamError::Already("encrypted")),
        }
    }
}

async fn within<T>(wait: Duration, handshake: impl Future<Output = io::Result<T>>) -> Result<T, StreamError> {
    match timeout(wait, handshake).await {
        Ok(result) => result.map_err(StreamError::Handshake),
        Err(_) => Err(StreamError::HandshakeTimeout { waited: wait }),
    }
}
