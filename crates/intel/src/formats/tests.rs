use std::io::Cursor;

use super::*;

const NOW: &str = "2026-11-26T12:00:00Z";

fn read_all(text: &str, format: Format) -> Result<(EntrySet, Counts), FormatError> {
    let never = Never::new(["trade.example"]);
    read(&mut Cursor::new(text.as_bytes()), format, &never, (1, 1000), NOW)
}

#[test]
fn lines_with_comments_and_hosts() {
    let text = "\u{feff}# comment\r\nhttp://bad.example/a\r\n\n! also\n0.0.0.0 ads.example\nevil.example # why\nnonsense here\ntrade.example\n";
    let (set, counts) = read_all(text, Format::Lines).unwrap();
    assert!(set.has_url("bad.example", "/a"));
    assert_eq!(set.domain_above("x.ads.example"), Some("ads.example"));
    assert_eq!(set.domain_above("evil.example"), Some("evil.example"));
    assert_eq!(set.domain_above("trade.example"), None);
    let expected = Counts { entries: 3, refused: 1, unknown: 1, first_unknown: "nonsense here".into() };
    assert_eq!(counts, expected);
}

#[test]
fn an_error_page_is_no_feed() {
    let error = read_all("<html>\n<body>\n503 try later\n</body>\n</html>\n", Format::Lines).unwrap_err();
    assert!(matches!(error, FormatError::Foreign { unknown: 5, .. }), "{error}");
    assert!(matches!(read_all("# nothing\n", Format::Lines), Err(FormatError::Empty)));
    assert!(matches!(read_all("<html>,x\n", Format::Csv), Err(FormatError::Form { .. })));
    assert!(matches!(read_all("{\"a\": 1}", Format::Misp), Err(FormatError::Form { .. })));
    assert!(matches!(read_all("{\"a\": 1}", Format::Stix), Err(FormatError::Form { .. })));
    assert!(matches!(read_all("{", Format::Stix), Err(FormatError::Form { .. })));
}

#[test]
fn too_many_are_refused() {
    let text: String = (0..1001).map(|n| format!("n{n}.example\n")).collect();
    assert!(matches!(read_all(&text, Format::Lines), Err(FormatError::TooMany { entries_max: 1000 })));
}

#[test]
fn tables_as_urlhaus_and_phishtank_write_them() {
    let urlhaus = "################\n# abuse.ch URLhaus #\n# id,dateadded,url,url_status,last_online,threat,tags\n\"1\",\"2026-11-26 10:00:00\",\"http://bad.example/x,y\",\"online\",\"\",\"malware\",\"a,b\"\n";
    assert!(read_all(urlhaus, Format::Csv).unwrap().0.has_url("bad.example", "/x,y"));
    let phishtank = "phish_id,url,phish_detail_url,submission_time\n7,https://bad.example/login?a=1,http://phishtank.example/7,2026\n";
    let (set, counts) = read_all(phishtank, Format::Csv).unwrap();
    assert!(set.has_url("bad.example", "/login?a=1"));
    assert_eq!((counts.entries, counts.unknown), (1, 0));
}

#[test]
fn misp_attributes_that_are_meant_for_detection() {
    let digest = "AB".repeat(32);
    let text = format!(
        r#"{{"response": [{{"Event": {{"info": "x", "Attribute": [
            {{"type": "url", "value": "http://bad.example/a", "to_ids": true}},
            {{"type": "domain", "value": "honest.example", "to_ids": false}},
            {{"type": "domain", "value": "deleted.example", "to_ids": true, "deleted": true}},
            {{"type": "domain|ip", "value": "evil.example|192.0.2.1", "to_ids": true}},
            {{"type": "comment", "value": "words"}},
            {{"type": "sha256", "value": "no.digest.example", "to_ids": true}}
          ], "Object": [{{"Attribute": [{{"type": "filename|sha256", "value": "a.exe|{digest}", "to_ids": true}}]}}]}}}}]}}"#
    );
    let (set, counts) = read_all(&text, Format::Misp).unwrap();
    assert!(set.has_url("bad.example", "/a") && set.has_file(&[0xab; 32]));
    assert_eq!(set.domain_above("evil.example"), Some("evil.example"));
    assert_eq!([set.domain_above("honest.example"), set.domain_above("deleted.example")], [None, None]);
    assert_eq!((counts.entries, counts.unknown), (3, 1));
}

#[test]
fn stix_indicators_in_force() {
    let indicator = |pattern: &str, more: &str| {
        format!(r#"{{"type": "indicator", "pattern_type": "stix", "pattern": {}{more}}}"#, serde_json::json!(pattern))
    };
    let objects = [
        indicator("[url:value = 'http://bad.example/it\\'s']", ""),
        indicator(
            "[domain-name:value='evil.example' OR ipv4-addr:value = '198.51.100.0/24'] OR [email-addr:value = 'a@far.example']",
            "",
        ),
        indicator("[domain-name:value = 'old.example']", r#", "valid_until": "2026-11-26T11:59:59.5Z""#),
        indicator("[domain-name:value = 'current.example']", r#", "valid_until": "2026-11-27T00:00:00Z""#),
        indicator("[domain-name:value = 'revoked.example']", r#", "revoked": true"#),
        indicator("[domain-name:value = 'half.example' AND file:name = 'a']", ""),
        indicator("[domain-name:value != 'honest.example']", ""),
        indicator("[file:name = 'evil.example']", ""),
        r#"{"type": "identity", "name": "x"}"#.to_owned(),
    ];
    let text = format!(r#"{{"type": "bundle", "id": "bundle--1", "objects": [{}]}}"#, objects.join(","));
    let (set, counts) = read_all(&text, Format::Stix).unwrap();
    assert!(set.has_url("bad.example", "/it's"));
    assert!(set.network_around("198.51.100.7".parse().unwrap()).is_some() && set.has_mailbox("a@far.example"));
    assert_eq!(set.domain_above("current.example"), Some("current.example"));
    for name in ["old.example", "revoked.example", "half.example", "honest.example"] {
        assert_eq!(set.domain_above(name), None, "{name}");
    }
    assert_eq!((counts.entries, counts.unknown), (5, 3));
}

#[test]
fn a_line_without_end_is_cut() {
    let text = format!("{}\nevil.example", "a".repeat(1 << 20));
    let (set, counts) = read_all(&text, Format::Lines).unwrap();
    assert_eq!((set.len(), counts.unknown), (1, 1));
}
