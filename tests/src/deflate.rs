use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

/// Compressed input that is read at once, in bytes.
const PACKED_BYTES: usize = 16 * 1024;

/// Both directions of a compressed connection (RFC 4978): raw DEFLATE, flushed after each piece.
pub(crate) struct Deflate {
    outward: Compress,
    inward: Decompress,
    /// What came and is not unpacked yet.
    packed: Vec<u8>,
}

impl Default for Deflate {
    fn default() -> Self {
        Self { outward: Compress::new(Compression::fast(), false), inward: Decompress::new(false), packed: Vec::new() }
    }
}

impl Deflate {
    /// `plain` as it is sent.
    pub(crate) fn pack(&mut self, plain: &[u8]) -> io::Result<Vec<u8>> {
        let mut packed = Vec::with_capacity(plain.len() + 64);
        let begun = self.outward.total_in();
        loop {
            let taken = usize::try_from(self.outward.total_in() - begun).map_err(io::Error::other)?;
            self.outward.compress_vec(&plain[taken..], &mut packed, FlushCompress::Sync).map_err(io::Error::other)?;
            // A flush is complete when it leaves room.
            if packed.len() < packed.capacity() {
                return Ok(packed);
            }
            packed.reserve(packed.capacity());
        }
    }

    /// Unpacks into `room`, reading more by `read` where nothing is left; 0 at the end.
    pub(crate) fn unpack(
        &mut self,
        room: &mut [u8],
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            let (before_in, before_out) = (self.inward.total_in(), self.inward.total_out());
            self.inward.decompress(&self.packed, room, FlushDecompress::Sync).map_err(io::Error::other)?;
            let taken = usize::try_from(self.inward.total_in() - before_in).map_err(io::Error::other)?;
            let given = usize::try_from(self.inward.total_out() - before_out).map_err(io::Error::other)?;
            self.packed.drain(..taken);
            if given > 0 {
                return Ok(given);
            }
            let mut piece = vec![0; PACKED_BYTES];
            match read(&mut piece)? {
                0 => return Ok(0),
                count => self.packed.extend_from_slice(&piece[..count]),
            }
        }
    }
}
