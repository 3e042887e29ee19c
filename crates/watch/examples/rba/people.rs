//! People with their offices, homes, telephones and journeys.

use crate::chance::Chance;
use crate::world::{Operator, Program, World, desktop, telephone};

pub(crate) struct Office {
    pub(crate) operator: Operator,
    pub(crate) addresses: Vec<String>,
}

pub(crate) struct Person {
    pub(crate) land: usize,
    pub(crate) office: Option<usize>,
    pub(crate) home: Home,
    pub(crate) carrier: Operator,
    pub(crate) devices: Vec<Device>,
    /// Sign-ins a day.
    pub(crate) rate: f64,
    /// Journeys a day.
    pub(crate) journeys: f64,
    /// The country through which this person's VPN leaves, and how often it is on.
    pub(crate) vpn: Option<(usize, f64)>,
    /// How often a session shows its device: private windows and strict browsers do not.
    pub(crate) keeps_token: f64,
    pub(crate) journey: Option<Journey>,
}

pub(crate) struct Home {
    pub(crate) operator: Operator,
    pub(crate) address: String,
    /// Days between changes of the address; none for a fixed one.
    pub(crate) lease: Option<f64>,
    pub(crate) changes: f64,
}

pub(crate) struct Journey {
    pub(crate) until: f64,
    pub(crate) land: usize,
    pub(crate) hotel: Operator,
}

pub(crate) struct Device {
    pub(crate) is_telephone: bool,
    pub(crate) program: Program,
    /// Days by which it is behind with updates.
    pub(crate) lag: f64,
    pub(crate) token: u64,
    /// Day of the next loss of the token, and of the next device in its place.
    pub(crate) token_until: f64,
    pub(crate) until: f64,
}

impl Device {
    pub(crate) fn new(is_telephone: bool, day: f64, chance: &mut Chance) -> Self {
        /// Days that a device and a cookie last.
        const LIFE: f64 = 800.0;
        const COOKIE: f64 = 150.0;
        Self {
            is_telephone,
            program: if is_telephone { telephone(chance) } else { desktop(chance) },
            lag: chance.wait(9.0).min(120.0),
            token: chance.next(),
            token_until: day + chance.wait(COOKIE),
            until: day + chance.wait(LIFE),
        }
    }

    /// Lets time pass.
    pub(crate) fn age(&mut self, day: f64, chance: &mut Chance) {
        if day > self.until {
            // Most buy the same kind again.
            let program = self.program.clone();
            *self = Self::new(self.is_telephone, day, chance);
            if chance.is(0.7) {
                self.program = program;
            }
        }
        if day > self.token_until {
            self.token = chance.next();
            self.token_until = day + chance.wait(150.0);
        }
    }
}

pub(crate) fn offices(world: &World, count: usize, chance: &mut Chance) -> Vec<Office> {
    let mut office = || {
        let land = world.country(chance);
        let operator = world.countries[land].home(chance);
        let addresses = (0..1 + chance.below(3)).map(|_| operator.address(chance)).collect();
        Office { operator, addresses }
    };
    (0..count).map(|_| office()).collect()
}

pub(crate) fn person(world: &World, offices: &[Office], chance: &mut Chance) -> Person {
    let office = chance.is(0.75).then(|| chance.zipf(offices.len(), 0.9));
    let land = office.map_or_else(|| world.country(chance), |office| offices[office].operator.land);
    let operator = world.countries[land].home(chance);
    let address = operator.address(chance);
    let lease = chance.is(0.7).then(|| chance.log_normal(15.0, 1.2));
    let mut devices = vec![Device::new(true, 0.0, chance), Device::new(false, 0.0, chance)];
    if chance.is(0.4) {
        devices.push(Device::new(false, 0.0, chance));
    }
    let wanderer = chance.is(0.05);
    Person {
        land,
        office,
        home: Home { operator, address, lease, changes: 0.0 },
        carrier: world.countries[land].mobile(chance),
        devices,
        rate: chance.log_normal(0.22, 0.9),
        journeys: if wanderer { 15.0 } else { chance.log_normal(1.2, 0.8) } / 365.0,
        vpn: chance.is(0.06).then(|| (world.country(chance), 0.05 + chance.unit() * 0.4)),
        keeps_token: if chance.is(0.06) { 0.0 } else { 0.96 },
        journey: None,
    }
}
