use super::{
    Code, ListEntry, QuotaResource, Reply, SearchResult, Status, StatusValue, ThreadNode, Writer, write_body_structure,
    write_envelope, write_number, write_status, write_string,
};
use crate::imap::command::{SpecialUse, StatusItem};
use crate::imap::datetime::DateTime;
use crate::imap::fetch::{Section, SectionText};
use crate::imap::flag::SystemFlags;
use crate::imap::sequence::NumberSet;
use crate::imap::structure::{Address, BodyStructure, Envelope, Extension, MultiPart, SinglePart};

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

fn line(write: impl FnOnce(&mut Writer<'_>)) -> String {
    let line = written(|out| write(&mut Writer::new(out, false)));
    line.strip_suffix("\r\n").unwrap().to_owned()
}

#[test]
fn strings_take_the_form_they_need() {
    for (text, utf8, expected) in [
        ("plain", false, "\"plain\""),
        ("", false, "\"\""),
        ("a\"b\\c", false, "\"a\\\"b\\\\c\""),
        ("ü", false, "{2}\r\nü"),
        ("ü", true, "\"ü\""),
        ("a\r\nb", true, "{4}\r\na\r\nb"),
        ("a\0b", true, "{3}\r\na?b"),
    ] {
        assert_eq!(written(|out| write_string(out, text, utf8)), expected);
    }
    assert!(written(|out| write_string(out, &"x".repeat(1001), false)).starts_with("{1001}\r\n"));
    for number in [0, 7, 10, 4_294_967_296, u64::MAX] {
        assert_eq!(written(|out| write_number(out, number)), number.to_string());
    }
}

#[test]
fn status_codes() {
    let modified = NumberSet::from_ascending([1, 2, 9]);
    let flags = SystemFlags::SEEN.with(SystemFlags::DELETED);
    for (code, expected) in [
        (Code::None, ""),
        (Code::AppendUid(7, &[1, 2, 3]), "[APPENDUID 7 1:3] "),
        (Code::CopyUid(7, &[1, 2, 9], &[5, 6, 7]), "[COPYUID 7 1:2,9 5:7] "),
        (Code::BadCharset, "[BADCHARSET (US-ASCII UTF-8)] "),
        (Code::HighestModSeq(u64::MAX), "[HIGHESTMODSEQ 18446744073709551615] "),
        (Code::MailboxId("F1"), "[MAILBOXID (F1)] "),
        (Code::Modified(&modified), "[MODIFIED 1:2,9] "),
        (Code::PermanentFlags(flags, &["$Junk"], true), "[PERMANENTFLAGS (\\Deleted \\Seen $Junk \\*)] "),
        (Code::PermanentFlags(SystemFlags::NONE, &[], false), "[PERMANENTFLAGS ()] "),
        (Code::ReadWrite, "[READ-WRITE] "),
        (Code::UidValidity(3), "[UIDVALIDITY 3] "),
        (Code::UnknownCte, "[UNKNOWN-CTE] "),
    ] {
        let text = written(|out| write_status(out, Some("t"), &Reply::no("x\r\ny").with(code)));
        assert_eq!(text, format!("t NO {expected}x??y\r\n"));
    }
    let bye = Reply { status: Status::Bye, code: Code::None, text: "" };
    assert_eq!(written(|out| write_status(out, None, &bye)), "* BYE done\r\n");
}

#[test]
fn mailbox_responses() {
    let entry = ListEntry {
        name: "Entwürfe",
        has_children: Some(false),
        subscribed: true,
        uses: &[SpecialUse::Drafts],
        ..ListEntry::default()
    };
    assert_eq!(line(|w| w.list(&entry)), "* LIST (\\HasNoChildren \\Subscribed \\Drafts) \"/\" \"Entw&APw-rfe\"");
    let entry = ListEntry { name: "b\"&", child_subscribed: true, old_name: Some("a"), ..ListEntry::default() };
    let expected = "* LIST () \"/\" \"b\\\"&-\" (\"CHILDINFO\" (\"SUBSCRIBED\") \"OLDNAME\" (\"a\"))";
    assert_eq!(line(|w| w.list(&entry)), expected);
    let values = [
        (StatusItem::Messages, StatusValue::Number(3)),
        (StatusItem::MailboxId, StatusValue::ObjectId("F1")),
        (StatusItem::AppendLimit, StatusValue::Nil),
    ];
    let expected = "* STATUS \"INBOX\" (MESSAGES 3 MAILBOXID (F1) APPENDLIMIT NIL)";
    assert_eq!(line(|w| w.status_data("INBOX", values)), expected);
    let storage = QuotaResource { name: "STORAGE", usage: 1, limit: 2 };
    assert_eq!(line(|w| w.quota("", &[storage])), "* QUOTA \"\" (STORAGE 1 2)");
    assert_eq!(line(|w| w.quota_root("INBOX", &[""])), "* QUOTAROOT \"INBOX\" \"\"");
    assert_eq!(line(|w| w.id(&[("name", "Tradewind")])), "* ID (\"name\" \"Tradewind\")");
    assert_eq!(line(|w| w.flags(SystemFlags::SEEN, ["$Junk"])), "* FLAGS (\\Seen $Junk)");
    assert_eq!(line(|w| w.exists(7)), "* 7 EXISTS");
    let gone = NumberSet::from_ascending([3, 4]);
    assert_eq!(line(|w| w.vanished(&gone, true)), "* VANISHED (EARLIER) 3:4");
}

#[test]
fn search_results() {
    let all = NumberSet::from_ascending([2, 3, 9]);
    let result = SearchResult { min: Some(2), count: Some(3), all: Some(&all), ..SearchResult::default() };
    assert_eq!(line(|w| w.esearch("a\"1", true, &result)), "* ESEARCH (TAG \"a\\\"1\") UID MIN 2 COUNT 3 ALL 2:3,9");
    assert_eq!(line(|w| w.esearch("a", false, &SearchResult::default())), "* ESEARCH (TAG \"a\")");
    assert_eq!(line(|w| w.search([2, 9], Some(7))), "* SEARCH 2 9 (MODSEQ 7)");
    assert_eq!(line(|w| w.sort([])), "* SORT");
}

#[test]
fn threads() {
    let node = |number: u32, children: &[usize]| ThreadNode {
        number: (number > 0).then_some(number),
        children: children.to_vec(),
    };
    // RFC 5256 section 4: "(2)(3 6 (4 23)(44 7 96))", and a thread whose first message is missing
    let nodes = [
        node(2, &[]),
        node(3, &[2]),
        node(6, &[3, 5]),
        node(4, &[4]),
        node(23, &[]),
        node(44, &[6]),
        node(7, &[7]),
        node(96, &[]),
        node(0, &[9, 10]),
        node(3, &[]),
        node(5, &[]),
    ];
    assert_eq!(line(|w| w.thread(&nodes, &[0, 1, 8])), "* THREAD (2)(3 6 (4 23)(44 7 96))((3)(5))");
    assert_eq!(line(|w| w.thread(&[], &[])), "* THREAD");
    let chain: Vec<ThreadNode> =
        (1..=100_000).map(|n| node(n, if n == 100_000 { vec![] } else { vec![n as usize] }.as_slice())).collect();
    assert!(line(|w| w.thread(&chain, &[0])).ends_with(" 100000)"));
    assert_eq!(line(|w| w.thread(&[node(1, &[0])], &[0])), "* THREAD (1)");
}

fn text_part() -> BodyStructure {
    BodyStructure::Single(Box::new(SinglePart {
        media_type: "text".to_owned(),
        subtype: "plain".to_owned(),
        parameters: vec![("charset".to_owned(), "utf-8".to_owned())],
        size_bytes: 12,
        lines: 2,
        extension: Extension {
            disposition: Some(("inline".to_owned(), Vec::new())),
            languages: vec!["en".to_owned(), "zh".to_owned()],
            location: None,
        },
        ..SinglePart::default()
    }))
}

#[test]
fn envelopes() {
    let from =
        Address { name: Some("Lü".to_owned()), mailbox: Some("lu".to_owned()), host: Some("a.test".to_owned()) };
    let to = vec![Address::group_start("friends"), Address::group_end()];
    let envelope = Envelope { subject: Some("Hi".to_owned()), from: vec![from], to, ..Envelope::default() };
    let text = written(|out| write_envelope(out, &envelope, true));
    let address = "((\"Lü\" NIL \"lu\" \"a.test\"))";
    let group = "((NIL NIL \"friends\" NIL)(NIL NIL NIL NIL))";
    assert_eq!(text, format!("(NIL \"Hi\" {address} {address} {address} {group} NIL NIL NIL NIL)"));
}

#[test]
fn body_structures() {
    let plain = "(\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 12 2";
    let body = |body: &BodyStructure, extended| written(|out| write_body_structure(out, body, extended, false));
    assert_eq!(body(&text_part(), false), format!("{plain})"));
    assert_eq!(body(&text_part(), true), format!("{plain} NIL (\"inline\" NIL) (\"en\" \"zh\") NIL)"));
    let message = |inside| {
        BodyStructure::Single(Box::new(SinglePart {
            media_type: "message".to_owned(),
            subtype: "rfc822".to_owned(),
            size_bytes: 99,
            lines: 9,
            message: inside,
            ..SinglePart::default()
        }))
    };
    let nothing = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
    let head = format!("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 99 {nothing}");
    let with = message(Some((Envelope::default(), text_part())));
    assert_eq!(body(&with, false), format!("{head} {plain}) 9)"));
    let empty = "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)";
    assert_eq!(body(&message(None), false), format!("{head} {empty} 9)"));
    let multi = |parts| {
        BodyStructure::Multi(Box::new(MultiPart { subtype: "mixed".to_owned(), parts, ..MultiPart::default() }))
    };
    assert_eq!(body(&multi(vec![text_part(), text_part()]), false), format!("({plain}){plain}) \"mixed\")"));
    assert_eq!(
        body(&multi(Vec::new()), true),
        "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL) \"mixed\" NIL NIL NIL NIL)"
    );
    let deep = (0..200).fold(text_part(), |inside, _| multi(vec![inside]));
    assert!(body(&deep, false).contains("octet-stream"));
}

#[test]
fn fetch_items() {
    let names = vec!["From".to_owned(), "a\"b".to_owned()];
    let section = Section { part: vec![1, 2], text: SectionText::HeaderFields(names) };
    let text = line(|writer| {
        let mut fetch = Writer::new(writer.out, false).fetch(3);
        fetch.uid(9);
        fetch.flags(SystemFlags::SEEN, ["$Junk"]);
        fetch.internal_date(DateTime::utc(0));
        fetch.save_date(None);
        fetch.size(5);
        fetch.mod_seq(6);
        fetch.email_id("M1");
        fetch.preview(Some("hi"));
        fetch.section(&section, Some(0));
        fetch.literal(b"x\r\n");
        fetch.binary(&[2], None);
        fetch.literal8_head(1);
        fetch.out().push(b'y');
        fetch.section(&Section::default(), None);
        fetch.nil();
        fetch.binary_size(&[1], 4);
        fetch.finish();
    });
    assert_eq!(
        text,
        "* 3 FETCH (UID 9 FLAGS (\\Seen $Junk) INTERNALDATE \" 1-Jan-1970 00:00:00 +0000\" SAVEDATE NIL RFC822.SIZE 5 \
         MODSEQ (6) EMAILID (M1) PREVIEW \"hi\" BODY[1.2.HEADER.FIELDS (From \"a\\\"b\")]<0> {3}\r\nx\r\n BINARY[2] \
         ~{1}\r\ny BODY[] NIL BINARY.SIZE[1] 4)"
    );
}
