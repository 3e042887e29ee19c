//! Where countries are, how far they reach, and what time it is there.

use std::collections::HashMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../data/countries.tsv");

/// A country as far as the watch needs it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Country {
    /// Its middle.
    pub centre: Point,
    /// Distance from the middle within which its main land lies, in km.
    pub radius_km: f64,
    /// Standard time where most people live, in minutes east of UTC.
    pub offset_minutes: i32,
}

/// A place on the globe, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// North of the equator.
    pub latitude: f64,
    /// East of Greenwich.
    pub longitude: f64,
}

static COUNTRIES: LazyLock<HashMap<&'static str, Country>> =
    LazyLock::new(|| TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(read).collect());

fn read(line: &'static str) -> Option<(&'static str, Country)> {
    let mut fields = line.split('\t');
    let code = fields.next()?;
    let mut number = || fields.next()?.parse::<f64>().ok();
    let centre = Point { latitude: number()?, longitude: number()? };
    Some((code, Country { centre, radius_km: number()?, offset_minutes: number()? as i32 }))
}

/// The country of an ISO 3166-1 code.
#[must_use]
pub fn country(code: &str) -> Option<&'static Country> {
    COUNTRIES.get(code)
}

/// Great-circle distance in km on a round earth.
#[must_use]
pub fn distance_km(a: Point, b: Point) -> f64 {
    const EARTH_RADIUS_KM: f64 = 6_371.0;
    let (from, to) = (a.latitude.to_radians(), b.latitude.to_radians());
    let half_north = ((to - from) / 2.0).sin();
    let half_east = ((b.longitude - a.longitude).to_radians() / 2.0).sin();
    let chord = half_north.mul_add(half_north, from.cos() * to.cos() * half_east * half_east);
    2.0 * EARTH_RADIUS_KM * chord.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_places_are_where_they_are() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(COUNTRIES.len(), lines);
        assert!(lines > 240, "{lines}");
        let china = country("CN").unwrap();
        assert_eq!(china.offset_minutes, 480);
        let shanghai = Point { latitude: 31.2, longitude: 121.5 };
        assert!(distance_km(china.centre, shanghai) < china.radius_km);
        let berlin = Point { latitude: 52.5, longitude: 13.4 };
        assert!((distance_km(shanghai, berlin) - 8_400.0).abs() < 100.0, "{}", distance_km(shanghai, berlin));
        assert!(country("ZZ").is_none());
    }
}
