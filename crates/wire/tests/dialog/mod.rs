//! What transcripts of all protocols have in common.

/// The bytes of a client's line: `\r \n \0 \\ \xHH`, and `\{N*c}` for N times c.
pub(crate) fn unescape(line: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        out.extend(rest[..at].bytes());
        let escape = rest[at + 1..].chars().next().expect("an escape");
        rest = &rest[at + 2..];
        match escape {
            'r' => out.push(b'\r'),
            'n' => out.push(b'\n'),
            '0' => out.push(0),
            '\\' => out.push(b'\\'),
            'x' => {
                out.push(u8::from_str_radix(&rest[..2], 16).unwrap());
                rest = &rest[2..];
            }
            '{' => {
                let (inside, tail) = rest.split_once('}').unwrap();
                let (count, what) = inside.split_once('*').unwrap();
                out.extend(unescape(what).repeat(count.parse().unwrap()));
                rest = tail;
            }
            other => panic!("unknown escape \\{other}"),
        }
    }
    out.extend(rest.bytes());
    out
}
