//! The course of a deal: inquiry, quotation, order, proforma, deposit, production, shipping documents, balance.

use crate::calendar::{self, DAY};
use crate::chance::Chance;
use crate::documents::Form;
use crate::letter::{Direction, Letter};
use crate::scene::{Address, Deal, Placing, Scene, Voice, answer};
use crate::world::{Company, Job, Tie, World};

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Theirs,
}

/// One letter of a deal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) side: Side,
    pub(crate) intent: &'static str,
    /// Whether it tells an account.
    pub(crate) tells_account: bool,
    /// Days after the one before.
    days: (i64, i64),
}

const fn step(side: Side, intent: &'static str, tells_account: bool, days: (i64, i64)) -> Step {
    Step { side, intent, tells_account, days }
}

use Side::{Ours, Theirs};

const PURCHASE: &[Step] = &[
    step(Ours, "inquiry", false, (0, 0)),
    step(Theirs, "quotation", false, (1, 3)),
    step(Ours, "question", false, (1, 2)),
    step(Theirs, "ack", false, (1, 2)),
    step(Ours, "order", false, (1, 4)),
    step(Theirs, "proforma", true, (1, 2)),
    step(Ours, "deposit_paid", false, (2, 5)),
    step(Theirs, "production", false, (6, 14)),
    step(Theirs, "shipping", true, (5, 12)),
    step(Ours, "ack", false, (1, 2)),
    step(Theirs, "balance", true, (2, 5)),
    step(Ours, "paid", false, (1, 4)),
    step(Theirs, "thanks", false, (1, 2)),
];

const SALE: &[Step] = &[
    step(Theirs, "inquiry", false, (0, 0)),
    step(Ours, "quotation", false, (1, 3)),
    step(Theirs, "question", false, (1, 2)),
    step(Ours, "ack", false, (1, 2)),
    step(Theirs, "order", false, (1, 4)),
    step(Ours, "proforma", true, (1, 2)),
    step(Theirs, "deposit_paid", false, (2, 5)),
    step(Ours, "production", false, (6, 14)),
    step(Ours, "shipping", true, (5, 12)),
    step(Theirs, "ack", false, (1, 2)),
    step(Ours, "balance", true, (2, 5)),
    step(Theirs, "paid", false, (1, 4)),
    step(Ours, "thanks", false, (1, 2)),
];

const FREIGHT: &[Step] = &[
    step(Ours, "freight_request", false, (0, 0)),
    step(Theirs, "freight_quote", false, (1, 2)),
    step(Ours, "booking", false, (1, 2)),
    step(Theirs, "ack", false, (1, 2)),
    step(Theirs, "freight_invoice", true, (5, 10)),
    step(Ours, "paid", false, (1, 5)),
    step(Theirs, "thanks", false, (1, 2)),
];

const CLEARANCE: &[Step] = &[
    step(Theirs, "customs_invoice", true, (0, 0)),
    step(Ours, "question", false, (1, 2)),
    step(Theirs, "ack", false, (1, 2)),
    step(Ours, "paid", false, (1, 3)),
];

const NOTICES: &[Step] = &[step(Theirs, "bank_notice", false, (0, 0)), step(Theirs, "bank_notice", false, (10, 20))];

/// A deal with a partner, as far as it has come.
#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) partner: usize,
    pub(crate) ours: usize,
    pub(crate) theirs: usize,
    /// Others who read along, of us and of them.
    also: (Option<usize>, Option<usize>),
    pub(crate) deal: Deal,
    pub(crate) placing: Placing,
    steps: Vec<(i64, Step)>,
    next: usize,
    /// The last letter, without its files.
    pub(crate) last: Option<Letter>,
    /// The last letter of theirs that tells an account in its text.
    pub(crate) told: Option<Letter>,
}

impl Thread {
    /// A deal that begins about `start`.
    pub(crate) fn plan(world: &World, partner: usize, start: i64, goods: &[String], chance: &mut Chance) -> Self {
        let company = &world.partners[partner];
        let present = company.present(start);
        let theirs = present[chance.below(present.len().min(2))];
        let job = if matches!(company.tie, Tie::Forwarder | Tie::Customs) { Job::Logistics } else { Job::Sales };
        let ours: Vec<usize> =
            (0..world.own.people.len()).filter(|&person| world.own.people[person].job == job).collect();
        let ours = if ours.is_empty() { 0 } else { ours[partner % ours.len()] };
        let also_ours = chance.percent(45).then(|| world.own.with_job(Job::Finance));
        let also_theirs = (present.len() > 1 && chance.percent(40)).then(|| present[(theirs + 1) % present.len()]);
        let form = *chance.pick(&[Form::Pdf, Form::Pdf, Form::Pdf, Form::Xlsx, Form::Docx]);
        let placing = *chance.pick(&[Placing::Body, Placing::File(form), Placing::File(form), Placing::Both(form)]);
        let currency = match company.tie {
            Tie::Customer => world.own.country.currency,
            _ => company.country.currency,
        };
        let mut thread = Self {
            partner,
            ours,
            theirs,
            also: (also_ours, also_theirs.filter(|also| *also != theirs)),
            deal: Deal::new(goods, currency, chance),
            placing,
            steps: Vec::new(),
            next: 0,
            last: None,
            told: None,
        };
        thread.steps = thread.course(world, start, chance);
        thread
    }

    fn course(&self, world: &World, start: i64, chance: &mut Chance) -> Vec<(i64, Step)> {
        let company = &world.partners[self.partner];
        let course = match company.tie {
            Tie::Supplier => PURCHASE,
            Tie::Customer => SALE,
            Tie::Forwarder => FREIGHT,
            Tie::Customs => CLEARANCE,
            Tie::Bank => NOTICES,
        };
        let mut at = start;
        let mut steps = Vec::new();
        for step in course {
            // Not every deal has its questions, and not every answer is written.
            if matches!(step.intent, "question" | "ack" | "thanks") && chance.percent(45) {
                continue;
            }
            at += chance.range(step.days.0, step.days.1) * DAY;
            let person = match step.side {
                Ours => &world.own.people[self.ours],
                Theirs => &company.people[self.theirs],
            };
            let when = at_work(at, person.zone, person.hours, chance);
            at = steps.last().map_or(when, |(before, _): &(i64, Step)| when.max(before + 1_800));
            steps.push((at, *step));
            if step.intent == "production" && chance.percent(30) {
                steps.push((at + 2 * DAY, self::step(step.side, "urgent", false, (0, 0))));
            }
        }
        steps
    }

    /// When the next letter is written.
    pub(crate) fn due(&self) -> Option<i64> {
        self.steps.get(self.next).map(|(at, _)| *at)
    }

    /// The next letter, with the time.
    pub(crate) fn advance(&mut self, scene: &Scene<'_>, chance: &mut Chance) -> Result<Option<(Letter, Step)>, String> {
        let Some((at, step)) = self.steps.get(self.next).copied() else { return Ok(None) };
        self.next += 1;
        let mut letter = self.letter(scene, step.side, &[step.intent], at, chance);
        if step.tells_account {
            let accounts = accounts(scene.world, self.partner, step.side, at);
            scene.put_account(&mut letter, &accounts, self.placing, &self.deal, chance)?;
        }
        self.remember(&letter);
        Ok(Some((letter, step)))
    }

    /// A letter of this deal, answering the last one.
    pub(crate) fn letter(
        &self,
        scene: &Scene<'_>,
        side: Side,
        intents: &[&str],
        at: i64,
        chance: &mut Chance,
    ) -> Letter {
        let company = &scene.world.partners[self.partner];
        let us = Voice::of(&scene.world.own, self.ours, at, Direction::Out);
        let them = Voice::of(company, self.theirs, at, Direction::In);
        let (voice, to) = match side {
            Ours => (us, them.party),
            Theirs => (them, us.party),
        };
        let address = Address { to: vec![to], language: company.language, deal: &self.deal, link: "" };
        let mut letter = scene.write(&voice, &address, intents, at, chance);
        if company.warns && side == Theirs {
            let notice = scene.wordings.say(company.language, "no_change", &[], chance);
            letter.ending = format!("{}\n\n{notice}", letter.ending);
        }
        self.copy_others(scene.world, &mut letter);
        match &self.last {
            Some(last) => answer(&mut letter, last, chance),
            None => scene.entitle(&mut letter, subject_of(company), &self.deal, chance),
        }
        letter
    }

    fn copy_others(&self, world: &World, letter: &mut Letter) {
        let company = &world.partners[self.partner];
        let ours = self.also.0.map(|person| Voice::of(&world.own, person, letter.at, Direction::Out).party);
        let theirs = self.also.1.map(|person| Voice::of(company, person, letter.at, Direction::In).party);
        letter.cc = [ours, theirs].into_iter().flatten().filter(|party| *party != letter.from).collect();
    }

    /// Keeps a letter as the last.
    pub(crate) fn remember(&mut self, letter: &Letter) {
        let mut kept = letter.clone();
        kept.files.clear();
        if letter.direction == Direction::In && !letter.bank_lines.is_empty() {
            self.told = Some(kept.clone());
        }
        self.last = Some(kept);
    }
}

/// What stands on invoices of a side.
pub(crate) fn accounts(world: &World, partner: usize, side: Side, at: i64) -> Vec<&crate::bank::Account> {
    let company = match side {
        Ours => &world.own,
        Theirs => &world.partners[partner],
    };
    match &company.second_account {
        Some(second) if at >= world.border => vec![second],
        Some(second) => company.account_at(at).into_iter().chain([second]).collect(),
        None => company.account_at(at).into_iter().collect(),
    }
}

const fn subject_of(company: &Company) -> &'static str {
    match company.tie {
        Tie::Customer | Tie::Supplier => "subject.trade",
        Tie::Forwarder => "subject.freight",
        Tie::Customs => "subject.customs",
        Tie::Bank => "subject.bank",
    }
}

/// A time of the working day that begins at or after `at`, in a zone.
pub(crate) fn at_work(at: i64, zone: i64, hours: (i64, i64), chance: &mut Chance) -> i64 {
    let local = at + zone * 60;
    let mut day = local - local.rem_euclid(DAY);
    while calendar::weekday(day) > 4 {
        day += DAY;
    }
    day + chance.range(hours.0 * 3_600, hours.1 * 3_600) - zone * 60
}
