//! States that are told by what there is, where nothing counts its changes.

/// A word that is another when any of `octets` is: any hash that does not change between nodes and starts.
pub(crate) fn word_of(octets: impl IntoIterator<Item = u8>) -> String {
    let mix = |hash: u64, octet: u8| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", octets.into_iter().fold(0xcbf2_9ce4_8422_2325, mix))
}
