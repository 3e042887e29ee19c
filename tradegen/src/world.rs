//! Who there is: the company whose mail it is, its partners, and their people.

mod people;

use crate::bank::Account;
use crate::chance::Chance;
use crate::letter::Proof;
use crate::names::{Country, Names};
use crate::software::{Route, Software};

pub(crate) use people::{Job, Person};

/// What a partner is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tie {
    Customer,
    Supplier,
    Forwarder,
    Customs,
    Bank,
}

/// A company.
#[derive(Debug, Clone)]
pub(crate) struct Company {
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) tie: Tie,
    pub(crate) country: Country,
    /// In what both write to each other.
    pub(crate) language: &'static str,
    pub(crate) people: Vec<Person>,
    /// Accounts, each with the time from which it stands on invoices.
    pub(crate) accounts: Vec<(i64, Account)>,
    /// A second account, for another currency: it stands on invoices beside the first, and later alone.
    pub(crate) second_account: Option<Account>,
    /// Whether nothing was written to or by them before the border.
    pub(crate) is_new: bool,
    /// Whether they say below each letter that their account does not change.
    pub(crate) warns: bool,
    /// What they are an example of.
    pub(crate) trait_of: Option<&'static str>,
    /// Domain to which they move, and when.
    pub(crate) moves: Option<(i64, String)>,
    pub(crate) route: Route,
    pub(crate) is_on_free_mail: bool,
    /// What can be proved of their mail.
    pub(crate) proof: Proof,
}

impl Company {
    pub(crate) fn domain_at(&self, at: i64) -> &str {
        match &self.moves {
            Some((from, domain)) if at >= *from => domain,
            _ => &self.domain,
        }
    }

    /// The account on invoices of a time.
    pub(crate) fn account_at(&self, at: i64) -> Option<&Account> {
        self.accounts.iter().rev().find(|(from, _)| *from <= at).map(|(_, account)| account)
    }

    /// A person's address at a time.
    pub(crate) fn address(&self, person: usize, at: i64) -> String {
        let person = &self.people[person];
        person.free_address.clone().unwrap_or_else(|| format!("{}@{}", person.local, self.domain_at(at)))
    }

    /// Whoever of them there is at a time.
    pub(crate) fn present(&self, at: i64) -> Vec<usize> {
        (0..self.people.len()).filter(|&person| self.people[person].since <= at).collect()
    }

    /// The first person with a job.
    pub(crate) fn with_job(&self, job: Job) -> usize {
        self.people.iter().position(|person| person.job == job).unwrap_or(0)
    }
}

/// All of it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) own: Company,
    pub(crate) second_domain: Option<String>,
    pub(crate) partners: Vec<Company>,
    /// Companies that write for the first time after the border.
    pub(crate) strangers: Vec<Company>,
    /// When the messages begin that are judged; before that is history.
    pub(crate) border: i64,
    /// When the history begins.
    pub(crate) start: i64,
}

/// 2026-09-01.
const BORDER: i64 = 1_788_220_800;

impl World {
    /// The world of a seed, with so many partners.
    pub(crate) fn new(seed: u64, partners: usize, months: i64) -> Self {
        let mut chance = Chance::new(seed, "world");
        let names = Names::read();
        let border = BORDER + chance.range(0, 25) * crate::calendar::DAY;
        let start = border - months * 30 * crate::calendar::DAY;
        let mut taken = Vec::new();
        let home = if chance.percent(25) { names.country("CN") } else { *chance.pick(&names.countries) };
        let mut own = company(Tie::Supplier, home, &names, &mut taken, &mut chance.fork("own"));
        own.is_on_free_mail = false;
        own.people.clear();
        let jobs = [Job::Management, Job::Finance, Job::Finance, Job::Sales, Job::Sales, Job::Sales, Job::Logistics];
        for job in jobs {
            let person = Person::new(job, home, &names, start, &mut chance);
            people::add_distinct(&mut own.people, person);
        }
        own.accounts = vec![(0, Account::open(home.code, home.currency, &own.name, &mut chance))];
        let second_domain = chance.percent(40).then(|| format!("{}-trade.example", stem(&own.domain)));
        let mut world = Self { own, second_domain, partners: Vec::new(), strangers: Vec::new(), border, start };
        for index in 0..partners {
            let tie = tie_of(index, &mut chance);
            let country = *chance.pick(&names.countries);
            let mut partner = company(tie, country, &names, &mut taken, &mut chance.fork("partner"));
            partner.language = world.language_with(&partner, &mut chance);
            world.partners.push(partner);
        }
        world
    }

    /// Own domains.
    pub(crate) fn own_domains(&self) -> Vec<&str> {
        std::iter::once(self.own.domain.as_str()).chain(self.second_domain.as_deref()).collect()
    }

    fn language_with(&self, partner: &Company, chance: &mut Chance) -> &'static str {
        let theirs = partner.country.language;
        if theirs == self.own.country.language || chance.percent(60) { theirs } else { "en" }
    }
}

/// Banks and brokers are few, forwarders some.
fn tie_of(index: usize, chance: &mut Chance) -> Tie {
    match index {
        0 => Tie::Bank,
        1 => Tie::Customs,
        2 | 3 => Tie::Forwarder,
        _ => match chance.below(20) {
            0 => Tie::Forwarder,
            1..=10 => Tie::Supplier,
            _ => Tie::Customer,
        },
    }
}

/// A company with one to four people and its account.
pub(crate) fn company(
    tie: Tie,
    country: Country,
    names: &Names,
    taken: &mut Vec<String>,
    chance: &mut Chance,
) -> Company {
    let (name, domain) = company_name(tie, country, names, taken, chance);
    let is_on_free_mail = match tie {
        Tie::Customer => chance.percent(22),
        Tie::Supplier => chance.percent(10),
        _ => false,
    };
    let software = Software::of_company(country.language, chance);
    let mut people = Vec::new();
    let count = if is_on_free_mail { 1 } else { chance.range(1, 4) };
    for index in 0..count {
        let job = if index == 1 { Job::Finance } else { Job::Sales };
        let mut person = Person::new(job, country, names, 0, chance);
        person.software = software;
        if is_on_free_mail {
            person.go_to_free_mail(country.language, &stem(&domain), chance);
        }
        people::add_distinct(&mut people, person);
    }
    let account = Account::open(country.code, country.currency, &name, chance);
    Company {
        route: if is_on_free_mail { Route::free_mail(&people[0], chance) } else { Route::of_company(&domain, chance) },
        name,
        domain,
        tie,
        country,
        language: country.language,
        people,
        accounts: vec![(0, account)],
        second_account: None,
        is_new: false,
        warns: false,
        trait_of: None,
        moves: None,
        proof: proof_of(tie, is_on_free_mail, chance),
        is_on_free_mail,
    }
}

fn company_name(
    tie: Tie,
    country: Country,
    names: &Names,
    taken: &mut Vec<String>,
    chance: &mut Chance,
) -> (String, String) {
    loop {
        let first = chance.pick(names.words("stem")).clone();
        let branch = match tie {
            Tie::Customer | Tie::Supplier => "trade",
            Tie::Forwarder => "forwarder",
            Tie::Customs => "customs",
            Tie::Bank => "bank",
        };
        let second = chance.pick(names.words(branch)).clone();
        let label = match chance.below(10) {
            0..=4 => format!("{first}-{second}"),
            5..=7 => format!("{first}{second}"),
            // Short names: initials and a letter or two.
            8 => format!("{}{}{}", &first[..1], &second[..2], country.code.to_lowercase()),
            _ => first.clone(),
        };
        let domain = format!("{label}.example");
        let name = format!("{} {} {}", capital(&first), capital(&second), country.form);
        if !taken.contains(&domain) && !taken.contains(&name) {
            taken.push(domain.clone());
            taken.push(name.clone());
            return (name, domain);
        }
        if taken.len() > 2_000 {
            let domain = format!("{first}-{second}-{}.example", taken.len());
            taken.push(domain.clone());
            return (format!("{name} {}", taken.len()), domain);
        }
    }
}

/// Most small companies sign and publish a policy, since large receivers ask for it; some do not.
fn proof_of(tie: Tie, is_on_free_mail: bool, chance: &mut Chance) -> Proof {
    match chance.below(100) {
        _ if is_on_free_mail || tie == Tie::Bank => Proof::Passes,
        0..=11 => Proof::SpfAlone,
        12..=16 => Proof::Nothing,
        _ => Proof::Passes,
    }
}

/// A domain without its last label.
pub(crate) fn stem(domain: &str) -> String {
    domain.rsplit_once('.').map_or(domain, |(stem, _)| stem).to_owned()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
