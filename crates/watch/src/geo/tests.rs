use super::write::{Field, Writer};
use super::*;

fn flat(code: &str) -> Field {
    Field::Map(vec![("country_code".to_owned(), Field::Text(code.to_owned()))])
}

fn countries() -> Vec<u8> {
    let mut writer = Writer::default();
    let mut insert = |first: &str, last: &str, code: &str| {
        writer.insert(first.parse().unwrap(), last.parse().unwrap(), &flat(code)).unwrap();
    };
    insert("203.0.113.0", "203.0.113.255", "DE");
    insert("198.51.100.7", "198.51.100.200", "CN");
    insert("2001:db8::", "2001:db8::ffff", "NO");
    insert("127.0.0.0", "127.255.255.255", "NO");
    insert("127.1.0.0", "127.1.255.255", "BR");
    writer.finish("test-country", 1_800_000_000)
}

fn operators() -> Vec<u8> {
    let mut writer = Writer::default();
    let record = Field::Map(vec![
        ("autonomous_system_number".to_owned(), Field::Number(64_500)),
        ("autonomous_system_organization".to_owned(), Field::Text("Example Carrier of a rather long name".to_owned())),
        (
            "location".to_owned(),
            Field::Map(vec![("latitude".to_owned(), Field::Real(52.5)), ("longitude".to_owned(), Field::Real(13.4))]),
        ),
    ]);
    writer.insert("203.0.113.0".parse().unwrap(), "203.0.113.127".parse().unwrap(), &record).unwrap();
    writer.finish("test-asn", 1_800_000_000)
}

#[test]
fn what_is_written_is_found_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["country.mmdb", "network.mmdb"].map(|name| directory.path().join(name));
    std::fs::write(&paths[0], countries()).unwrap();
    std::fs::write(&paths[1], operators()).unwrap();
    let places = Places::new(paths.clone());
    assert_eq!(places.look(), paths.map(|path| (path, Look::TakenUp)));
    let country = |address: &str| places.locate(address.parse().unwrap()).country.unwrap_or_default();
    assert_eq!(country("203.0.113.0"), "DE");
    assert_eq!(country("203.0.113.255"), "DE");
    assert_eq!(country("::ffff:203.0.113.8"), "DE");
    assert_eq!(country("203.0.114.0"), "");
    assert_eq!(country("198.51.100.6"), "");
    assert_eq!(country("198.51.100.7"), "CN");
    assert_eq!(country("198.51.100.200"), "CN");
    assert_eq!(country("198.51.100.201"), "");
    assert_eq!(country("2001:db8::1"), "NO");
    assert_eq!(country("127.0.0.1"), "NO");
    assert_eq!(country("127.1.2.3"), "BR", "the later, narrower range counts");
    assert_eq!(country("127.2.0.0"), "NO");
    let place = places.locate("203.0.113.5".parse().unwrap());
    assert_eq!(place.operator, Some(64_500));
    assert_eq!(place.point, Some((52.5, 13.4)));
    assert!(place.operator_name.unwrap().starts_with("Example"));
}

#[test]
fn a_missing_or_broken_file_is_told_once_and_breaks_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("country.mmdb");
    let places = Places::new([path.clone()]);
    let look = || places.look().remove(0).1;
    assert!(matches!(look(), Look::Unusable(_)));
    assert_eq!(look(), Look::Unchanged, "told once");
    assert_eq!(places.locate("203.0.113.0".parse().unwrap()), Place::default());

    std::fs::write(&path, countries()).unwrap();
    assert_eq!(look(), Look::TakenUp, "without a new start");
    assert_eq!(look(), Look::Unchanged);
    let whole = countries();
    let mut damaged = whole.clone();
    damaged[..whole.len() / 2].fill(0x7f);
    for broken in [Vec::new(), b"no database".to_vec(), whole[..whole.len() / 2].to_vec(), vec![0xff; 4_000], damaged] {
        std::fs::write(&path, &broken).unwrap();
        assert!(matches!(look(), Look::Unusable(_)), "{} bytes", broken.len());
        let country = places.locate("203.0.113.0".parse().unwrap()).country;
        assert_eq!(country.as_deref(), Some("DE"), "what was read before stays");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(look(), Look::Unusable(_)));
}
