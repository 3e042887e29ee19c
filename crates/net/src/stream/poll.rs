//! Reading and writing by polling, dispatched to what the stream is made of.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Stream, Transport};

macro_rules! each {
    ($transport:expr, $inner:ident => $act:expr) => {
        match $transport {
            Transport::Plain(socket) => {
                let $inner = Pin::new(socket);
                $act
            }
            Transport::TlsServer(tls) => {
                let $inner = Pin::new(&mut **tls);
                $act
            }
            Transport::TlsClient(tls) => {
                let $inner = Pin::new(&mut **tls);
                $act
            }
        }
    };
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => inner.poll_read(cx, into))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), inner => inner.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), inner => inner.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => inner.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => inner.poll_shutdown(cx))
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match &mut this.deflate {
            None => Pin::new(&mut this.transport).poll_read(cx, into),
            Some(deflate) => deflate.poll_read(&mut this.transport, cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match &mut this.deflate {
            None => Pin::new(&mut this.transport).poll_write(cx, bytes),
            Some(deflate) => deflate.poll_write(&mut this.transport, cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match &mut this.deflate {
            None => Pin::new(&mut this.transport).poll_write_vectored(cx, slices),
            Some(deflate) => {
                let first = slices.iter().find(|slice| !slice.is_empty());
                deflate.poll_write(&mut this.transport, cx, first.map_or(&[], |slice| slice))
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.deflate.is_none()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match &mut this.deflate {
            None => Pin::new(&mut this.transport).poll_flush(cx),
            Some(deflate) => deflate.poll_flush(&mut this.transport, cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(deflate) = &mut this.deflate {
            std::task::ready!(deflate.poll_flush(&mut this.transport, cx))?;
        }
        Pin::new(&mut this.transport).poll_shutdown(cx)
    }
}
