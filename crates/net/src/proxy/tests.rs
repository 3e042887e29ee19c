use super::*;

fn client(source: &str, destination: &str) -> Origin {
    Origin::Client { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
}

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let mut header = V2_SIGNATURE.to_vec();
    header.extend([0x20 | command, family]);
    header.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    header.extend(body);
    header
}

fn v2_over_ipv4() -> Vec<u8> {
    // The addresses, and an extension (type 4, no operation) that is skipped.
    v2(1, 0x11, &[192, 0, 2, 1, 198, 51, 100, 7, 0x1f, 0x90, 0, 25, 4, 0, 1, 0])
}

#[test]
fn headers_are_understood_under_every_split() {
    let mut over_ipv6 = Vec::new();
    over_ipv6.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
    over_ipv6.extend("2001:db8::2".parse::<Ipv6Addr>().unwrap().octets());
    over_ipv6.extend([0, 80, 1, 187]);
    let cases = [
        (b"PROXY TCP4 192.0.2.1 198.51.100.7 8080 25\r\n".to_vec(), client("192.0.2.1:8080", "198.51.100.7:25")),
        (b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n".to_vec(), client("[2001:db8::1]:1", "[::1]:65535")),
        (b"PROXY UNKNOWN anything at all\r\n".to_vec(), Origin::Local),
        (v2_over_ipv4(), client("192.0.2.1:8080", "198.51.100.7:25")),
        (v2(1, 0x21, &over_ipv6), client("[2001:db8::1]:80", "[2001:db8::2]:443")),
        (v2(0, 0, &[]), Origin::Local),
        (v2(1, 0x31, &[0; 216]), Origin::Local),
    ];
    for (header, origin) in cases {
        for cut in 0..header.len() {
            assert_eq!(parse(&header[..cut]), Ok(Progress::Incomplete), "{cut} bytes of {header:?}");
        }
        let bytes = header.len();
        let mut followed = header;
        assert_eq!(parse(&followed), Ok(Progress::Complete { bytes, origin }));
        followed.extend(b"EHLO client\r\n");
        assert_eq!(parse(&followed), Ok(Progress::Complete { bytes, origin }));
    }
}

#[test]
fn nonsense_is_refused() {
    assert_eq!(parse(b"EHLO client\r\n"), Err(ProxyError::NoHeader));
    assert_eq!(parse(&[0x16, 3, 1]), Err(ProxyError::NoHeader));
    for line in [
        "PROXY TCP4 192.0.2.1 198.51.100.7 8080\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 8080 25 1\r\n",
        "PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 65536 25\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 +80 25\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.7 80 25\r\n",
        "PROXY \r\n",
    ] {
        assert_eq!(parse(line.as_bytes()), Err(ProxyError::Malformed("bad line")), "{line}");
    }
    let endless = [b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 200]].concat();
    assert_eq!(parse(&endless), Err(ProxyError::Malformed("line too long")));
    assert_eq!(parse(&v2(1, 0x11, &[0; 11])), Err(ProxyError::Malformed("addresses cut short")));
    assert_eq!(parse(&v2(2, 0x11, &[0; 12])), Err(ProxyError::Malformed("unknown command")));
    let mut version3 = v2_over_ipv4();
    version3[12] = 0x31;
    assert_eq!(parse(&version3), Err(ProxyError::Malformed("unknown version")));
    let mut long = v2_over_ipv4();
    long[14] = 0xff;
    assert_eq!(parse(&long), Err(ProxyError::Malformed("header too long")));
}
