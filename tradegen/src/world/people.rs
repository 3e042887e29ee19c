//! People: names, addresses, programs and hours.

use crate::chance::Chance;
use crate::names::{Country, Names};
use crate::software::Software;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    Sales,
    Finance,
    Management,
    Logistics,
}

/// Somebody who writes letters.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// As signatures and the From field show it.
    pub(crate) name: String,
    /// Part of the address before the at sign.
    pub(crate) local: String,
    /// An address at a free provider in place of the company's.
    pub(crate) free_address: Option<String>,
    pub(crate) job: Job,
    pub(crate) software: Software,
    /// Another program from a time on.
    pub(crate) later_software: Option<(i64, Software)>,
    /// Minutes east of UTC.
    pub(crate) zone: i64,
    /// First and last hour of the working day, local.
    pub(crate) hours: (i64, i64),
    pub(crate) telephone: String,
    pub(crate) since: i64,
}

impl Person {
    pub(crate) fn new(job: Job, country: Country, names: &Names, since: i64, chance: &mut Chance) -> Self {
        let (name, latin) = full_name(country.language, names, chance);
        let from = chance.range(8, 9);
        Self {
            local: local_part(&latin, chance),
            name: if name == latin || chance.percent(60) { name } else { latin },
            free_address: None,
            job,
            software: Software::of_company(country.language, chance),
            later_software: None,
            zone: country.zone,
            hours: (from, from + chance.range(8, 10)),
            telephone: format!("{} {}", country.dial, chance.digits(country.telephone_digits)),
            since,
        }
    }

    pub(crate) fn software_at(&self, at: i64) -> Software {
        match self.later_software {
            Some((from, software)) if at >= from => software,
            _ => self.software,
        }
    }

    /// An address at a free provider. `example` in it keeps it from being anybody's.
    pub(crate) fn go_to_free_mail(&mut self, language: &str, company: &str, chance: &mut Chance) {
        let (provider, software) = free_provider(language, chance);
        let company: String = company.chars().filter(char::is_ascii_alphanumeric).collect();
        let start = if chance.percent(50) { self.local.replace('_', ".") } else { company };
        self.free_address = Some(format!("{start}.example{}@{provider}", chance.digits(2)));
        self.software = software;
    }
}

/// Where people of a language have their free addresses, and what it writes.
pub(crate) fn free_provider(language: &str, chance: &mut Chance) -> (&'static str, Software) {
    match language {
        "zh" if chance.percent(50) => ("163.com", Software::NetEase),
        "zh" => ("qq.com", Software::Tencent),
        "ru" if chance.percent(70) => ("yandex.ru", Software::Yandex),
        _ => ("gmail.com", Software::Gmail),
    }
}

/// A name whose address nobody of them has yet.
pub(super) fn add_distinct(people: &mut Vec<Person>, mut person: Person) {
    while people.iter().any(|other| other.local == person.local) {
        person.local.push('2');
    }
    people.push(person);
}

fn full_name(language: &str, names: &Names, chance: &mut Chance) -> (String, String) {
    let first = chance.pick(names.people(language, "first")).clone();
    let last = chance.pick(names.people(language, "last")).clone();
    let native = match language {
        "zh" | "ja" | "ko" => format!("{}{}", last.0, first.0),
        "vi" => format!("{} {}", last.0, first.0),
        _ => format!("{} {}", first.0, last.0),
    };
    (native, format!("{} {}", first.1, last.1))
}

fn local_part(latin: &str, chance: &mut Chance) -> String {
    let plain: String = latin.to_lowercase().chars().filter_map(ascii).collect();
    let (first, last) = plain.split_once(' ').unwrap_or((&plain, "office"));
    match chance.below(5) {
        0 => first.to_owned(),
        1 => format!("{first}_{last}"),
        2 => format!("{}{last}", &first[..1]),
        _ => format!("{first}.{last}"),
    }
}

/// The letter without its marks, for addresses.
fn ascii(letter: char) -> Option<char> {
    Some(match letter {
        'à'..='å' | 'ạ'..='ặ' | 'ă' => 'a',
        'ç' => 'c',
        'đ' => 'd',
        'è'..='ë' | 'ẹ'..='ệ' => 'e',
        'ğ' => 'g',
        'ì'..='ï' | 'ı' | 'ỉ' | 'ị' | 'ĩ' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ơ' | 'ọ'..='ợ' => 'o',
        'ş' => 's',
        'ù'..='ü' | 'ư' | 'ụ'..='ự' | 'ũ' => 'u',
        'ỳ'..='ỹ' => 'y',
        ' ' => ' ',
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => return None,
    })
}
