//! Makes questions about SPF by the grammar of RFC 7208 section 12, most of them sound, some broken.

use harness::Chance;
use serde_json::{Map, Value, json};

/// What a case asks, with all of DNS that it can see.
pub(crate) struct Case {
    pub(crate) client: &'static str,
    pub(crate) helo: String,
    pub(crate) mail_from: String,
    /// Name to records, as `mailauth::zone` reads them.
    pub(crate) zone: Map<String, Value>,
}

/// Addresses at the borders of the networks that the records name.
const CLIENTS: [&str; 11] = [
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.127",
    "192.0.2.128",
    "192.0.3.0",
    "203.0.113.255",
    "2001:db8::1",
    "2001:db8:0:1::",
    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "::ffff:192.0.2.1",
];
const NETWORKS4: [&str; 6] = ["192.0.2.1", "192.0.2.0", "192.0.2.128", "192.0.3.0", "203.0.113.255", "0.0.0.0"];
const NETWORKS6: [&str; 7] =
    ["2001:db8::1", "2001:DB8::", "2001:db8:0:1::", "::", "::1", "2001:db8::192.0.2.1", "1:2:3:4:5:6:7:8"];
const BAD_NETWORKS: [&str; 12] = [
    "192.0.2",
    "192.0.2.256",
    "192.0.2.01",
    "192.0.2.1.1",
    "1.2.3.4x",
    "",
    "2001:db8",
    ":::",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "2001:db8::g",
    "::1%eth0",
];
const LOCALS: [&str; 12] =
    ["ann", "h0", "p1", "h1-x", "ann+tag=a", "a.b-c_d", "A.Lice", "\"a b\"", "\"a@b\"", "a/b", "50%", "ü"];
const BROKEN_TERMS: [&str; 34] = [
    "all:x",
    "all/8",
    "all.",
    "-",
    "--all",
    "=all",
    "a:",
    "a=",
    "mx:",
    "ptr:",
    "ptr/0",
    "exists",
    "exists:",
    "exists:h0.test/8",
    "include",
    "include:",
    "include:p1.test/8",
    "ip4",
    "ip4:",
    "ip6:",
    "redirect=",
    "exp=",
    "redirect",
    "exp",
    "ipv4:192.0.2.1",
    "moo",
    "moo:x.test",
    "1x=y",
    "x=%{c}",
    "x=%",
    "=x",
    "a,mx",
    "mx,",
    "_a",
];
const BROKEN_DOMAINS: [&str; 21] = [
    "h0",
    "h0.123",
    "h0.test:80",
    "h0..test",
    "%{d",
    "%(d).test",
    "%{x}.test",
    "%{c}.test",
    "%{d0}.test",
    "%",
    "h0.te-st",
    "h0.-test",
    "h0.test-",
    "%{d}%",
    "%{d}test",
    "h0.test%%",
    "%{d*}.test",
    "%{d2x}.test",
    "%{dr2}.test",
    "%{}.test",
    "h0.test/",
];
const BROKEN_PREFIXES: [&str; 13] = [
    "/33",
    "/024",
    "//129",
    "/",
    "//",
    "/24/64",
    "/a",
    "/00",
    "/-1",
    "//064",
    "/24//",
    "///24",
    "/99999999999999999999",
];
const HOSTS: u64 = 5;
const POLICIES: u64 = 5;
const EXCHANGES: u64 = 3;

pub(crate) fn one<'a>(chance: &mut Chance, things: &[&'a str]) -> &'a str {
    chance.pick(things).copied().unwrap_or_default()
}

pub(crate) fn percent(chance: &mut Chance, share: u64) -> bool {
    chance.below(100) < share
}

/// The next case.
pub(crate) fn make(chance: &mut Chance) -> Case {
    let client = chance.pick(&CLIENTS).copied().unwrap_or(CLIENTS[0]);
    let is_broken = percent(chance, 30);
    let mut zone = Map::new();
    for number in 0..HOSTS {
        let records = host(chance);
        zone.insert(format!("h{number}.test"), records);
    }
    for number in 0..EXCHANGES {
        let records = exchange(chance);
        zone.insert(format!("m{number}.test"), records);
    }
    for number in 0..2 {
        let records = explanation(chance);
        zone.insert(format!("e{number}.test"), records);
    }
    for number in 0..POLICIES {
        let is_broken = is_broken && percent(chance, 40);
        let records = policy(chance, is_broken);
        zone.insert(format!("p{number}.test"), records);
    }
    zone.insert("single".to_owned(), json!([{ "TXT": "v=spf1 +all" }]));
    pointers(chance, client, &mut zone);
    let helo = helo(chance);
    Case { client, helo, mail_from: sender(chance), zone }
}

fn sender(chance: &mut Chance) -> String {
    let local = one(chance, &LOCALS);
    match chance.below(40) {
        0..=29 => format!("{local}@p0.test"),
        30 => format!("{local}@P0.Test"),
        31 => format!("{local}@h0.p0.test"),
        32 | 33 => String::new(),
        34 => "@p0.test".to_owned(),
        35 => "p0.test".to_owned(),
        36 => format!("{local}@p0.test."),
        37 => "postmaster@p0.test".to_owned(),
        _ => {
            let long = format!("{}.test", "x".repeat(64));
            let domain =
                one(chance, &["single", "[192.0.2.1]", "p0..test", ".p0.test", "", "192.0.2.1", "ü.test", &long])
                    .to_owned();
            format!("{local}@{domain}")
        }
    }
}

fn helo(chance: &mut Chance) -> String {
    one(
        chance,
        &[
            "h0.test",
            "p0.test",
            "p1.test",
            "P0.TEST",
            "H-1.h1.Test",
            "single",
            "[192.0.2.1]",
            "odd_name.test",
            "p0..test",
        ],
    )
    .to_owned()
}

fn host(chance: &mut Chance) -> Value {
    match chance.below(12) {
        0 => json!(["TIMEOUT"]),
        1 => json!([]),
        2 => json!([{ "CNAME": one(chance, &["h1.test", "h2.test", "gone.test", "H3.test."]) }]),
        3 => json!([{ "A": one(chance, &NETWORKS4) }]),
        4 => json!([{ "AAAA": one(chance, &NETWORKS6) }]),
        _ => {
            let mut records = vec![json!({ "A": one(chance, &NETWORKS4) }), json!({ "AAAA": one(chance, &NETWORKS6) })];
            if percent(chance, 40) {
                records.push(json!({ "A": one(chance, &NETWORKS4) }));
                records.push(json!({ "AAAA": one(chance, &NETWORKS6) }));
            }
            Value::Array(records)
        }
    }
}

fn exchange(chance: &mut Chance) -> Value {
    let count = match chance.below(10) {
        0 => 0,
        1 => 9 + chance.below(3),
        _ => 1 + chance.below(3),
    };
    let mut records: Vec<Value> = (0..count)
        .map(|number| {
            let host = format!("h{}.test", chance.below(HOSTS));
            json!({ "MX": [number.to_string(), one(chance, &[&host, &host, &host, "gone.test"])] })
        })
        .collect();
    if percent(chance, 5) {
        records = vec![json!({ "MX": ["0", "."] })];
    }
    if percent(chance, 5) {
        records = vec![json!("TIMEOUT")];
    }
    Value::Array(records)
}

fn explanation(chance: &mut Chance) -> Value {
    if percent(chance, 5) {
        return json!(["TIMEOUT"]);
    }
    let mut text = "why".to_owned();
    for _ in 0..chance.below(6) {
        text.push(' ');
        let part = if percent(chance, 3) {
            one(chance, &["%", "%{d", "%{z}", "%(d)", "é", "%{d0}"]).to_owned()
        } else {
            macro_text(chance, "slodipvhcrt")
        };
        text.push_str(&part);
        text.push_str(one(chance, &["", "", "%%", "%_", "%-", " ok", "/x?y=z"]));
    }
    let mut records = vec![text_record(chance, &text)];
    if percent(chance, 4) {
        records.push(json!({ "TXT": "a second one" }));
    }
    Value::Array(records)
}

/// A text in one string or in several.
fn text_record(chance: &mut Chance, text: &str) -> Value {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() < 2 || (characters.len() <= 255 && percent(chance, 70)) {
        return json!({ "TXT": text });
    }
    let size = 1 + chance.below(characters.len().min(200) as u64 - 1) as usize;
    let parts: Vec<String> = characters.chunks(size).map(|part| part.iter().collect()).collect();
    json!({ "TXT": parts })
}

fn macro_text(chance: &mut Chance, letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let mut letter = chance.pick(&letters).copied().unwrap_or('d');
    if percent(chance, 25) {
        letter = letter.to_ascii_uppercase();
    }
    let digits = one(chance, &["", "", "", "1", "2", "3", "10", "200"]);
    let reverse = one(chance, &["", "", "r", "r", "R"]);
    let delimiters = one(chance, &["", "", "", ".", "-", "+-", ".-+,/_=", "_", "="]);
    format!("%{{{letter}{digits}{reverse}{delimiters}}}")
}

fn policy(chance: &mut Chance, is_broken: bool) -> Value {
    match chance.below(30) {
        0 => return json!(["TIMEOUT"]),
        1 => return json!([]),
        2 => return json!([{ "CNAME": format!("p{}.test", chance.below(POLICIES)) }]),
        3 => {
            return json!([{ "TXT": one(chance, &["v=spf10 -all", "spf1 -all", "v=spf1", "V=SPF1 ", "v=spf1-all", " v=spf1 -all", "v=spf1\t-all"]) }]);
        }
        _ => {}
    }
    let mut terms: Vec<String> = Vec::new();
    let count = if percent(chance, 10) { 8 + chance.below(5) } else { chance.below(5) };
    for _ in 0..count {
        terms.push(if is_broken && percent(chance, 25) { broken_term(chance) } else { term(chance) });
    }
    if percent(chance, 35) {
        let place = chance.below(terms.len() as u64 + 1) as usize;
        terms.insert(place, format!("{}={}", one(chance, &["exp", "exp", "exp", "EXP"]), name_of(chance, 'e')));
    }
    if percent(chance, 25) {
        let place = chance.below(terms.len() as u64 + 1) as usize;
        terms.insert(
            place,
            format!("{}={}", one(chance, &["redirect", "redirect", "redirect", "Redirect"]), name_of(chance, 'p')),
        );
    } else if percent(chance, 80) {
        terms.push(format!("{}all", one(chance, &["-", "-", "-", "~", "?", "+", ""])));
    }
    if is_broken && percent(chance, 60) {
        let place = chance.below(terms.len() as u64 + 1) as usize;
        let term = broken_term(chance);
        terms.insert(place, term);
    }
    let mut text = format!(
        "{}{}",
        one(chance, &["v=spf1", "v=spf1", "v=spf1", "V=sPf1"]),
        if terms.is_empty() { "" } else { " " }
    );
    text.push_str(&terms.join(one(chance, &[" ", " ", " ", "  "])));
    if percent(chance, 4) {
        text.push(' ');
    }
    if is_broken && percent(chance, 4) {
        text.push_str(one(chance, &["é", "\t", " \u{7f}", " ,"]));
    }
    let mut records = vec![text_record(chance, &text)];
    if percent(chance, 15) {
        records.insert(0, json!({ "TXT": one(chance, &["some other text", "v=spf10 x", "ünrelated"]) }));
    }
    if percent(chance, 2) {
        records.push(json!({ "TXT": "v=spf1 ?all" }));
    }
    Value::Array(records)
}

/// A name of the kind that a term wants: `h`ost, e`x`changes, `p`olicy, `e`xplanation.
fn name_of(chance: &mut Chance, kind: char) -> String {
    let (letter, count) = match kind {
        'h' => ('h', HOSTS),
        'x' => ('m', EXCHANGES),
        'e' => ('e', 2),
        _ => ('p', POLICIES),
    };
    let first = if kind == 'p' { 1 } else { 0 };
    let number = first + chance.below(count - first);
    match chance.below(20) {
        0 => format!("{letter}{number}.test."),
        1 => format!("{}{number}.TEST", letter.to_ascii_uppercase()),
        2 => format!("{letter}{number}.%{{d1}}"),
        3 => format!("{letter}{number}.%{{o1r}}"),
        4 => "%{l}.test".to_owned(),
        5 => "gone.test".to_owned(),
        6 => "%{d}".to_owned(),
        7 => "%{p}".to_owned(),
        _ => format!("{letter}{number}.test"),
    }
}

fn prefixes(chance: &mut Chance) -> String {
    let ip4 = one(chance, &["", "", "", "/32", "/31", "/25", "/24", "/23", "/1", "/0"]);
    let ip6 = one(chance, &["", "", "", "//128", "//127", "//64", "//48", "//32", "//31", "//0"]);
    format!("{ip4}{ip6}")
}

fn cased(chance: &mut Chance, name: &str) -> String {
    if percent(chance, 8) { name.to_ascii_uppercase() } else { name.to_owned() }
}

fn term(chance: &mut Chance) -> String {
    let qualifier = one(chance, &["", "", "", "+", "-", "~", "?"]);
    let text = match chance.below(20) {
        0..=1 => format!(
            "{}:{}{}",
            cased(chance, "ip4"),
            one(chance, &NETWORKS4),
            one(chance, &["", "/32", "/25", "/24", "/23", "/0"])
        ),
        2..=3 => {
            format!(
                "{}:{}{}",
                cased(chance, "ip6"),
                one(chance, &NETWORKS6),
                one(chance, &["", "/128", "/64", "/48", "/32", "/31", "/0"])
            )
        }
        4..=6 => format!("{}:{}{}", cased(chance, "a"), name_of(chance, 'h'), prefixes(chance)),
        7 => format!("{}{}", one(chance, &["a", "mx"]), prefixes(chance)),
        8..=9 => format!("{}:{}{}", cased(chance, "mx"), name_of(chance, 'x'), prefixes(chance)),
        10 => cased(chance, "ptr"),
        11 => format!("ptr:{}", one(chance, &["test", "h0.test", "H1.Test", "%{d1}", "x.test", "com.example"])),
        12..=15 => {
            let labels: Vec<String> = (0..=chance.below(2)).map(|_| macro_text(chance, "slodipvh")).collect();
            format!("{}:{}.coin.test", cased(chance, "exists"), labels.join(one(chance, &[".", "-", "", "%%", "._x."])))
        }
        16 => {
            return format!(
                "{}={}",
                one(chance, &["x", "moo", "a.b-c_d"]),
                one(chance, &["", "1", "%{d}", "a/b:c", "%%"])
            );
        }
        _ => format!("{}:{}", cased(chance, "include"), name_of(chance, 'p')),
    };
    format!("{qualifier}{text}")
}

fn broken_term(chance: &mut Chance) -> String {
    match chance.below(6) {
        0 => one(chance, &BROKEN_TERMS).to_owned(),
        1 => format!("{}:{}", one(chance, &["a", "mx", "include", "exists", "ptr"]), one(chance, &BROKEN_DOMAINS)),
        2 => format!("{}={}", one(chance, &["redirect", "exp", "x"]), one(chance, &BROKEN_DOMAINS)),
        3 => format!(
            "{}{}",
            one(chance, &["a", "mx", "a:h0.test", "mx:m0.test", "ip4:192.0.2.0", "ip6:2001:db8::"]),
            one(chance, &BROKEN_PREFIXES)
        ),
        4 => format!("{}:{}", one(chance, &["ip4", "ip6", "a"]), one(chance, &BAD_NETWORKS)),
        // Names that no question can be asked for, and ones that are too long.
        _ => {
            let label = "y".repeat(60 + chance.below(6) as usize);
            let labels = vec![label; 1 + chance.below(5) as usize].join(".");
            format!("{}:{labels}.coin.test", one(chance, &["exists", "a", "mx"]))
        }
    }
}

/// Host names of the client, most of which lead back to it.
fn pointers(chance: &mut Chance, client: &str, zone: &mut Map<String, Value>) {
    let Ok(address) = client.parse::<std::net::IpAddr>() else { return };
    let address = address.to_canonical();
    let (kind, name) = match address {
        std::net::IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            ("A", format!("{d}.{c}.{b}.{a}.in-addr.arpa"))
        }
        std::net::IpAddr::V6(address) => {
            let digits: Vec<String> = format!("{:032x}", address.to_bits()).chars().rev().map(String::from).collect();
            ("AAAA", format!("{}.ip6.arpa", digits.join(".")))
        }
    };
    if percent(chance, 5) {
        zone.insert(name, json!(["TIMEOUT"]));
        return;
    }
    let count = if percent(chance, 10) { 9 + chance.below(3) } else { chance.below(4) };
    let mut records = Vec::new();
    for number in 0..count {
        let host = format!("c{number}.{}", one(chance, &["x.test", "p0.test", "h0.test", "p1.test", "example.com"]));
        records.push(json!({ "PTR": host }));
        let back = match chance.below(12) {
            0..=8 => json!([{ kind: address.to_string() }]),
            9 => json!([{ "A": "198.51.100.1" }, { "AAAA": "2001:db8:9::9" }]),
            10 => json!([]),
            _ => json!(["TIMEOUT"]),
        };
        zone.insert(host, back);
    }
    zone.insert(name, Value::Array(records));
}
