//! The server's side of a handshake, whose settings may depend on the client's first message.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use crypto::tls::ServerChoice;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake, TlsAcceptor};

/// Bytes of a client's first message that are kept to look at: more than any has that is not made to be large.
const HELLO_BYTES_MAX: usize = 20 * 1024;

/// Makes the handshake.
pub(super) async fn accept(socket: TcpStream, choice: ServerChoice) -> io::Result<TlsStream<TcpStream>> {
    if !choice.is_open() {
        return TlsAcceptor::from(choice.international()).accept(socket).await;
    }
    let overheard = Overheard { socket, heard: Vec::new() };
    let StartHandshake { accepted, io: Overheard { socket, heard }, .. } =
        LazyConfigAcceptor::new(Acceptor::default(), overheard).await?;
    let config = choice.decide(&accepted.client_hello(), &heard);
    StartHandshake::from_parts(accepted, socket).into_stream(config).await
}

/// A connection whose first bytes are kept as they are read.
struct Overheard {
    socket: TcpStream,
    heard: Vec<u8>,
}

impl AsyncRead for Overheard {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        let polled = Pin::new(&mut this.socket).poll_read(cx, into);
        let read = into.filled().get(before..).unwrap_or_default();
        let room = HELLO_BYTES_MAX.saturating_sub(this.heard.len()).min(read.len());
        this.heard.extend_from_slice(read.get(..room).unwrap_or_default());
        polled
    }
}

impl AsyncWrite for Overheard {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
