//! Messages signed and encrypted as wholes (RFC 8551), and their fields protected (RFC 9788).

mod enclosed;
mod entity;
mod incoming;
mod outgoing;
mod seven_bit;

pub use enclosed::enclose;
pub use incoming::{Encryption, Layer, Looks, Opened, looks, open};
pub use outgoing::{Form, Style, encrypt, sign, sign_and_encrypt};
