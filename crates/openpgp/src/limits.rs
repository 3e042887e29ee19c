//! How much of what strangers wrote is read.

/// Octets of a certificate, armored or not. Keys with thousands of signatures of others are larger; their owner can export a minimal one.
pub const CERTIFICATE_OCTETS_MAX: usize = 256 << 10;

/// Packets of a certificate: keys, names and signatures on them.
pub const CERTIFICATE_PACKETS_MAX: usize = 500;

/// Octets of an encrypted or signed message in packets.
pub const MESSAGE_OCTETS_MAX: usize = 100 << 20;

/// Octets that a message may have once it is decrypted and decompressed.
pub const PLAIN_OCTETS_MAX: usize = 100 << 20;

/// How many times larger than its packets a message may become by decompression, if it becomes larger than
/// [`EXPANSION_FREE_OCTETS`].
pub const EXPANSION_MAX: usize = 60;

/// Octets up to which a message may grow by decompression, however small its packets are.
pub const EXPANSION_FREE_OCTETS: usize = 4 << 20;

/// Encrypted session keys of a message: one for each recipient.
pub const SESSION_KEYS_MAX: usize = 250;

/// Signatures of one message that are looked at.
pub const SIGNATURES_MAX: usize = 8;

/// Containers within containers: encrypted, compressed, signed.
pub const NESTING_MAX: usize = 6;

/// Octets of a name of a key that is looked at.
pub const USER_ID_OCTETS_MAX: usize = 1024;
