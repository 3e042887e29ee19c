//! A message as one sealed record: chunks that are compressed, then encrypted, so that any part of a large message
//! can be read without the rest.
//!
//! Layout: form (1 byte), reserved (1), chunk count (u32), plain length (u64), for each chunk its sealed length (u32),
//! then the chunks. All numbers little-endian. A chunk is one byte (0 stored, 1 zstd) and the data, sealed with
//! AES-256-GCM (form 1) or SM4-GCM (form 2) under the message's own random key; its nonce is its number, and the last one carries a mark, so that chunks
//! can be neither reordered nor cut off (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015).

use std::cell::RefCell;
use std::ops::Range;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use gm::sm4::gcm::{NONCE_BYTES, Sm4Gcm};

use crate::keys::MessageKey;
use crate::seal::{SealError, Suite};

/// Plain bytes of every chunk but the last.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// The longest message that a record holds: 1 GiB.
pub const PLAIN_BYTES_MAX: u64 = 1 << 30;

/// Chunks after which a message that is being sealed gives back what is no longer needed: 4 MiB of it.
const GIVE_BACK_CHUNKS: usize = 16;

const AES_FORM: u8 = 1;
const SM4_FORM: u8 = 2;
const FIXED_HEADER_BYTES: usize = 14;
const TAG_BYTES: usize = 16;
const STORED: u8 = 0;
const ZSTD: u8 = 1;
/// Fastest level that still halves text; higher ones cost more time than the disk saves.
const ZSTD_LEVEL: i32 = 1;

thread_local! {
    /// A compression context is expensive to make and cheap to reuse.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Seals `plain` under `key`.
#[must_use]
pub fn seal(key: &MessageKey, suite: Suite, plain: &[u8]) -> Vec<u8> {
    seal_consuming(key, suite, plain.to_vec()).bytes().to_vec()
}

/// A sealed message.
#[derive(Debug, Default)]
pub struct Record {
    /// The record is at the end.
    buffer: Vec<u8>,
    start: usize,
}

impl Record {
    /// The sealed bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Puts `bytes` before what is there. There is room.
    fn prepend(&mut self, bytes: &[u8]) {
        let start = self.start.saturating_sub(bytes.len());
        if let Some(room) = self.buffer.get_mut(start..self.start).filter(|room| room.len() == bytes.len()) {
            room.copy_from_slice(bytes);
            self.start = start;
        }
    }
}

/// Seals `plain` under `key`, giving memory back as it goes: of a long message only what is not sealed yet and what is sealed is held,
/// never both whole. The room for the record is taken at once but not touched before it is used.
#[must_use]
pub fn seal_consuming(key: &MessageKey, suite: Suite, mut plain: Vec<u8>) -> Record {
    let plain_bytes = plain.len() as u64;
    let count = plain.len().div_ceil(CHUNK_BYTES).max(1);
    let mut head = Vec::with_capacity(FIXED_HEADER_BYTES + 4 * count);
    head.extend_from_slice(&[form(suite), 0]);
    head.extend_from_slice(&(u32::try_from(count).unwrap_or(u32::MAX)).to_le_bytes());
    head.extend_from_slice(&plain_bytes.to_le_bytes());
    head.resize(FIXED_HEADER_BYTES + 4 * count, 0);
    let cipher = Cipher::new(key, suite);
    let room = head.len() + plain.len() + count * (1 + TAG_BYTES);
    let mut record = Record { buffer: vec![0; room], start: room };
    let mut piece = Vec::new();
    // From the end, so that what is sealed can be cut off.
    for number in (0..count).rev() {
        let start = number * CHUNK_BYTES;
        piece.clear();
        compress_onto(&mut piece, plain.get(start..).unwrap_or_default());
        seal_tail(&cipher, &mut piece, 0, number, number + 1 == count, plain_bytes);
        record.prepend(&piece);
        let sealed_bytes = u32::try_from(piece.len()).unwrap_or(u32::MAX).to_le_bytes();
        let at = FIXED_HEADER_BYTES + 4 * number;
        if let Some(slot) = head.get_mut(at..at + 4) {
            slot.copy_from_slice(&sealed_bytes);
        }
        plain.truncate(start);
        if number % GIVE_BACK_CHUNKS == 0 {
            plain.shrink_to_fit();
        }
    }
    record.prepend(&head);
    record
}

/// The directory of a record, read from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    suite: Suite,
    plain_bytes: u64,
    /// Where each chunk begins in the record; one more entry for the end.
    starts: Vec<u64>,
}

impl Directory {
    /// Bytes at the beginning of a record that hold the directory of a message with `plain_bytes` bytes.
    #[must_use]
    pub fn length(plain_bytes: u64) -> usize {
        let count = usize::try_from(plain_bytes).unwrap_or(usize::MAX).div_ceil(CHUNK_BYTES).max(1);
        FIXED_HEADER_BYTES + 4 * count
    }

    /// Reads the directory from the first bytes of a record.
    ///
    /// # Errors
    /// [`SealError::Malformed`] if this is no record or fewer bytes than its directory.
    pub fn read(record: &[u8]) -> Result<Self, SealError> {
        let malformed = SealError::Malformed { what: "message" };
        let header = record.first_chunk::<FIXED_HEADER_BYTES>().ok_or(malformed.clone())?;
        let [first, _, c0, c1, c2, c3, p0, p1, p2, p3, p4, p5, p6, p7] = *header;
        let count = u32::from_le_bytes([c0, c1, c2, c3]) as usize;
        let plain_bytes = u64::from_le_bytes([p0, p1, p2, p3, p4, p5, p6, p7]);
        let known = Suite::ALL.into_iter().find(|suite| form(*suite) == first);
        let suite = known.filter(|_| plain_bytes <= PLAIN_BYTES_MAX).ok_or(malformed.clone())?;
        let directory_bytes = Self::length(plain_bytes);
        if directory_bytes != FIXED_HEADER_BYTES + 4 * count {
            return Err(malformed);
        }
        let sizes = record.get(FIXED_HEADER_BYTES..directory_bytes).ok_or(malformed)?;
        let mut starts = Vec::with_capacity(count + 1);
        let mut at = directory_bytes as u64;
        starts.push(at);
        for size in sizes.as_chunks::<4>().0 {
            at += u64::from(u32::from_le_bytes(*size));
            starts.push(at);
        }
        Ok(Self { suite, plain_bytes, starts })
    }

    /// Length of the message.
    #[must_use]
    pub fn plain_bytes(&self) -> u64 {
        self.plain_bytes
    }

    /// Number of chunks.
    #[must_use]
    pub fn chunk_count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Where chunk `number` lies in the record.
    #[must_use]
    pub fn chunk(&self, number: usize) -> Option<Range<u64>> {
        Some(*self.starts.get(number)?..*self.starts.get(number + 1)?)
    }
}

/// Opens single chunks of a record.
pub struct Opener {
    cipher: Cipher,
    plain_bytes: u64,
    count: usize,
}

impl Opener {
    /// An opener for the record whose directory this is.
    #[must_use]
    pub fn new(key: &MessageKey, directory: &Directory) -> Self {
        Self {
            cipher: Cipher::new(key, directory.suite),
            plain_bytes: directory.plain_bytes,
            count: directory.chunk_count(),
        }
    }

    /// Opens chunk `number`, whose sealed bytes are `sealed` (used as working space), and appends its plain bytes to `out`.
    ///
    /// # Errors
    /// [`SealError`] if the chunk was changed or is another one.
    pub fn open_onto(&self, number: usize, sealed: &mut [u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let last = number + 1 == self.count;
        let plain = self.cipher.open_in_place(nonce(number, last), self.plain_bytes, sealed);
        decompress_onto(plain.ok_or(SealError::Refused { what: "message" })?, out)
    }
}

/// Opens a whole record.
///
/// # Errors
/// [`SealError`] if the record was changed, cut, or sealed under another key.
pub fn open(key: &MessageKey, record: &mut [u8]) -> Result<Vec<u8>, SealError> {
    let directory = Directory::read(record)?;
    let opener = Opener::new(key, &directory);
    let mut plain = Vec::with_capacity(usize::try_from(directory.plain_bytes).unwrap_or(0));
    for number in 0..directory.chunk_count() {
        let malformed = || SealError::Malformed { what: "message" };
        let range = directory.chunk(number).ok_or_else(malformed)?;
        let range =
            usize::try_from(range.start).unwrap_or(usize::MAX)..usize::try_from(range.end).unwrap_or(usize::MAX);
        opener.open_onto(number, record.get_mut(range).ok_or_else(malformed)?, &mut plain)?;
    }
    if plain.len() as u64 == directory.plain_bytes { Ok(plain) } else { Err(SealError::Malformed { what: "message" }) }
}

fn compress_onto(record: &mut Vec<u8>, chunk: &[u8]) {
    let start = record.len();
    record.push(ZSTD);
    let bound = zstd::zstd_safe::compress_bound(chunk.len());
    record.resize(start + 1 + bound, 0);
    let compressed = COMPRESSOR.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = zstd::bulk::Compressor::new(ZSTD_LEVEL).ok();
        }
        let target = record.get_mut(start + 1..)?;
        slot.as_mut()?.compress_to_buffer(chunk, target).ok()
    });
    match compressed {
        Some(length) if length < chunk.len() => record.truncate(start + 1 + length),
        _ => {
            record.truncate(start);
            record.push(STORED);
            record.extend_from_slice(chunk);
        }
    }
}

fn decompress_onto(plain: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
    let malformed = SealError::Malformed { what: "message" };
    let (form, data) = plain.split_first().ok_or(malformed.clone())?;
    match *form {
        STORED => out.extend_from_slice(data),
        ZSTD => {
            let start = out.len();
            let length = zstd::zstd_safe::get_frame_content_size(data).ok().flatten().ok_or(malformed.clone())?;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > CHUNK_BYTES {
                return Err(malformed);
            }
            out.resize(start + length, 0);
            let written = DECOMPRESSOR.with_borrow_mut(|slot| {
                if slot.is_none() {
                    *slot = zstd::bulk::Decompressor::new().ok();
                }
                slot.as_mut()?.decompress_to_buffer(data, out.get_mut(start..)?).ok()
            });
            if written != Some(length) {
                return Err(malformed);
            }
        }
        _ => return Err(malformed),
    }
    Ok(())
}

fn seal_tail(cipher: &Cipher, record: &mut Vec<u8>, start: usize, number: usize, last: bool, plain_bytes: u64) {
    record.reserve(TAG_BYTES);
    let tag = cipher.seal_in_place(nonce(number, last), plain_bytes, record.get_mut(start..).unwrap_or_default());
    record.extend_from_slice(&tag);
}

const fn form(suite: Suite) -> u8 {
    match suite {
        Suite::Aes => AES_FORM,
        Suite::Sm4 => SM4_FORM,
    }
}

fn nonce(number: usize, last: bool) -> [u8; NONCE_BYTES] {
    let mut bytes = [0; NONCE_BYTES];
    for (to, from) in bytes.iter_mut().zip((number as u64).to_le_bytes()) {
        *to = from;
    }
    if let Some(mark) = bytes.last_mut() {
        *mark = u8::from(last);
    }
    bytes
}

/// The cipher of one message.
enum Cipher {
    Aes(Box<LessSafeKey>),
    Sm4(Box<Sm4Gcm>),
}

impl Cipher {
    #[allow(clippy::expect_used, reason = "the arrays have the lengths that the algorithms want")]
    fn new(key: &MessageKey, suite: Suite) -> Self {
        match suite {
            Suite::Aes => {
                let key = UnboundKey::new(&AES_256_GCM, key.bytes()).expect("a key of 32 bytes");
                Self::Aes(Box::new(LessSafeKey::new(key)))
            }
            Suite::Sm4 => Self::Sm4(Box::new(Sm4Gcm::new(key.bytes().first_chunk().expect("32 are more than 16")))),
        }
    }

    #[allow(clippy::expect_used, reason = "a chunk is far below the algorithms' limit")]
    fn seal_in_place(&self, nonce: [u8; NONCE_BYTES], plain_bytes: u64, text: &mut [u8]) -> [u8; TAG_BYTES] {
        let (associated, short) = (plain_bytes.to_le_bytes(), "a chunk is short enough to seal");
        match self {
            Self::Aes(key) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(associated), text).expect(short);
                *tag.as_ref().first_chunk().expect("a tag has 16 bytes")
            }
            Self::Sm4(key) => key.seal(&nonce, &associated, text).expect(short),
        }
    }

    /// The text of a sealed chunk; none if it was changed or is another one.
    fn open_in_place<'s>(&self, nonce: [u8; NONCE_BYTES], plain_bytes: u64, sealed: &'s mut [u8]) -> Option<&'s [u8]> {
        let associated = plain_bytes.to_le_bytes();
        match self {
            Self::Aes(key) => {
                let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(associated), sealed);
                opened.ok().map(|plain| &*plain)
            }
            Self::Sm4(key) => {
                let (text, tag) = sealed.split_last_chunk_mut::<TAG_BYTES>()?;
                key.open(&nonce, &associated, text, tag).ok()?;
                Some(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::{Entropy, SeededEntropy};
    use proptest::prelude::*;

    fn noise(entropy: &SeededEntropy, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        entropy.fill(&mut bytes);
        bytes
    }

    #[test]
    fn round_trips_at_every_edge() {
        let entropy = SeededEntropy::new(3);
        for length in [0, 1, 10_240, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 17] {
            for plain in [noise(&entropy, length), vec![b'a'; length]] {
                for suite in Suite::ALL {
                    let key = MessageKey::generate(&entropy);
                    let mut record = seal(&key, suite, &plain);
                    assert_eq!(Directory::read(&record).unwrap().plain_bytes(), length as u64);
                    assert_eq!(open(&key, &mut record).unwrap(), plain, "{length}");
                }
            }
        }
    }

    #[test]
    fn a_long_message_that_cannot_be_compressed_fits_its_room() {
        let entropy = SeededEntropy::new(5);
        let key = MessageKey::generate(&entropy);
        for length in [0, 1, CHUNK_BYTES, 40 * CHUNK_BYTES + 5] {
            let plain = noise(&entropy, length);
            let record = seal_consuming(&key, Suite::Aes, plain.clone());
            assert!(open(&key, &mut record.bytes().to_vec()).unwrap() == plain, "{length}");
        }
    }

    #[test]
    fn chunks_cannot_be_swapped_or_cut_off() {
        let entropy = SeededEntropy::new(4);
        let key = MessageKey::generate(&entropy);
        for suite in Suite::ALL {
            let record = seal(&key, suite, &noise(&entropy, 2 * CHUNK_BYTES));
            let directory = Directory::read(&record).unwrap();
            let opener = Opener::new(&key, &directory);
            let range = directory.chunk(1).unwrap();
            let mut second = record[range.start as usize..range.end as usize].to_vec();
            assert!(opener.open_onto(0, &mut second, &mut Vec::new()).is_err());
            assert!(open(&key, &mut record[..record.len() - 1].to_vec()).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_noticed(seed in any::<u64>(), is_sm4 in any::<bool>(), at in any::<prop::sample::Index>()) {
            let entropy = SeededEntropy::new(seed);
            let key = MessageKey::generate(&entropy);
            let plain = noise(&entropy, 300);
            let mut record = seal(&key, if is_sm4 { Suite::Sm4 } else { Suite::Aes }, &plain);
            let at = at.index(record.len());
            record[at] ^= 0x40;
            // The reserved byte is not covered; everything else is.
            prop_assert!(at == 1 || open(&key, &mut record).is_err());
        }
    }
}
