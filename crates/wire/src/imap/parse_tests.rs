use proptest::prelude::*;

use super::{Parsed, parse};
use crate::imap::command::Command;
use crate::imap::frame::Frame;
use crate::imap::mailbox_name::MailboxName;
use crate::imap::response::{write_mailbox, write_set, write_string, write_uid_set};
use crate::imap::sequence::NumberSet;

fn parse_text(text: &[u8], literals: &[&[u8]], utf8: bool) -> Parsed {
    parse(Frame { text: text.to_vec(), literals: literals.iter().map(|literal| literal.to_vec()).collect() }, utf8)
}

/// What our own writer made, split into text and literals as the framer would.
fn frame_of(written: &[u8]) -> Frame {
    let Some(end) = written.windows(3).position(|window| window == b"}\r\n") else {
        return Frame { text: written.to_vec(), literals: Vec::new() };
    };
    let (text, literal) = written.split_at(end + 3);
    Frame { text: text.to_vec(), literals: vec![literal.to_vec()] }
}

/// Words of the grammar in any order come closer to its corners than random bytes.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let words: &[&[u8]] = &[
        b"a",
        b" ",
        b" ",
        b" ",
        b"(",
        b")",
        b"[",
        b"]",
        b"<",
        b">",
        b"\"",
        b"\\",
        b"{3}\r\n",
        b"~{1+}\r\n",
        b"NIL",
        b"1",
        b"0",
        b":",
        b",",
        b".",
        b"*",
        b"%",
        b"$",
        b"UID",
        b"FETCH",
        b"BODY",
        b"BODY.PEEK",
        b"HEADER.FIELDS",
        b"BINARY",
        b"SEARCH",
        b"NOT",
        b"OR",
        b"RETURN",
        b"CHARSET",
        b"STORE",
        b"FLAGS",
        b"+",
        b"APPEND",
        b"UTF8",
        b"LIST",
        b"STATUS",
        b"SELECT",
        b"QRESYNC",
        b"CONDSTORE",
        b"MODSEQ",
        b"SORT",
        b"THREAD",
        b"ID",
        b"LOGIN",
        b"\0",
        b"\xff",
        b"&",
        b"-",
        b"4294967295",
        b"99999999999999999999",
        b"17-Jul-1996",
        b" 2:44:25 -0700",
    ];
    proptest::collection::vec(proptest::sample::select(words), 0..30).prop_map(|words| words.concat())
}

#[test]
fn keeps_the_tag_of_what_it_refuses() {
    for (text, tag) in
        [("a1 FOO", Some("a1")), ("a1", Some("a1")), ("+ x", None), ("", None), (" x", None), ("a\"b x", None)]
    {
        let parsed = parse_text(text.as_bytes(), &[], false);
        assert_eq!(parsed.tag.as_deref(), tag, "{text}");
        assert!(parsed.result.is_err(), "{text}");
    }
    assert_eq!(parse_text(&[b'a'; 300], &[], false).tag, None);
}

#[test]
fn a_mark_without_its_literal_is_an_error() {
    assert!(parse_text(b"a DELETE {1}\r\n", &[], false).result.is_err());
    assert!(parse_text(b"a DELETE {1}\r\n", &[b"x"], false).result.is_ok());
    assert!(parse_text(b"a DELETE {1}\r\n", &[b"\0"], false).result.is_err());
}

proptest! {
    #[test]
    fn never_panics_on_bytes(text in proptest::collection::vec(any::<u8>(), 0..80), utf8: bool) {
        let _ = parse_text(&text, &[b"x", b"\0\xff"], utf8);
    }

    #[test]
    fn never_panics_on_words(text in soup(), utf8: bool) {
        let _ = parse_text(&[b"a ", text.as_slice()].concat(), &[b"abc", b"y"], utf8);
    }

    #[test]
    fn names_come_back_as_written(name in "\\PC{0,60}", utf8: bool) {
        let name = MailboxName::new(name);
        let mut written = b"a DELETE ".to_vec();
        write_mailbox(&mut written, name.as_str(), utf8);
        match parse(frame_of(&written), utf8).result {
            Ok(Command::Delete(read)) => prop_assert_eq!(read, name),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn strings_come_back_as_written(text in "[^\\x00]{0,60}", utf8: bool) {
        let mut written = b"a GETQUOTA ".to_vec();
        write_string(&mut written, &text, utf8);
        match parse(frame_of(&written), utf8).result {
            Ok(Command::GetQuota(read)) => prop_assert_eq!(read, text),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn sets_come_back_as_written(mut uids in proptest::collection::btree_set(1_u32..2000, 1..200)) {
        uids.insert(u32::MAX);
        let uids: Vec<u32> = uids.into_iter().collect();
        let mut written = b"a UID EXPUNGE ".to_vec();
        let start = written.len();
        write_uid_set(&mut written, &uids);
        let mut as_set = Vec::new();
        write_set(&mut as_set, &NumberSet::from_ascending(uids.iter().copied()));
        prop_assert_eq!(&written[start..], as_set.as_slice());
        match parse(frame_of(&written), false).result {
            Ok(Command::Expunge(Some(set))) => {
                let set = set.resolve(u32::MAX);
                prop_assert!(set.iter().eq(uids.iter().copied()));
                prop_assert_eq!(set.positions(&uids).count(), uids.len());
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
