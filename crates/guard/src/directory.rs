//! Our own people, and what they do here.

use std::collections::HashMap;
use std::sync::Arc;

use crate::knowledge::{Job, Own, OwnPerson};
use crate::names::name_key;

/// People that are known; beyond it only those that are there.
const PEOPLE_MAX: usize = 20_000;

/// Parts of mailboxes' names that tell who pays, in the languages of trade.
const FINANCE: [&str; 24] = [
    "finance",
    "account",
    "accounting",
    "payable",
    "payment",
    "invoice",
    "treasury",
    "billing",
    "caiwu",
    "kuaiji",
    "buchhaltung",
    "finanz",
    "compta",
    "finanz",
    "contab",
    "finanzas",
    "financeiro",
    "amministrazione",
    "muhasebe",
    "buh",
    "keiri",
    "ketoan",
    "cfo",
    "controller",
];

/// The same for who decides.
const MANAGEMENT: [&str; 12] = [
    "ceo",
    "president",
    "director",
    "general.manager",
    "gm",
    "boss",
    "owner",
    "founder",
    "chairman",
    "coo",
    "geschaeftsfuehrung",
    "zongjingli",
];

/// Titles in signatures: of finance, of management.
const FINANCE_TITLES: [&str; 20] = [
    "finance manager",
    "chief financial",
    "accountant",
    "accounts payable",
    "finance department",
    "financial controller",
    "treasurer",
    "财务",
    "会计",
    "buchhaltung",
    "comptab",
    "contabilidad",
    "contabilidade",
    "contabilità",
    "бухгалтер",
    "محاسب",
    "muhasebe",
    "経理",
    "회계",
    "kế toán",
];
const MANAGEMENT_TITLES: [&str; 20] = [
    "chief executive",
    "managing director",
    "general manager",
    "president",
    "chairman",
    "总经理",
    "董事长",
    "geschäftsführer",
    "directeur général",
    "director general",
    "diretor geral",
    "amministratore delegato",
    "генеральный директор",
    "المدير العام",
    "genel müdür",
    "社長",
    "代表取締役",
    "대표이사",
    "giám đốc",
    "ceo",
];

/// Our own people, with an index of their names.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    own: Arc<Own>,
    by_address: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
}

impl Directory {
    /// Domains and people.
    #[must_use]
    pub fn new(own: Own) -> Self {
        let mut directory = Self { own: Arc::new(Own { people: Vec::new(), ..own.clone() }), ..Self::default() };
        own.people.into_iter().for_each(|person| directory.add(person));
        directory
    }

    /// The domains and people.
    #[must_use]
    pub const fn own(&self) -> &Arc<Own> {
        &self.own
    }

    /// Enters somebody, or completes what is known of him.
    pub fn add(&mut self, person: OwnPerson) {
        if let Some(known) = self.by_address.get(&person.address).and_then(|at| self.own.people.get(*at)) {
            let names = known.name.is_empty() && !person.name.is_empty();
            let works = known.job == Job::Other && person.job != Job::Other;
            if !names && !works {
                return;
            }
        } else if self.own.people.len() >= PEOPLE_MAX {
            return;
        }
        let own = Arc::make_mut(&mut self.own);
        let at = *self.by_address.entry(person.address.clone()).or_insert(own.people.len());
        if at == own.people.len() {
            own.people.push(OwnPerson { address: person.address.clone(), ..OwnPerson::default() });
        }
        let Some(known) = own.people.get_mut(at) else { return };
        if known.name.is_empty() && !person.name.is_empty() {
            known.name.clone_from(&person.name);
            if let Some(key) = name_key(&person.name) {
                self.by_name.entry(key).or_default().push(at);
            }
        }
        if known.job == Job::Other {
            known.job = person.job;
        }
    }

    /// Who bears a name, by its key.
    pub fn named(&self, key: &str) -> impl Iterator<Item = &OwnPerson> {
        self.by_name.get(key).into_iter().flatten().filter_map(|at| self.own.people.get(*at))
    }

    /// What somebody does here.
    #[must_use]
    pub fn job(&self, address: &str) -> Job {
        self.by_address.get(address).and_then(|at| self.own.people.get(*at)).map_or(Job::Other, |person| person.job)
    }
}

/// What a mailbox's name, or the signature under what somebody wrote, tells of his work. For histories that come without a directory.
#[must_use]
pub fn guess_job(address: &str, name: &str, written: &str) -> Job {
    let local = address.split('@').next().unwrap_or_default();
    let has = |words: &[&str]| local.split(['.', '-', '_']).any(|part| words.iter().any(|word| part.starts_with(word)));
    let ending: String =
        written.lines().rev().filter(|line| !line.trim().is_empty()).take(8).collect::<Vec<_>>().join("\n");
    let signed = format!("{name}\n{ending}").to_lowercase();
    let titled = |titles: &[&str]| titles.iter().any(|title| signed.contains(title));
    if has(&FINANCE) || titled(&FINANCE_TITLES) {
        Job::Finance
    } else if has(&MANAGEMENT) || titled(&MANAGEMENT_TITLES) {
        Job::Management
    } else if local.starts_with("sales") || local.starts_with("export") {
        Job::Sales
    } else {
        Job::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_told_by_mailbox_or_signature() {
        assert_eq!(guess_job("accounts@own.example", "", ""), Job::Finance);
        assert_eq!(guess_job("li.na@own.example", "Li Na", "See attached.\n\nLi Na\n财务部\n"), Job::Finance);
        assert_eq!(guess_job("chen@own.example", "Chen", "Regards,\nChen Bo\nGeneral Manager\n"), Job::Management);
        assert_eq!(guess_job("ann@own.example", "Ann", "Regards, Ann"), Job::Other);
    }

    #[test]
    fn people_are_found_by_name() {
        let mut directory = Directory::new(Own { domains: vec!["own.example".to_owned()], people: Vec::new() });
        let person = |name: &str, job| OwnPerson { name: name.to_owned(), address: "chen@own.example".to_owned(), job };
        directory.add(person("", Job::Other));
        directory.add(person("Chen Bo", Job::Management));
        assert_eq!(directory.named("bo chen").count(), 1);
        assert_eq!(directory.job("chen@own.example"), Job::Management);
    }
}
