//! Names of people, companies, countries and goods: tables under `data/`.

const PEOPLE: &str = include_str!("../data/names.tsv");
const COUNTRIES: &str = include_str!("../data/countries.tsv");
const WORDS: &str = include_str!("../data/words.tsv");

/// A country, and what is usual there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Country {
    /// ISO 3166 code.
    pub(crate) code: &'static str,
    /// ISO 639-1 code.
    pub(crate) language: &'static str,
    /// Minutes east of UTC.
    pub(crate) zone: i64,
    /// Currency of invoices.
    pub(crate) currency: &'static str,
    /// Legal form of companies.
    pub(crate) form: &'static str,
    /// Telephone prefix.
    pub(crate) dial: &'static str,
    pub(crate) telephone_digits: usize,
}

/// Language, part of the name, and the names, native and Latin.
type People = (&'static str, &'static str, Vec<(String, String)>);

/// The tables, read.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) countries: Vec<Country>,
    people: Vec<People>,
    words: Vec<(&'static str, Vec<String>)>,
}

impl Names {
    pub(crate) fn read() -> Self {
        Self {
            countries: rows(COUNTRIES).filter_map(|row| country(&row)).collect(),
            people: rows(PEOPLE).filter_map(|row| Some((*row.first()?, *row.get(1)?, pairs(row.get(2)?)))).collect(),
            words: rows(WORDS)
                .filter_map(|row| Some((*row.first()?, row.get(1)?.split(',').map(str::to_owned).collect())))
                .collect(),
        }
    }

    /// The country of a code; the first where there is none.
    pub(crate) fn country(&self, code: &str) -> Country {
        self.countries.iter().find(|country| country.code == code).copied().unwrap_or(self.countries[0])
    }

    /// First or last names of a language, native and Latin.
    pub(crate) fn people(&self, language: &str, part: &str) -> &[(String, String)] {
        let of = |wanted: &str| self.people.iter().find(|(language, of, _)| *language == wanted && *of == part);
        of(language).or_else(|| of("en")).map_or(&[], |(_, _, names)| names)
    }

    pub(crate) fn words(&self, part: &str) -> &[String] {
        self.words.iter().find(|(of, _)| *of == part).map_or(&[], |(_, words)| words)
    }
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| line.split('\t').collect())
}

fn country(row: &[&'static str]) -> Option<Country> {
    Some(Country {
        code: row.first()?,
        language: row.get(1)?,
        zone: row.get(2)?.parse().ok()?,
        currency: row.get(3)?,
        form: row.get(4)?,
        dial: row.get(5)?,
        telephone_digits: row.get(6)?.parse().ok()?,
    })
}

fn pairs(names: &str) -> Vec<(String, String)> {
    let pair = |name: &str| {
        let (native, latin) = name.split_once('|').unwrap_or((name, name));
        (native.to_owned(), latin.to_owned())
    };
    names.split(',').map(pair).collect()
}
