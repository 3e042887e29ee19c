//! The course of events: deals, honest changes and attacks in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::attacks::{self, Attack};
use crate::calendar::DAY;
use crate::chance::Chance;
use crate::changes::{self, Honest};
use crate::letter::{Letter, Truth};
use crate::names::Names;
use crate::scene::Scene;
use crate::thread::{Side, Step, Thread};
use crate::wordings::Wordings;
use crate::world::World;

/// Days of messages that are judged.
pub(crate) const WINDOW_DAYS: i64 = 30;

/// How much happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) partners: usize,
    /// Deals of each partner before the border, on average.
    pub(crate) deals: i64,
    pub(crate) months: i64,
    /// Attacks of each kind.
    pub(crate) attacks: usize,
}

/// What may happen next.
#[derive(Debug, Clone, Copy)]
enum Occasion {
    Deal(usize),
    Honest(Honest),
    Attack(Attack),
}

/// Takes each letter, in order of time, with its world and whether it is judged or belongs to the history.
pub(crate) type Sink<'a> = dyn FnMut(&World, bool, &Letter) -> Result<(), String> + 'a;

/// Lets the world of a seed happen, and gives all its letters to `sink`.
pub(crate) fn run(seed: u64, size: Size, wordings: &Wordings, sink: &mut Sink<'_>) -> Result<World, String> {
    let mut world = World::new(seed, size.partners, size.months);
    let honest = changes::plan(&mut world, &mut Chance::new(seed, "changes"));
    let scene = Scene { world: &world, wordings, has_files: true };
    let mut course = Course::new(scene, Chance::new(seed, "course"));
    course.plan_deals(size);
    for (at, honest) in honest {
        course.add(at, Occasion::Honest(honest));
    }
    let mut chance = Chance::new(seed, "attacks");
    for attack in attacks::ALL.iter().flat_map(|attack| std::iter::repeat_n(*attack, size.attacks)) {
        let at = world.border + chance.range(DAY, (WINDOW_DAYS - 1) * DAY);
        course.add(at, Occasion::Attack(attack));
    }
    course.happen(sink)?;
    Ok(world)
}

/// A history alone, of at least so many letters, without documents: for measuring how fast one is read.
pub(crate) fn run_bulk(seed: u64, letters: usize, wordings: &Wordings, sink: &mut Sink<'_>) -> Result<World, String> {
    let partners = (letters / 200).clamp(30, 5_000);
    let world = World::new(seed, partners, 60);
    let scene = Scene { world: &world, wordings, has_files: false };
    let mut course = Course::new(scene, Chance::new(seed, "course"));
    // A deal has some nine letters; some of those begun late are not finished in time.
    let deals = (letters / 8 / partners).max(1) as i64;
    for partner in 0..partners {
        for _ in 0..deals {
            let start = course.chance.range(world.start, world.border - 75 * DAY);
            course.plan_deal(partner, start);
        }
    }
    course.forgets = true;
    let mut left = letters;
    let mut counted = |world: &World, is_judged: bool, letter: &Letter| {
        if is_judged || left == 0 {
            return Ok(());
        }
        left -= 1;
        sink(world, false, letter)
    };
    course.happen(&mut counted)?;
    Ok(world)
}

/// All that runs.
pub(crate) struct Course<'a> {
    pub(crate) scene: Scene<'a>,
    pub(crate) threads: Vec<Thread>,
    pub(crate) chance: Chance,
    pub(crate) names: Names,
    /// Time and number of each occasion to come.
    queue: BinaryHeap<Reverse<(i64, usize)>>,
    occasions: Vec<Occasion>,
    /// Whether a deal that is done is forgotten.
    forgets: bool,
}

impl<'a> Course<'a> {
    fn new(scene: Scene<'a>, chance: Chance) -> Self {
        Self {
            scene,
            threads: Vec::new(),
            chance,
            names: Names::read(),
            queue: BinaryHeap::new(),
            occasions: Vec::new(),
            forgets: false,
        }
    }

    fn add(&mut self, at: i64, occasion: Occasion) {
        self.queue.push(Reverse((at, self.occasions.len())));
        self.occasions.push(occasion);
    }

    /// Each partner but new ones has deals in the past, one that runs over the border, and perhaps one that begins after it.
    fn plan_deals(&mut self, size: Size) {
        let (start, border) = (self.scene.world.start, self.scene.world.border);
        for partner in 0..self.scene.world.partners.len() {
            if self.scene.world.partners[partner].is_new {
                let at = border + self.chance.range(1, 5) * DAY;
                self.plan_deal(partner, at);
                continue;
            }
            let deals = self.chance.range((size.deals / 2).max(1), size.deals + size.deals / 2);
            for _ in 0..deals {
                let at = self.chance.range(start, border - 60 * DAY);
                self.plan_deal(partner, at);
            }
            let at = border - self.chance.range(3, 25) * DAY;
            self.plan_deal(partner, at);
            if self.chance.percent(50) {
                let at = border + self.chance.range(0, 15) * DAY;
                self.plan_deal(partner, at);
            }
        }
    }

    fn plan_deal(&mut self, partner: usize, at: i64) {
        let mut chance = self.chance.fork("deal");
        let thread = Thread::plan(self.scene.world, partner, at, self.names.words("goods"), &mut chance);
        let due = thread.due();
        self.threads.push(thread);
        if let Some(due) = due {
            self.add(due, Occasion::Deal(self.threads.len() - 1));
        }
    }

    fn happen(&mut self, sink: &mut Sink<'_>) -> Result<(), String> {
        let border = self.scene.world.border;
        let end = border + WINDOW_DAYS * DAY;
        while let Some(Reverse((at, number))) = self.queue.pop() {
            if at >= end {
                break;
            }
            let letter = match self.occasions[number] {
                Occasion::Deal(thread) => self.advance(thread, number)?,
                Occasion::Honest(honest) => self.honest(honest, at)?,
                Occasion::Attack(attack) => self.attack(attack, at)?,
            };
            if let Some(letter) = letter {
                sink(self.scene.world, at >= border, &letter)?;
            }
        }
        Ok(())
    }

    fn advance(&mut self, thread: usize, number: usize) -> Result<Option<Letter>, String> {
        let mut chance = self.chance.fork("step");
        let Some((mut letter, step)) = self.threads[thread].advance(&self.scene, &mut chance)? else { return Ok(None) };
        self.describe(thread, step, &mut letter);
        match self.threads[thread].due() {
            // The same occasion again, for the next letter.
            Some(due) => self.queue.push(Reverse((due.max(letter.at + 1), number))),
            None if self.forgets => {
                self.threads[thread].last = None;
                self.threads[thread].told = None;
            }
            None => {}
        }
        Ok(Some(letter))
    }

    /// Says what a letter of a deal is an example of, and adds what its company always adds.
    fn describe(&self, thread: usize, step: Step, letter: &mut Letter) {
        let world = self.scene.world;
        let company = &world.partners[self.threads[thread].partner];
        if step.side == Side::Ours {
            letter.truth = Truth::honest("own_letter");
            return;
        }
        let moved = company.moves.as_ref().is_some_and(|(from, _)| letter.at >= *from);
        let kind = match company.trait_of {
            Some("bank_change_confirmed" | "second_account") if step.tells_account => company.trait_of,
            Some("bank_change_confirmed" | "second_account") => None,
            Some("new_domain") if !moved => None,
            other => other,
        };
        let usual = if step.intent == "urgent" {
            "urgent"
        } else if company.is_on_free_mail {
            "free_mail"
        } else {
            "ordinary"
        };
        letter.truth = Truth::honest(kind.unwrap_or(usual));
    }

    /// Deals that somebody could enter at a time: their last letter is at most so many days old.
    pub(crate) fn live(&self, at: i64, days: i64, wanted: impl Fn(&Thread) -> bool) -> Vec<usize> {
        let is_live =
            |thread: &Thread| thread.last.as_ref().is_some_and(|last| at > last.at && at - last.at <= days * DAY);
        (0..self.threads.len())
            .filter(|&number| is_live(&self.threads[number]) && wanted(&self.threads[number]))
            .collect()
    }
}
