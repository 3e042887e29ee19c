//! Where an address is.

use crate::country::{Point, country};

/// What is known of the place of an address. All of it is a guess of a database.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// ISO 3166-1 code of the country.
    pub country: Option<String>,
    /// Number of the autonomous system that announces the address.
    pub operator: Option<u32>,
    /// Who runs it.
    pub operator_name: Option<String>,
    /// Degrees north and east, where the database knows more than the country.
    pub point: Option<(f64, f64)>,
}

impl Place {
    /// A place of which only the country is known.
    #[must_use]
    pub fn of_country(code: &str) -> Self {
        Self { country: Some(code.to_owned()), ..Self::default() }
    }

    /// A point of the place and how far off it may be, in km.
    #[must_use]
    pub fn spot(&self) -> Option<(Point, f64)> {
        /// Error of databases that know cities.
        const CITY_ERROR_KM: f64 = 100.0;
        if let Some((latitude, longitude)) = self.point {
            return Some((Point { latitude, longitude }, CITY_ERROR_KM));
        }
        let country = country(self.country.as_deref()?)?;
        Some((country.centre, country.radius_km))
    }
}
