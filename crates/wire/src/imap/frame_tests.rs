use proptest::prelude::*;

use super::{FrameError, Framed, Framer, Line, literal_mark};
use crate::imap::limits::{Limits, NonSyncLiterals};

fn frames(input: &[u8], limits: &Limits, signed_in: bool, sizes: &[usize]) -> Vec<Framed> {
    let mut framer = Framer::default();
    let mut found = Vec::new();
    let mut rest = input;
    let mut sizes = sizes.iter().copied().cycle();
    loop {
        match framer.next(limits, signed_in) {
            Framed::NeedInput if rest.is_empty() => return found,
            Framed::NeedInput => {
                let (head, tail) = rest.split_at(sizes.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
                framer.feed(head);
                rest = tail;
            }
            refused @ Framed::Refused { fatal: true, .. } => {
                found.push(refused);
                return found;
            }
            other => found.push(other),
        }
    }
}

fn small() -> Limits {
    Limits {
        command_bytes_max: 64,
        literal_bytes_max: 16,
        literal_unauthenticated_bytes_max: 4,
        message_bytes_max: 100,
        append_bytes_max: 150,
        ..Limits::default()
    }
}

fn errors(input: &[u8], signed_in: bool) -> Vec<(FrameError, bool)> {
    frames(input, &small(), signed_in, &[usize::MAX])
        .into_iter()
        .filter_map(|found| match found {
            Framed::Refused { error, fatal, .. } => Some((error, fatal)),
            _ => None,
        })
        .collect()
}

#[test]
fn joins_lines_and_literals() {
    let found = frames(b"a APPEND {1}\r\nx (f) {3+}\r\na\r\n\r\nb NOOP\r\n", &small(), true, &[1]);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0], Framed::Continue);
    let Framed::Command(frame) = &found[1] else { panic!("{found:?}") };
    assert_eq!(frame.text, b"a APPEND {1}\r\n (f) {3+}\r\n");
    assert_eq!(frame.literals, [b"x".to_vec(), b"a\r\n".to_vec()]);
}

#[test]
fn bounds() {
    use FrameError::{BareLineEnd, DiscardTooLarge, LineTooLong, LiteralTooLarge, MessageTooLarge};
    type Case = (&'static [u8], bool, &'static [(FrameError, bool)]);
    const LONG: &[u8] = &[b'x'; 64];
    let cases: [Case; 14] = [
        (b"a X {16}\r\n0123456789abcdef\r\n", true, &[]),
        (b"a X {17}\r\n", true, &[(LiteralTooLarge, false)]),
        (b"a X {9}\r\n123456789 {8}\r\n", true, &[(LiteralTooLarge, false)]),
        (b"a X {5}\r\n", false, &[(LiteralTooLarge, false)]),
        (b"a APPEND x {5}\r\n", false, &[(LiteralTooLarge, false)]),
        (b"a APPEND x {101}\r\n", true, &[(MessageTooLarge, false)]),
        (b"a append x {18446744073709551617}\r\n", true, &[(MessageTooLarge, false)]),
        (b"a APPEND {17}\r\n", true, &[(LiteralTooLarge, false)]),
        (b"a APPEND x {301+}\r\n", true, &[(DiscardTooLarge, true)]),
        (b"a X {17+}\r\n0123456789abcdefg {1}\r\n", true, &[(LiteralTooLarge, false)]),
        (b"a X\nb X\r\n", true, &[(BareLineEnd, false)]),
        (b"a X {3+}\nb X\r\n", true, &[(BareLineEnd, false)]),
        (b"a X\rY\r\n", true, &[(BareLineEnd, false)]),
        (LONG, true, &[(LineTooLong, true)]),
    ];
    for (input, signed_in, expected) in cases {
        assert_eq!(errors(input, signed_in), expected, "{}", String::from_utf8_lossy(input));
    }
}

#[test]
fn literal_minus_keeps_non_sync_small() {
    let limits = Limits { non_sync: NonSyncLiterals::Small, ..Limits::default() };
    let input = [b"a X {4097+}\r\n".to_vec(), vec![b'x'; 4097], b"\r\n".to_vec()].concat();
    let found = frames(&input, &limits, true, &[usize::MAX]);
    assert!(matches!(&found[..], [Framed::Refused { error: FrameError::NonSyncTooLarge, fatal: false, .. }]));
}

#[test]
fn memory_follows_what_came() {
    let limits = Limits { message_bytes_max: 1 << 40, append_bytes_max: 1 << 40, ..Limits::default() };
    let mut framer = Framer::default();
    framer.feed(b"a APPEND x {1000000000}\r\n");
    assert_eq!(framer.next(&limits, true), Framed::Continue);
    for _ in 0..10 {
        framer.feed(&[b'x'; 1000]);
        assert_eq!(framer.next(&limits, true), Framed::NeedInput);
    }
    assert!(framer.frame.literals[0].capacity() < 64 * 1024);
    assert_eq!(framer.input.capacity(), framer.input.capacity().min(64));
}

#[test]
fn single_lines() {
    let mut framer = Framer::default();
    framer.feed(b"DO");
    assert_eq!(framer.next_line(20), Line::NeedInput);
    framer.feed(b"NE\r\nx\n");
    assert_eq!(framer.next_line(20), Line::Whole(b"DONE".to_vec()));
    assert_eq!(framer.next_line(20), Line::Refused(FrameError::BareLineEnd));
    framer.feed(&[b'x'; 20]);
    assert_eq!(framer.next_line(20), Line::Refused(FrameError::LineTooLong));
}

#[test]
fn marks() {
    for (line, expected) in [
        ("a {5}", Some((5, true))),
        ("a ~{05+}", Some((5, false))),
        ("a {}", None),
        ("a {+}", None),
        ("a {-1}", None),
        ("a {5} ", None),
        ("5}", None),
    ] {
        assert_eq!(literal_mark(line.as_bytes()).map(|mark| (mark.bytes, mark.sync)), expected, "{line}");
    }
}

proptest! {
    #[test]
    fn splits_do_not_matter(
        pieces in proptest::collection::vec(prop_oneof![
            Just(b"a NOOP\r\n".to_vec()),
            Just(b"a X {3}\r\nabc".to_vec()),
            Just(b"a APPEND y {20+}\r\n".to_vec()),
            Just(b" {17+}\r\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\n".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..20),
        ], 0..30),
        sizes in proptest::collection::vec(1_usize..30, 1..10),
        signed_in: bool,
    ) {
        let input = pieces.concat();
        let whole = frames(&input, &small(), signed_in, &[usize::MAX]);
        prop_assert_eq!(frames(&input, &small(), signed_in, &sizes), whole);
    }
}
