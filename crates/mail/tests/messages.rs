//! Every message of `tests/messages` with what is found in it, as a snapshot to review; and what holds for any octets.

#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::fmt::Write;
use std::path::Path;

use mail::message::text::{fold, search_text};
use mail::message::{DEPTH_MAX, EnvelopeAddress, PARTS_MAX, Part, Structure, Summary, SummaryRef, decode_part};
use proptest::prelude::*;

fn messages() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "eml"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn messages_are_read_as_reviewed() {
    for (name, raw) in messages() {
        let summary = Summary::parse(&raw);
        insta::assert_snapshot!(name, show(&raw, &summary));
    }
}

fn show(raw: &[u8], summary: &Summary) -> String {
    let mut out = String::new();
    let envelope = &summary.envelope;
    for (name, value) in [
        ("date", &envelope.date),
        ("subject", &envelope.subject),
        ("in-reply-to", &envelope.in_reply_to),
        ("message-id", &envelope.message_id),
        ("list", &summary.list_id),
    ] {
        let _ = writeln!(out, "{name}: {}", value.as_deref().unwrap_or("NIL"));
    }
    for (name, list) in [
        ("from", &envelope.from),
        ("sender", &envelope.sender),
        ("reply-to", &envelope.reply_to),
        ("to", &envelope.to),
        ("cc", &envelope.cc),
    ] {
        let _ = writeln!(out, "{name}: {}", list.iter().map(show_address).collect::<Vec<_>>().join(" "));
    }
    let sent = summary.sent.map(|sent| sent.to_string());
    let _ = writeln!(out, "sent: {}", sent.as_deref().unwrap_or("NIL"));
    let _ = writeln!(out, "base: {} ({})", summary.subject_base, summary.is_reply_or_forward);
    let _ = writeln!(out, "references: {}", summary.references.join(" "));
    let _ = writeln!(out, "attachment: {}", summary.has_attachment);
    let _ = writeln!(out, "preview: {}\n", summary.preview);
    for (index, part) in summary.structure.parts.iter().enumerate() {
        show_part(&mut out, raw, &summary.structure, index, part);
    }
    let text = search_text(raw, &summary.structure);
    let _ = writeln!(out, "search: {} | {}", fold(&text.subject), fold(&text.body));
    out
}

fn show_address(address: &EnvelopeAddress) -> String {
    let show = |part: &Option<String>| part.clone().unwrap_or_else(|| "NIL".to_owned());
    format!("({}|{}|{}|{})", show(&address.name), show(&address.adl), show(&address.mailbox), show(&address.host))
}

fn show_part(out: &mut String, raw: &[u8], structure: &Structure, index: usize, part: &Part) {
    let path: Vec<String> = structure.path_of(index).iter().map(u32::to_string).collect();
    let _ = writeln!(out, "[{}] {}/{} {:?}", path.join("."), part.media_type, part.subtype, part.params);
    let _ = writeln!(
        out,
        "  at {}..{}..{} lines {} children {} encoding {:?}",
        part.header_start, part.body_start, part.body_end, part.lines, part.children, part.encoding
    );
    if let Some(name) = part.file_name() {
        let _ = writeln!(out, "  named {name}");
    }
    let others = (&part.id, &part.description, &part.disposition, &part.language, &part.location, &part.md5);
    if others != (&None, &None, &None, &vec![], &None, &None) {
        let _ = writeln!(out, "  {others:?}");
    }
    let _ = writeln!(out, "  header {:?}", String::from_utf8_lossy(&raw[part.header_range()]));
    if part.children == 0 {
        match decode_part(raw, part) {
            Ok(content) => writeln!(out, "  body {:?}", String::from_utf8_lossy(&content)).unwrap(),
            Err(error) => writeln!(out, "  {error}").unwrap(),
        }
    }
}

#[track_caller]
fn section<'a>(raw: &'a [u8], path: &[u32]) -> (&'a str, &'a str) {
    let range = Structure::parse(raw).section(path).unwrap();
    let text = |range| std::str::from_utf8(&raw[range]).unwrap();
    (text(range.mime), text(range.body))
}

#[test]
fn sections_are_found() {
    let raw = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages/attached_message.eml")).unwrap();
    let structure = Structure::parse(&raw);
    assert_eq!(section(&raw, &[1]), ("\r\n", "please see below"));
    assert!(section(&raw, &[2]).0.starts_with("Content-Type: message/rfc822\r\n"));
    assert!(section(&raw, &[2]).1.starts_with("From: Inner Sender"));
    assert_eq!(section(&raw, &[2, 1]), ("Content-Type: text/plain\r\n\r\n", "inner text"));
    assert_eq!(section(&raw, &[2, 2, 1]).1, "deep text");
    let inner = structure.section(&[2, 2]).unwrap().message.unwrap();
    assert_eq!(&raw[inner.header], b"Subject: innermost\r\nFrom: deep@acme.example\r\n\r\n");
    assert_eq!(&raw[inner.text], b"deep text");
    let whole = structure.message().unwrap();
    assert_eq!(whole.header.end, whole.text.start);
    assert_eq!(whole.text.end, raw.len());
    for path in [&[0][..], &[3], &[1, 1], &[2, 3], &[2, 1, 1], &[2, 2, 2], &[2, 2, 1, 1]] {
        assert_eq!(structure.section(path), None, "{path:?}");
    }
    let single = b"Subject: x\r\n\r\nbody\r\n";
    assert_eq!(section(single, &[1]), ("Subject: x\r\n\r\n", "body\r\n"));
    assert_eq!(Structure::parse(single).section(&[2]), None);
    assert_eq!(Structure::parse(single).section(&[1, 1]), None);
}

/// Offsets in order, in range, children within their parent; sections agree with numbers; stored form gives it back.
fn check_any(raw: &[u8]) {
    let summary = Summary::parse(raw);
    let parts = &summary.structure.parts;
    assert!(!parts.is_empty() && parts.len() <= PARTS_MAX + DEPTH_MAX);
    let end = check_nesting(parts, 0, raw.len(), 0);
    assert_eq!(end, parts.len(), "every part has its place");
    assert!(summary.preview.chars().count() <= mail::message::PREVIEW_CHARS_MAX);
    let stored = summary.encode();
    assert_eq!(Summary::decode(&stored).as_ref(), Ok(&summary));
    let view = SummaryRef::parse(&stored).unwrap();
    for index in 0..parts.len().min(50) {
        let path = summary.structure.path_of(index);
        if !path.is_empty() {
            let range = summary.structure.section(&path).unwrap();
            assert_eq!(range.index, index, "{path:?}");
            assert_eq!(view.section(&path).unwrap(), Some(range));
        }
    }
    let text = search_text(raw, &summary.structure);
    let folded = fold(&text.body);
    assert_eq!(fold(&folded), folded, "folding twice changes nothing");
}

fn check_nesting(parts: &[Part], index: usize, end: usize, depth: usize) -> usize {
    assert!(depth <= DEPTH_MAX + 1);
    let part = &parts[index];
    assert!(part.header_start <= part.body_start && part.body_start <= part.body_end && part.body_end as usize <= end);
    assert_eq!(part.is_multipart(), part.children > 0 && part.envelope.is_none());
    let mut next = index + 1;
    let mut from = part.body_start;
    for _ in 0..part.children {
        assert!(parts[next].header_start >= from, "siblings follow one another");
        from = parts[next].body_end;
        next = check_nesting(parts, next, part.body_end as usize, depth + 1);
    }
    next
}

#[test]
fn limits_hold() {
    let mut deep = Vec::new();
    for level in 0..200 {
        deep.extend_from_slice(
            format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n").as_bytes(),
        );
    }
    check_any(&deep);
    assert!(Structure::parse(&deep).truncated);
    let mut wide = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_vec();
    for _ in 0..PARTS_MAX * 2 {
        wide.extend_from_slice(b"--b\r\n\r\nx\r\n");
    }
    check_any(&wide);
    assert!(Structure::parse(&wide).truncated);
    let messages = b"Content-Type: message/rfc822\r\n\r\n".repeat(500);
    check_any(&messages);
    check_any(b"");
}

/// Pieces out of which hostile messages are made.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<&[u8]> = vec![
        b"\r\n",
        b"\n",
        b"\r",
        b"--",
        b"--b\r\n",
        b"\r\n--b\r\n",
        b"\r\n--b--\r\n",
        b"\n--bb\n",
        b"--bb--",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
        b"Content-Type: multipart/digest; boundary=\"bb\"\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"Content-Type: message/global\n\n",
        b"Content-Type: text/html\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Type: text/plain; charset=gb18030\r\n\r\n",
        b"From: a@b\r\n",
        b"To: g: a@b, c;\r\n",
        b"Subject: Re: =?utf-8?q?",
        b"Message-ID: <a@b>\r\n",
        b"<p>&amp;",
        b" ",
        b"=E4=B8",
        b"\xb6\xa9",
        b"\xe4\xb8\xad",
        b"Content-Disposition: attachment; filename*0=\"",
    ];
    prop_oneof![
        8 => proptest::sample::select(texts).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_message(pieces in proptest::collection::vec(piece(), 0..40)) {
        check_any(&pieces.concat());
    }

    #[test]
    fn any_octets(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
        check_any(&raw);
    }

    #[test]
    fn damaged_summaries_are_refused_or_read(which in 0_usize..13, at in any::<prop::sample::Index>(), octet in any::<u8>(), cut in any::<bool>()) {
        let (_, raw) = &messages()[which];
        let mut stored = Summary::parse(raw).encode();
        let at = at.index(stored.len());
        if cut { stored.truncate(at) } else { stored[at] = octet }
        if let Ok(view) = SummaryRef::parse(&stored) {
            let _ = view.to_summary();
            let _ = view.section(&[1, 1]);
            let _ = view.preview();
            if let Ok(envelope) = view.envelope() {
                let _ = envelope.to.iter().count();
            }
        }
    }
}
