use std::net::IpAddr;

use env::dns::{DnsError, Resolver};

use super::ZoneFile;

const MASTER: &str = r#"
$ORIGIN example.
$TTL 3600
@       IN SOA ns.example. hostmaster.example. (1 7200 ; serial, refresh
                900 1209600 300)
        IN NS  ns
bank    300 IN TXT "v=spf1 " "ip4:192.0.2.1 -all" ; two strings
bank    IN 300 A 192.0.2.1
        AAAA 2001:db8::1
bank    MX 20 mx2
        MX 10 mx1.other.test.
alias   CNAME bank
quoted  TXT "a \"b\" \\ \059"
bare    TXT v=DKIM1
1.2.0.192.in-addr.arpa. PTR Mail.Bank.example.
"#;

#[tokio::test]
async fn master_files() {
    let zone = ZoneFile::parse("zone.txt", MASTER).unwrap();
    assert_eq!(zone.txt("BANK.example.").await.unwrap(), ["v=spf1 ip4:192.0.2.1 -all"]);
    assert_eq!(zone.ipv4("alias.example").await.unwrap(), ["192.0.2.1".parse::<std::net::Ipv4Addr>().unwrap()]);
    assert_eq!(zone.ipv6("bank.example").await.unwrap().len(), 1);
    let hosts: Vec<String> = zone.mx("bank.example").await.unwrap().into_iter().map(|mx| mx.exchange).collect();
    assert_eq!(hosts, ["mx1.other.test", "mx2.example"]);
    assert_eq!(zone.txt("quoted.example").await.unwrap(), ["a \"b\" \\ ;"]);
    assert_eq!(zone.txt("bare.example").await.unwrap(), ["v=DKIM1"]);
    let client: IpAddr = "192.0.2.1".parse().unwrap();
    assert_eq!(zone.ptr(client).await.unwrap(), ["mail.bank.example"]);
    assert!(matches!(zone.txt("gone.example").await, Err(DnsError::NotFound { .. })));
}

#[tokio::test]
async fn maps_in_yaml() {
    let text = "zonedata:\n  a.example:\n    - SPF: v=spf1 -all\n    - A: 192.0.2.1\n  b.example:\n    - SPF: old\n    - TXT: \
                [part one, ' and two']\n  c.example:\n    - SPF: gone\n    - TXT: NONE\n    - TIMEOUT\n  d.example: []\n  e.example:\n    - A: 192.0.2.2\n    - TIMEOUT\n    - \
                AAAA: TIMEOUT\n  loop.example:\n    - CNAME: loop.example\n  f.example:\n    - TIMEOUT: true\n";
    let zone = ZoneFile::parse("cases", text).unwrap();
    assert_eq!(zone.txt("a.example").await.unwrap(), ["v=spf1 -all"]);
    assert_eq!(zone.txt("b.example").await.unwrap(), ["part one and two"]);
    assert!(matches!(zone.txt("c.example").await, Err(DnsError::Temporary { .. })));
    assert!(matches!(zone.txt("d.example").await, Err(DnsError::NotFound { .. })));
    assert!(zone.ipv4("e.example").await.is_ok());
    assert!(matches!(zone.ipv6("e.example").await, Err(DnsError::Temporary { .. })));
    assert!(matches!(zone.ipv4("loop.example").await, Err(DnsError::Temporary { .. })));
    assert!(matches!(zone.txt("f.example").await, Err(DnsError::Temporary { .. })));
    let json = ZoneFile::parse("zone.json", r#"{"a.example": [{"MX": [10, "mx.a.example"]}]}"#).unwrap();
    assert_eq!(json.mx("a.example").await.unwrap()[0].preference, 10);
}

/// Every form that the public tests of SPF write: a whole file of theirs, with what else stands in it.
const SUITE: &str = r#"
# A comment.
description: Forms of records
comment: >-
  Text over
  several lines.
tests:
  first:
    description: not a zone
    spec: [4.4/1, 4.5/1]
    helo: mail.example.com
    host: 1.2.3.4
    mailfrom: foo@strings.example.com
    result: [fail, permerror]
zonedata:
  Strings.Example.COM:
    - TXT: ['v=spf1 ', "ip4:1.2.3.4", " -all"]
  old.example.com:
    - SPF: v=spf1 -all
  "both.example.com":
    - SPF: v=spf1 +all
    - TXT: v=spf1 -all
  none.example.com:
    - SPF: v=spf1 -all
    - TXT: NONE
  nothing.example.com:
    - TXT: NONE
  late.example.com:
    - TXT: v=spf1 a -all
    - TIMEOUT
  silent.example.com:
    - TIMEOUT
  oldlate.example.com:
    - SPF: TIMEOUT
  mail.example.com:
    - A: 1.2.3.4
    - A: 1.2.3.5
    - AAAA: CAFE:BABE::1
    - MX: [20, mail2.example.com]
    - MX: [10, 'mail1.example.com.']
  null.example.com:
    - MX: [0, '']
  alias.example.com:
    - CNAME: mail.example.com
  4.3.2.1.in-addr.arpa:
    - PTR: e4.example.com
    - PTR: mail.example.com
  1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.E.B.A.B.E.F.A.C.ip6.arpa:
    - PTR: mail.example.com
  folded.example.com:
    - TXT: "v=spf1 \
        ip4:1.2.3.4 \x2dall"
  empty.example.com: []
"#;

#[tokio::test]
async fn a_file_of_the_public_tests() {
    let zone = ZoneFile::parse("suite.yml", SUITE).unwrap();
    for (name, expected) in [
        ("strings.example.com", Some("v=spf1 ip4:1.2.3.4 -all")),
        ("old.example.com", Some("v=spf1 -all")),
        ("both.example.com", Some("v=spf1 -all")),
        ("late.example.com", Some("v=spf1 a -all")),
        ("folded.example.com", Some("v=spf1 ip4:1.2.3.4 -all")),
        ("none.example.com", None),
        ("nothing.example.com", None),
        ("empty.example.com", None),
        ("first", None),
    ] {
        match (zone.txt(name).await, expected) {
            (Ok(texts), Some(expected)) => assert_eq!(texts, [expected], "{name}"),
            (Err(DnsError::NotFound { .. }), None) => {}
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
    for name in ["silent.example.com", "oldlate.example.com"] {
        assert!(matches!(zone.txt(name).await, Err(DnsError::Temporary { .. })), "{name}");
    }
    assert!(matches!(zone.ipv4("late.example.com").await, Err(DnsError::Temporary { .. })));
    assert_eq!(zone.ipv4("alias.example.com").await.unwrap().len(), 2);
    assert_eq!(zone.ipv6("mail.example.com").await.unwrap()[0].to_string(), "cafe:babe::1");
    let hosts: Vec<String> = zone.mx("mail.example.com").await.unwrap().into_iter().map(|mx| mx.exchange).collect();
    assert_eq!(hosts, ["mail1.example.com", "mail2.example.com"]);
    let null = zone.mx("null.example.com").await.unwrap();
    assert_eq!((null[0].preference, null[0].exchange.as_str()), (0, ""));
    let client: IpAddr = "1.2.3.4".parse().unwrap();
    assert_eq!(zone.ptr(client).await.unwrap(), ["e4.example.com", "mail.example.com"]);
    let client: IpAddr = "cafe:babe::1".parse().unwrap();
    assert_eq!(zone.ptr(client).await.unwrap(), ["mail.example.com"]);
}

#[tokio::test]
async fn further_forms_of_master_files() {
    let text = "; made by hand\n$TTL 1h\n$ORIGIN example.\n$ORIGIN sub\n@ 2d IN TXT ( \"v=spf1 \" ; first\n\
        \t\t\"ip4:192.0.2.1 \"\n\n\t\t\"-all\" )\n\tIN 5m A ( 192.0.2.1 )\nmx IN MX 0 .\n\
        key._domainkey (\n IN TXT\n \"v=DKIM1; k=rsa; \" \"p=AB\\\"C\\\\D\\059\" )\nold SPF \"v=spf1 -all\"\n\
        $ORIGIN .\nother.test 60 CNAME sub.example\nAbsolute.Test. IN TXT one\n";
    let zone = ZoneFile::parse("zone", text).unwrap();
    for (name, expected) in [
        ("sub.example", "v=spf1 ip4:192.0.2.1 -all"),
        ("key._domainkey.sub.example", "v=DKIM1; k=rsa; p=AB\"C\\D;"),
        ("old.sub.example", "v=spf1 -all"),
        ("other.test", "v=spf1 ip4:192.0.2.1 -all"),
        ("absolute.test", "one"),
    ] {
        assert_eq!(zone.txt(name).await.unwrap(), [expected], "{name}");
    }
    assert_eq!(zone.ipv4("sub.example").await.unwrap().len(), 1);
    assert_eq!(zone.mx("mx.sub.example").await.unwrap()[0].exchange, "");
}

#[test]
fn faults_are_named_by_file_line_and_remedy() {
    for (file, text, expected) in [
        (
            "z.yaml",
            "a.example:\n  - A: 192.0.2.1\nb.example:\n  - A: 192.0.2.999\n",
            "z.yaml:4: `192.0.2.999` is no IPv4 address; write each",
        ),
        ("z", "a.example:\n  - MX: [10]\n", "z:2: MX takes a preference and a host, not 1 values; write each"),
        ("z", "a.example:\n  - BOGUS: 1\n", "z:2: `BOGUS` is no record type; write each"),
        ("z", "a.example: 5\n", "z:1: the records of `a.example` are no list; write each"),
        ("z", "a.example:\n  - A: *x\n", "z:2: "),
        ("z.yaml", "- a\n- b\n", "z.yaml:1: is no map of names; write each"),
        ("z", "a:\n  - A: 192.0.2.1\n---\nb:\n  - A: 192.0.2.1\n", "holds more than one document"),
        ("z", "a.example. IN A 192.0.2.1\nb.example. IN A nowhere\n", "z:2: `nowhere` is no IPv4 address; write a map"),
        ("z", "a.example. IN TXT \"open\n", "z:1: a quotation mark is not closed; write a map"),
        ("z", "a.example. IN TXT (\"open\"\n", "a parenthesis is not closed"),
        ("z", "$INCLUDE other\n", "z:1: `$INCLUDE` is not understood; write a map"),
        ("z", "a.example. IN FOO 1\n", "z:1: `FOO` is no record type"),
        ("z", "a.example. IN\n", "a record lacks its type"),
        ("z", "", "z:1: holds no record; write a map"),
        ("z.yaml", "a: [\n", "z.yaml:"),
    ] {
        let error = ZoneFile::parse(file, text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("a.example: {}{}", "[".repeat(40), "]".repeat(40));
    let error = ZoneFile::parse("z.yaml", &text).unwrap_err().to_string();
    assert!(error.contains("nested too deep"), "{error}");
}
