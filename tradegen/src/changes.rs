//! Honest changes: which partner has which, and when it shows.

use crate::bank::Account;
use crate::calendar::DAY;
use crate::chance::Chance;
use crate::course::WINDOW_DAYS;
use crate::names::Names;
use crate::world::{Company, Job, Person, Tie, World, company, stem};

/// An honest letter beside those of deals. Numbers are those of partners unless they say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Honest {
    /// The old colleague presents the new one.
    ColleagueShown(usize),
    /// The new one writes.
    ColleagueWrites(usize),
    DomainAnnounced(usize),
    /// A change of account in four letters: told, asked, confirmed, settled.
    BankChange(usize, u8),
    Travels(usize),
    ByTelephone(usize),
    Mistyped(usize),
    Reminds(usize),
    ByAssistant(usize),
    /// Somebody of ours passes a partner's letter to finance.
    Forwarded(usize),
    /// A company that nobody knew asks for prices: number of the stranger.
    FirstContact(usize),
    OfList(usize),
    Newsletter(usize),
    /// Between people of ours.
    Internal,
    /// Management truly asks finance for something.
    Executive,
}

/// Traits for so many partners each, of every thirty.
const TRAITS: &[(&str, Option<Tie>, usize)] = &[
    ("bank_change_confirmed", Some(Tie::Supplier), 2),
    ("second_account", Some(Tie::Supplier), 2),
    ("near_name", None, 2),
    // We found them and wrote first; their first invoice comes after the border.
    ("new_partner", Some(Tie::Supplier), 2),
    ("new_domain", None, 2),
    ("new_software", None, 2),
    ("no_change_notice", Some(Tie::Supplier), 2),
    ("new_colleague", None, 2),
    ("travels", None, 1),
    ("phone", None, 1),
    ("mistyped", None, 1),
    ("assistant", None, 1),
];

/// Gives partners their traits, and says which letters follow when.
pub(crate) fn plan(world: &mut World, chance: &mut Chance) -> Vec<(i64, Honest)> {
    let names = Names::read();
    let mut letters = Vec::new();
    let portions = world.partners.len().div_ceil(30);
    for (name, tie, count) in TRAITS {
        for _ in 0..count * portions {
            let is_free = |company: &Company| {
                company.trait_of.is_none()
                    && !company.is_on_free_mail
                    && company.tie != Tie::Bank
                    && tie.is_none_or(|tie| company.tie == tie)
            };
            let free: Vec<usize> = (0..world.partners.len()).filter(|&one| is_free(&world.partners[one])).collect();
            if free.is_empty() {
                break;
            }
            let partner = *chance.pick(&free);
            world.partners[partner].trait_of = Some(name);
            give(name, partner, world, &names, chance, &mut letters);
        }
    }
    strangers(world, portions, &names, chance, &mut letters);
    everyday(world, portions, chance, &mut letters);
    letters
}

fn give(
    name: &str,
    partner: usize,
    world: &mut World,
    names: &Names,
    chance: &mut Chance,
    letters: &mut Vec<(i64, Honest)>,
) {
    let (border, start) = (world.border, world.start);
    let soon = border + chance.range(3, 20) * DAY + chance.range(0, DAY - 1);
    let company = &mut world.partners[partner];
    match name {
        "bank_change_confirmed" => {
            let at = border - chance.range(30, 60) * DAY;
            let country = company.country;
            let account = Account::open(country.code, country.currency, &company.name, chance);
            company.accounts.push((at, account));
            letters.extend((0..4).map(|stage| (at + i64::from(stage) * DAY, Honest::BankChange(partner, stage))));
        }
        "second_account" => {
            let currency = if company.country.currency == "EUR" { "USD" } else { "EUR" };
            company.second_account = Some(Account::open(company.country.code, currency, &company.name, chance));
        }
        "near_name" => near_name(partner, world, chance),
        "new_domain" => {
            let old = stem(&company.domain);
            let new = if chance.percent(35) {
                format!("{old}-group.example")
            } else {
                format!(
                    "{}{}.example",
                    chance.pick(names.words("stem")),
                    chance.pick(&["holding", "partners", "works"])
                )
            };
            let at = border + chance.range(-20, 12) * DAY;
            letters.push((at - 2 * DAY, Honest::DomainAnnounced(partner)));
            company.moves = Some((at, new));
        }
        "new_software" => {
            for person in &mut company.people {
                let other = person.software.other(chance);
                person.later_software = Some((border + chance.range(0, 8) * DAY, other));
            }
        }
        "no_change_notice" => company.warns = true,
        "new_partner" => company.is_new = true,
        "new_colleague" => {
            let job = Job::Logistics;
            let mut person = Person::new(job, company.country, names, soon.max(start), chance);
            person.local = format!("{}.desk", person.local);
            person.software = company.people[0].software;
            company.people.push(person);
            letters.push((soon, Honest::ColleagueShown(partner)));
            letters.push((soon + 3 * DAY, Honest::ColleagueWrites(partner)));
        }
        "travels" => letters.extend([(soon, Honest::Travels(partner)), (soon + 2 * DAY, Honest::Travels(partner))]),
        "phone" => letters.push((soon, Honest::ByTelephone(partner))),
        "mistyped" => letters.push((soon, Honest::Mistyped(partner))),
        _ => letters.push((soon, Honest::ByAssistant(partner))),
    }
}

/// Moves a partner to a domain one or two letters from another's; both have their own history.
fn near_name(partner: usize, world: &mut World, chance: &mut Chance) {
    let others: Vec<String> = world.partners.iter().map(|other| other.domain.clone()).collect();
    let long: Vec<&String> = others.iter().filter(|domain| domain.len() > 14 && **domain != others[partner]).collect();
    if long.is_empty() {
        return;
    }
    let other = stem(long[chance.below(long.len())]);
    let mut letters: Vec<char> = other.chars().collect();
    let place = chance.below(4).min(letters.len() - 1);
    letters[place] = if letters[place] == 'b' { 'd' } else { 'b' };
    let domain = format!("{}.example", letters.into_iter().collect::<String>());
    let old = world.partners[partner].domain.clone();
    if !others.contains(&domain) {
        let route = &mut world.partners[partner].route;
        route.host = route.host.replace(&old, &domain);
        world.partners[partner].domain = domain;
    }
}

fn strangers(world: &mut World, portions: usize, names: &Names, chance: &mut Chance, letters: &mut Vec<(i64, Honest)>) {
    let mut taken: Vec<String> = world.partners.iter().flat_map(|one| [one.domain.clone(), one.name.clone()]).collect();
    for number in 0..4 * portions {
        let country = *chance.pick(&names.countries);
        let mut stranger = company(Tie::Customer, country, names, &mut taken, &mut chance.fork("stranger"));
        if chance.percent(50) {
            stranger.language = "en";
        }
        world.strangers.push(stranger);
        letters.push((
            world.border + chance.range(0, WINDOW_DAYS - 2) * DAY + chance.range(0, DAY),
            Honest::FirstContact(number),
        ));
    }
}

/// Lists, newsletters, letters among ourselves, forwarded letters, reminders: in the history and after.
fn everyday(world: &World, portions: usize, chance: &mut Chance, letters: &mut Vec<(i64, Honest)>) {
    let sellers: Vec<usize> =
        (0..world.partners.len()).filter(|&one| world.partners[one].tie == Tie::Supplier).collect();
    let mut spread = |count: usize, from: i64, of: &mut dyn FnMut(&mut Chance) -> Honest| {
        for _ in 0..count * portions {
            let at = chance.range(from, world.border + WINDOW_DAYS * DAY - 1);
            let honest = of(chance);
            letters.push((at, honest));
        }
    };
    let (start, border) = (world.start, world.border);
    spread(30, start, &mut |chance| Honest::Newsletter(chance.below(3)));
    spread(6, border, &mut |chance| Honest::Newsletter(chance.below(3)));
    spread(24, start, &mut |chance| Honest::OfList(chance.below(6)));
    spread(4, border, &mut |chance| Honest::OfList(chance.below(6)));
    spread(60, start, &mut |_| Honest::Internal);
    spread(10, border, &mut |_| Honest::Internal);
    spread(14, start, &mut |_| Honest::Executive);
    spread(3, border, &mut |_| Honest::Executive);
    if sellers.is_empty() {
        return;
    }
    spread(10, start, &mut |chance| Honest::Forwarded(*chance.pick(&sellers)));
    spread(4, border, &mut |chance| Honest::Forwarded(*chance.pick(&sellers)));
    spread(6, start, &mut |chance| Honest::Reminds(*chance.pick(&sellers)));
    spread(4, border, &mut |chance| Honest::Reminds(*chance.pick(&sellers)));
}
