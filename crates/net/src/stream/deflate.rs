//! Compression of a stream (RFC 4978): raw deflate in both directions, flushed whenever a reply is.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Compressed input read at once, in bytes.
const INPUT_BYTES: usize = 8 * 1024;

/// Compressed output that may wait for the peer before more is taken, in bytes.
const OUTPUT_BYTES_MAX: usize = 32 * 1024;

/// Least output space offered to the compressor at once, in bytes.
const OUTPUT_STEP_BYTES: usize = 8 * 1024;

/// Both directions' state.
pub(super) struct Deflate {
    inflate: Decompress,
    deflate: Compress,
    /// Compressed bytes not yet inflated are `input[taken..]`.
    input: Vec<u8>,
    taken: usize,
    /// The last call filled all the space it had, so there can be more without input.
    more: bool,
    /// The peer's stream has ended.
    ended: bool,
    /// Compressed bytes not yet sent are `output[sent..]`.
    output: Vec<u8>,
    sent: usize,
    /// Something was compressed since the last flush.
    dirty: bool,
    /// The last call filled all the space it had, so the compressor can hold finished output.
    held: bool,
}

impl fmt::Debug for Deflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deflate")
    }
}

impl Deflate {
    pub(super) fn new(early: &[u8]) -> Self {
        Self {
            inflate: Decompress::new(false),
            deflate: Compress::new(Compression::fast(), false),
            input: early.to_vec(),
            taken: 0,
            more: false,
            ended: false,
            output: Vec::new(),
            sent: 0,
            dirty: false,
            held: false,
        }
    }

    /// Whether a read can give something without asking the transport.
    pub(super) fn has_input(&self) -> bool {
        self.more || self.taken < self.input.len()
    }

    pub(super) fn poll_read<T: AsyncRead + Unpin>(
        &mut self,
        transport: &mut T,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.ended || into.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if self.has_input() && self.inflate_some(into)? > 0 {
                return Poll::Ready(Ok(()));
            }
            if self.ended || self.taken < self.input.len() {
                continue;
            }
            if ready!(self.poll_fill(transport, cx))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Inflates into the free space of `into` and tells how many bytes it gave.
    fn inflate_some(&mut self, into: &mut ReadBuf<'_>) -> io::Result<usize> {
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let input = self.input.get(self.taken..).unwrap_or_default();
        let space = into.initialize_unfilled();
        let room = space.len();
        let status = self
            .inflate
            .decompress(input, space, FlushDecompress::None)
            .map_err(|cause| io::Error::new(io::ErrorKind::InvalidData, cause))?;
        let consumed = usize::try_from(self.inflate.total_in() - in_before).unwrap_or(0);
        let produced = usize::try_from(self.inflate.total_out() - out_before).unwrap_or(0);
        self.taken += consumed;
        self.more = produced == room;
        self.ended = status == Status::StreamEnd;
        into.advance(produced);
        if consumed == 0 && produced == 0 && self.taken < self.input.len() && !self.ended {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "compressed stream makes no progress"));
        }
        Ok(produced)
    }

    /// Reads compressed bytes in place of those inflated already; zero at the end of input. Holds no buffer while
    /// there is nothing to read.
    fn poll_fill<T: AsyncRead + Unpin>(&mut self, transport: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.taken = 0;
        self.input.clear();
        self.input.resize(INPUT_BYTES, 0);
        let mut space = ReadBuf::new(&mut self.input);
        let polled = Pin::new(transport).poll_read(cx, &mut space);
        let filled = space.filled().len();
        self.input.truncate(filled);
        if filled == 0 {
            self.input = Vec::new();
        }
        polled.map_ok(|()| filled)
    }

    pub(super) fn poll_write<T: AsyncWrite + Unpin>(
        &mut self,
        transport: &mut T,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.output.len() - self.sent >= OUTPUT_BYTES_MAX {
            ready!(self.poll_send(transport, cx))?;
        }
        let mut taken = 0;
        while taken == 0 && !bytes.is_empty() {
            taken = self.compress(bytes, FlushCompress::None)?;
        }
        self.dirty = self.dirty || taken > 0;
        Poll::Ready(Ok(taken))
    }

    pub(super) fn poll_flush<T: AsyncWrite + Unpin>(
        &mut self,
        transport: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.dirty {
            // A call that begins with held output may do no more than give that out, without having flushed.
            let began_held = self.held;
            self.compress(&[], FlushCompress::Sync)?;
            self.dirty = began_held || self.held;
        }
        ready!(self.poll_send(transport, cx))?;
        Pin::new(transport).poll_flush(cx)
    }

    /// Compresses some of `bytes` behind the output that waits, and tells how many it took.
    fn compress(&mut self, bytes: &[u8], flush: FlushCompress) -> io::Result<usize> {
        let before = self.deflate.total_in();
        self.output.reserve(OUTPUT_STEP_BYTES);
        self.deflate.compress_vec(bytes, &mut self.output, flush).map_err(io::Error::other)?;
        self.held = self.output.len() == self.output.capacity();
        Ok(usize::try_from(self.deflate.total_in() - before).unwrap_or(0))
    }

    /// Sends all output that waits, and then gives its memory back.
    fn poll_send<T: AsyncWrite + Unpin>(&mut self, transport: &mut T, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.output.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let sent = ready!(Pin::new(&mut *transport).poll_write(cx, rest))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += sent;
        }
        self.sent = 0;
        self.output = Vec::new();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// What `bytes`, written whole and flushed, become on the wire.
    fn sent(bytes: &[u8]) -> Vec<u8> {
        let mut deflate = Deflate::new(&[]);
        let mut wire = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        let mut rest = bytes;
        while !rest.is_empty() {
            let Poll::Ready(Ok(taken)) = deflate.poll_write(&mut wire, &mut cx, rest) else { panic!("not taken") };
            rest = &rest[taken..];
        }
        assert!(matches!(deflate.poll_flush(&mut wire, &mut cx), Poll::Ready(Ok(()))));
        wire
    }

    /// The compressor hands out a finished block in as many calls as the space offered asks for; a flush that comes
    /// between two of these must still bring out all that was written.
    #[test]
    fn a_flush_brings_out_all_wherever_it_comes() {
        let mut state = 1_u32;
        let bytes: Vec<u8> = (0..150_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 28) as u8
            })
            .collect();
        for length in (1_000..bytes.len()).step_by(1_009) {
            let mut plain = Vec::with_capacity(bytes.len());
            let wire = sent(&bytes[..length]);
            Decompress::new(false).decompress_vec(&wire, &mut plain, FlushDecompress::None).unwrap();
            assert_eq!(plain.len(), length, "not all came out of {length}");
        }
    }
}
