//! Messages signed and encrypted as wholes (RFC 8551), and their fields protected (RFC 9788).

mod entity;
mod incoming;
mod outgoing;
mod seven_bit;

pub use incoming::{Encryption, Layer, Opened, open};
pub use outgoing::{Form, encrypt, sign, sign_and_encrypt};
