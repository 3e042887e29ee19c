use super::{Ambiguity, AuthorIdentity, author};

fn read(from: &str) -> Result<String, Ambiguity> {
    match author(format!("Received: x\r\nFrom: {from}\r\nTo: b@b.example\r\n\r\nFrom: c@c.example\r\n").as_bytes()) {
        AuthorIdentity::Domain(domain) => Ok(domain),
        AuthorIdentity::Ambiguous(why) => Err(why),
    }
}

#[test]
fn ordinary_authors() {
    for from in [
        "a@b.example",
        "<a@b.example>",
        "Ann <a@b.example>",
        "\"Ann, of B\" <a@B.Example>",
        "Ann (at B) <a@b.example> (again)",
        "=?utf-8?B?5byg5Lyf?= <a@b.example>",
        "=?utf-8?Q?J=C3=B6rg?= =?iso-8859-1?Q?M=FCller?= <a@b.example>",
        "张伟 <a@b.example>",
        "Ann\r\n <a@b.example>",
        "\"Ann \\\"the boss\\\" B\" <a@b.example>",
        "\"john smith\"@b.example",
        "a+tag.x@b.example",
        "O'Neil <a@b.example>",
        "dependabot[bot] <a@b.example>",
        "J. R. Smith <a@b.example>",
        "\"a@other.example via B\" <a@b.example>",
    ] {
        assert_eq!(read(from).as_deref(), Ok("b.example"), "{from}");
    }
    assert_eq!(read("a@bücher.example").as_deref(), Ok("xn--bcher-kva.example"));
    assert_eq!(author(b"from: a@b.example\n\nbody").domain(), Some("b.example"));
}

#[test]
fn octets_that_are_no_text() {
    let with = |from: &[u8]| author(&[b"From: ", from, b"\r\n\r\n"].concat());
    assert_eq!(with(b"\xff <a@b.example>"), AuthorIdentity::Ambiguous(Ambiguity::Undecodable));
    assert_eq!(with(b"a@b.example\x01"), AuthorIdentity::Ambiguous(Ambiguity::Control));
    assert_eq!(author(b""), AuthorIdentity::Ambiguous(Ambiguity::Missing));
    assert_eq!(author(b"\r\nFrom: a@b.example\r\n"), AuthorIdentity::Ambiguous(Ambiguity::Missing));
    assert_eq!(author(b"From: a@b.example\r"), AuthorIdentity::Ambiguous(Ambiguity::Control));
}

#[test]
fn sizes_are_bounded() {
    assert_eq!(read(&format!("\"{}\" <a@b.example>", "x".repeat(20_000))), Err(Ambiguity::Malformed));
    assert_eq!(read(&format!("{}@b.example", "x".repeat(65))), Err(Ambiguity::Malformed));
    assert_eq!(read(&format!("{} a@b.example", "(".repeat(5_000))), Err(Ambiguity::Malformed));
}
