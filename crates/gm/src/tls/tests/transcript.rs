//! A whole handshake, byte by byte as it was once: what goes over the wire must not change unseen.

use super::*;
use crate::testing::hex;

/// Lines of `C` or `S` and the bytes that this side sent. Written anew with `UPDATE_TRANSCRIPT=1`.
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tls/tests/handshake.txt");

fn written(wire: &[(bool, Vec<u8>)]) -> String {
    let line = |(from_client, bytes): &(bool, Vec<u8>)| {
        let digits = bytes.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        format!("{} {digits}\n", if *from_client { 'C' } else { 'S' })
    };
    wire.iter().map(line).collect()
}

#[test]
fn the_same_randomness_gives_the_recorded_bytes() {
    let (server, roots) = plain_server();
    let pair = Pair::shake(client(roots), server, NAME).unwrap();
    let wire = written(&pair.wire);
    if std::env::var_os("UPDATE_TRANSCRIPT").is_some() {
        std::fs::write(RECORDED, &wire).unwrap();
    }
    assert!(std::fs::read_to_string(RECORDED).unwrap() == wire, "the handshake is not the recorded one");
}

/// The client alone against the recorded server, and the server alone against the recorded client.
#[test]
fn each_side_alone_finishes_against_the_record() {
    let recorded = std::fs::read_to_string(RECORDED).unwrap();
    let sent =
        |side: char| recorded.lines().filter_map(move |line| line.strip_prefix(side)).map(hex).collect::<Vec<_>>();
    let (server, roots) = plain_server();
    let mut pair = Pair::new(client(roots), server, NAME);
    let mut scrap = Vec::new();
    while pair.client.wants_write() {
        pair.client.write_tls(&mut scrap).unwrap();
    }
    for bytes in sent('S') {
        pair.client.read_tls(&mut &bytes[..]).unwrap();
        pair.client.process_new_packets().unwrap();
    }
    assert!(!pair.client.is_handshaking());
    for bytes in sent('C') {
        pair.server.read_tls(&mut &bytes[..]).unwrap();
        pair.server.process_new_packets().unwrap();
        while pair.server.wants_write() {
            pair.server.write_tls(&mut scrap).unwrap();
        }
    }
    assert!(!pair.server.is_handshaking());
    assert_eq!(pair.server.negotiated_cipher_suite().unwrap().suite(), SUITE);
}

/// The hello offers what RFC 8998 section 3.1 names, by its numbers.
#[test]
fn numbers_are_those_of_the_rfc() {
    let recorded = std::fs::read_to_string(RECORDED).unwrap();
    let hello = recorded.lines().next().unwrap();
    for wanted in ["00c6", "0029", "0708"] {
        assert!(hello.contains(wanted), "{wanted}");
    }
    let answer = recorded.lines().nth(1).unwrap();
    assert!(answer.contains("00c600"), "the suite, without compression");
    assert!(answer.contains("0033004500290041"), "a share of 65 bytes in the group");
}
