//! What is odd about an attempt whatever its score: findings, each with its evidence.

use std::time::Duration;

use crate::assess::History;
use crate::attempt::{Attempt, Device};
use crate::country::{country, distance_km};
use crate::features::{Dimension, Kind, hour_there};
use crate::levels::Limits;
use crate::model::Score;
use crate::place::Place;

/// Sign-ins before which "new" means nothing.
pub(crate) const HISTORY_MIN: u64 = 3;

/// Sign-ins from a country after which it is one of the person's own, as with a network that leaves abroad.
const COUNTRY_KNOWN: u64 = 3;

/// Speed of airliners in km/h. Nobody signs in all the way from door to door; the margins below are on our side.
const SPEED_KMH: f64 = 900.0;

/// Distance below which databases of places are not precise enough to speak of travel, in km.
const TRAVEL_MIN_KM: f64 = 500.0;

/// Hours of the night, from midnight, in the person's own time.
const NIGHT_ENDS: u8 = 5;

/// What a finding rests on. Findings of different signals are independent: the same fact does not bring about both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Where the address is.
    Place,
    /// What device and program it was.
    Device,
    /// What else came from the network or went for the account.
    Surroundings,
}

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// The account has never signed in from the country.
    NewCountry,
    /// Neither device nor program is known of the account.
    NewDevice,
    /// Nobody travels that fast.
    ImpossibleTravel,
    /// It is night where the person lives, and the attempt comes from abroad.
    NightAbroad,
    /// Passwords of many accounts were tried from the network.
    Spraying,
    /// Many accounts sign in from the network for the first time.
    ManyAccounts,
    /// The account's password was being guessed shortly before.
    Guessing,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NewCountry,
        Self::NewDevice,
        Self::ImpossibleTravel,
        Self::NightAbroad,
        Self::Spraying,
        Self::ManyAccounts,
        Self::Guessing,
    ];

    /// The word in levels, answers and the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewCountry => "new-country",
            Self::NewDevice => "new-device",
            Self::ImpossibleTravel => "impossible-travel",
            Self::NightAbroad => "night-abroad",
            Self::Spraying => "spraying",
            Self::ManyAccounts => "many-accounts",
            Self::Guessing => "guessing",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == word)
    }

    /// What it rests on.
    #[must_use]
    pub const fn signal(self) -> Signal {
        match self {
            Self::NewCountry | Self::ImpossibleTravel | Self::NightAbroad => Signal::Place,
            Self::NewDevice => Signal::Device,
            Self::Spraying | Self::ManyAccounts | Self::Guessing => Signal::Surroundings,
        }
    }

    /// Whether it can hardly be the owner's doing.
    #[must_use]
    pub const fn is_grave(self) -> bool {
        matches!(self, Self::ImpossibleTravel | Self::Spraying)
    }
}

/// Something odd.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// Its rule, see [`Rule::as_str`].
    pub rule: String,
    /// Names and values for the catalogue's sentence.
    pub evidence: Vec<(String, String)>,
}

impl Finding {
    fn new(rule: Rule, evidence: &[(&str, String)]) -> Self {
        let evidence = evidence.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Self { rule: rule.as_str().to_owned(), evidence }
    }

    /// Its rule, if this program knows it.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        Rule::read(&self.rule)
    }
}

/// Everything odd about the attempt.
#[must_use]
pub fn find(attempt: &Attempt, place: &Place, history: &History, score: &Score, limits: &Limits) -> Vec<Finding> {
    let found = [
        new_country(place, history),
        new_device(attempt, history, score),
        impossible_travel(attempt, place, history),
        night_abroad(attempt, place, history),
        spraying(history, limits),
        many_accounts(history, limits),
        guessing(history, limits),
    ];
    found.into_iter().flatten().collect()
}

fn new_country(place: &Place, history: &History) -> Option<Finding> {
    let code = place.country.as_ref()?;
    let is_new = history.sign_ins >= HISTORY_MIN && !history.countries.contains_key(code);
    let before = history.home().unwrap_or("?").to_owned();
    is_new.then(|| Finding::new(Rule::NewCountry, &[("country", code.clone()), ("home", before)]))
}

fn new_device(attempt: &Attempt, history: &History, score: &Score) -> Option<Finding> {
    let known = |dimension| score.parts.iter().find(|part| part.dimension == dimension).and_then(|part| part.known);
    let program_is_known = matches!(known(Dimension::Agent), Some(Kind::Agent | Kind::Version | Kind::Program));
    if history.sign_ins < HISTORY_MIN || known(Dimension::Device).is_some() || program_is_known {
        return None;
    }
    // A client that tells nothing of itself is new only if it shows a device and that one is.
    let agent = match (&attempt.agent, &attempt.device) {
        (Some(agent), _) => agent.clone(),
        (None, Device::Unknown) => return None,
        (None, device) => device.name().unwrap_or_default().to_owned(),
    };
    Some(Finding::new(Rule::NewDevice, &[("agent", agent)]))
}

fn impossible_travel(attempt: &Attempt, place: &Place, history: &History) -> Option<Finding> {
    let last = history.last.as_ref()?;
    let known = place.country.as_ref().and_then(|code| history.countries.get(code)).copied().unwrap_or(0);
    if known >= COUNTRY_KNOWN {
        return None;
    }
    let ((from, from_error), (to, to_error)) = (last.place.spot()?, place.spot()?);
    let least_km = distance_km(from, to) - from_error - to_error;
    let hours = attempt.at.since(last.at).as_secs_f64() / 3_600.0;
    if least_km < TRAVEL_MIN_KM || least_km / SPEED_KMH <= hours {
        return None;
    }
    let name = |place: &Place| place.country.clone().unwrap_or_else(|| "?".to_owned());
    Some(Finding::new(
        Rule::ImpossibleTravel,
        &[
            ("from", name(&last.place)),
            ("to", name(place)),
            ("km", format!("{least_km:.0}")),
            ("minutes", format!("{:.0}", hours * 60.0)),
        ],
    ))
}

fn night_abroad(attempt: &Attempt, place: &Place, history: &History) -> Option<Finding> {
    let code = place.country.as_ref()?;
    let home = history.home()?;
    let known = history.countries.get(code).copied().unwrap_or(0);
    if history.sign_ins < HISTORY_MIN || home == code || known >= COUNTRY_KNOWN {
        return None;
    }
    let hour = hour_there(attempt.at, country(home)?.offset_minutes);
    let evidence = [("hour", hour.to_string()), ("country", code.clone()), ("home", home.to_owned())];
    (hour < NIGHT_ENDS).then(|| Finding::new(Rule::NightAbroad, &evidence))
}

fn spraying(history: &History, limits: &Limits) -> Option<Finding> {
    let accounts = history.surroundings.failed_accounts;
    let is_sprayed = accounts >= limits.sprayed_accounts && !history.surroundings.network_is_known;
    is_sprayed.then(|| Finding::new(Rule::Spraying, &[("accounts", accounts.to_string())]))
}

fn many_accounts(history: &History, limits: &Limits) -> Option<Finding> {
    let accounts = history.surroundings.new_accounts;
    // On the first day of a company with us everybody is new everywhere; whoever steals passwords steals those of people known elsewhere.
    let is_known_elsewhere = history.sign_ins >= HISTORY_MIN && !history.surroundings.network_is_known;
    let is_odd = accounts >= limits.new_accounts && is_known_elsewhere;
    is_odd.then(|| Finding::new(Rule::ManyAccounts, &[("accounts", accounts.to_string())]))
}

fn guessing(history: &History, limits: &Limits) -> Option<Finding> {
    let tries = history.surroundings.failed_tries;
    let is_guessed = tries >= limits.failed_tries && !history.surroundings.network_is_known;
    is_guessed.then(|| Finding::new(Rule::Guessing, &[("tries", tries.to_string())]))
}

/// How long failures of a network and of an account are looked back.
pub const FAILURES_WITHIN: Duration = Duration::from_secs(3_600);

/// How long first sign-ins from a network are looked back.
pub const NEW_ACCOUNTS_WITHIN: Duration = Duration::from_secs(86_400);
