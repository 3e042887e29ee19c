//! Generated sign-ins of a year.

use env::Timestamp;

use crate::chance::Chance;
use crate::csv::Row;
use crate::people::{Device, Journey, Office, Person, offices, person};
use crate::world::{Operator, Program, World, describe, desktop, telephone};

const DAYS: f64 = 400.0;
const BEGIN: i64 = 1_704_067_200;

pub(crate) fn generate(users: usize, seed: u64) -> Vec<Row> {
    let mut chance = Chance::new(seed);
    let world = World::new(&mut chance);
    let offices = offices(&world, (users / 25).max(2), &mut chance);
    let mut rows = Vec::new();
    for user in 0..users {
        let mut person = person(&world, &offices, &mut chance);
        let mut day = chance.unit() * 250.0;
        loop {
            day += chance.wait(1.0 / person.rate);
            if day > DAYS {
                break;
            }
            let row = sign_in(&world, &offices, &mut person, user as i64, day, &mut chance);
            if chance.is(0.06) {
                rows.push(Row { successful: false, ..row.clone() });
            }
            rows.push(row);
        }
    }
    for _ in 0..rows.len() / 10 {
        rows.push(attack(&world, users, &mut chance));
    }
    rows.sort_by_key(|row| row.at);
    rows
}

/// Hours of a day there: mostly office hours, some evenings, few nights.
fn hour(chance: &mut Chance) -> f64 {
    match chance.unit() {
        u if u < 0.72 => 8.0 + chance.unit() * 10.0,
        u if u < 0.95 => 18.0 + chance.unit() * 5.0,
        u if u < 0.985 => 6.0 + chance.unit() * 2.0,
        _ => chance.unit() * 6.0,
    }
}

enum Whereabouts {
    Office,
    Home,
    Away,
    Hotel,
    Vpn(usize),
}

fn sign_in(world: &World, offices: &[Office], person: &mut Person, user: i64, day: f64, chance: &mut Chance) -> Row {
    if person.journey.as_ref().is_some_and(|journey| day > journey.until) {
        person.journey = None;
    }
    if person.journey.is_none() && chance.is((person.journeys / person.rate).min(0.5)) {
        let land = world.country(chance);
        let hotel = world.countries[land].home(chance);
        person.journey = Some(Journey { until: day + 2.0 + chance.unit() * 8.0, land, hotel });
    }
    let hour = hour(chance);
    let place = whereabouts(person, hour, chance);
    let at_telephone = match place {
        Whereabouts::Away => true,
        Whereabouts::Office => chance.is(0.08),
        _ => chance.is(0.35),
    };
    let (operator, address, land) = locate(world, offices, person, &place, day, chance);
    let is_mobile = matches!(place, Whereabouts::Away);
    let borrowed = chance.is(0.012).then(|| Device::new(at_telephone, day, chance));
    let choices = person.devices.len() - 1;
    let index =
        if at_telephone { 0 } else { 1 + if matches!(place, Whereabouts::Office) { 0 } else { chance.below(choices) } };
    person.devices[index].age(day, chance);
    let is_borrowed = borrowed.is_some();
    let device = borrowed.as_ref().unwrap_or(&person.devices[index]);
    let token = (!is_borrowed && chance.is(person.keeps_token)).then(|| format!("{:016x}", device.token));
    let country = &world.countries[land];
    row(&Sight {
        user,
        day: day.floor() + (hour - country.offset_minutes as f64 / 60.0) / 24.0,
        operator: &operator,
        address,
        program: &device.program,
        version_day: day - device.lag,
        rtt: country.rtt * chance.log_normal(1.0, 0.25) + if is_mobile { chance.wait(40.0) } else { 0.0 },
        device: token,
    })
}

fn whereabouts(person: &Person, hour: f64, chance: &mut Chance) -> Whereabouts {
    if let Some((land, often)) = person.vpn
        && chance.is(often)
    {
        return Whereabouts::Vpn(land);
    }
    if person.journey.is_some() {
        return if chance.is(0.6) { Whereabouts::Hotel } else { Whereabouts::Away };
    }
    let at_work = person.office.is_some() && (8.0..18.0).contains(&hour);
    match chance.unit() {
        u if at_work && u < 0.78 => Whereabouts::Office,
        u if u < 0.9 && at_work => Whereabouts::Home,
        u if u < 0.7 && !at_work => Whereabouts::Home,
        _ => Whereabouts::Away,
    }
}

fn locate(
    world: &World,
    offices: &[Office],
    person: &mut Person,
    place: &Whereabouts,
    day: f64,
    chance: &mut Chance,
) -> (Operator, String, usize) {
    match (place, person.office) {
        (Whereabouts::Office, Some(office)) => {
            let office = &offices[office];
            (office.operator.clone(), chance.pick(&office.addresses).clone(), person.land)
        }
        (Whereabouts::Vpn(land), _) => {
            let exits: Vec<_> = world.hosting.iter().filter(|operator| operator.land == *land).collect();
            let operator =
                if exits.is_empty() { world.countries[*land].home(chance) } else { (*chance.pick(&exits)).clone() };
            (operator.clone(), operator.address(chance), *land)
        }
        (Whereabouts::Hotel, _) if person.journey.is_some() => {
            let journey = person.journey.as_ref().unwrap();
            (journey.hotel.clone(), journey.hotel.address(chance), journey.land)
        }
        (Whereabouts::Away, _) => {
            // Roaming telephones come out at home half of the time.
            let abroad = person.journey.as_ref().map(|journey| journey.land).filter(|_| chance.is(0.5));
            let carrier = abroad.map_or_else(|| person.carrier.clone(), |land| world.countries[land].mobile(chance));
            (carrier.clone(), carrier.address(chance), carrier.land)
        }
        _ => {
            let home = &mut person.home;
            if let Some(lease) = home.lease
                && day > home.changes
            {
                home.address = home.operator.address(chance);
                home.changes = day + chance.wait(lease);
            }
            (home.operator.clone(), home.address.clone(), person.land)
        }
    }
}

/// Somebody tries stolen passwords: from rented machines and infected homes, with programs that are old or none of a person.
fn attack(world: &World, users: usize, chance: &mut Chance) -> Row {
    let operator = if chance.is(0.55) {
        chance.pick(&world.hosting).clone()
    } else {
        let land = chance.zipf(world.countries.len(), 0.6);
        world.countries[land].home(chance)
    };
    let day = chance.unit() * DAYS;
    let program = if chance.is(0.8) { desktop(chance) } else { telephone(chance) };
    let behind = if chance.is(0.5) { chance.wait(60.0) } else { chance.wait(400.0) };
    let sight = Sight {
        user: chance.below(users) as i64,
        day,
        address: operator.address(chance),
        operator: &operator,
        program: &program,
        version_day: day - behind,
        rtt: world.countries[operator.land].rtt * chance.log_normal(1.0, 0.3),
        device: None,
    };
    Row { successful: false, is_attack: true, ..row(&sight) }
}

struct Sight<'s> {
    user: i64,
    day: f64,
    operator: &'s Operator,
    address: String,
    program: &'s Program,
    version_day: f64,
    rtt: f64,
    device: Option<String>,
}

fn row(sight: &Sight<'_>) -> Row {
    let (agent, browser, system) = describe(sight.program, sight.version_day);
    let device_type = if matches!(sight.program.system, "Android" | "iOS") { "mobile" } else { "desktop" };
    Row {
        at: Timestamp::from_millis((BEGIN as f64 * 1000.0 + sight.day * 86_400_000.0) as i64),
        user: sight.user,
        rtt: Some(sight.rtt as u32),
        address: sight.address.clone(),
        country: sight.operator.country.to_owned(),
        asn: sight.operator.asn,
        agent,
        browser,
        system,
        device_type: device_type.to_owned(),
        successful: true,
        is_attack: false,
        is_takeover: false,
        device: sight.device.clone(),
    }
}
