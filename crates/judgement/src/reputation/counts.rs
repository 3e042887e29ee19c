//! What is counted of a thing, fading.

use env::Timestamp;

use super::Event;

/// Days in which counts lose half of themselves.
pub const HALF_LIFE_DAYS: f32 = 30.0;

/// One message, as counts are kept.
const ONE: i64 = 1_000;

/// No count grows beyond this: what is faded must stay able to turn.
const MOST: i64 = 1_000 * ONE;

const DAY_MILLIS: f32 = 86_400_000.0;

/// What is known of a thing, in thousandths of a message, faded up to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Mail that people answered or kept, or said to be honest.
    pub good: i64,
    /// Mail that was found or said to be unwanted.
    pub bad: i64,
    /// Of the bad ones, those that people told of.
    pub told: i64,
    /// Mail that nothing was wrong with.
    pub seen: i64,
    /// Up to when they have faded.
    pub at: Timestamp,
}

impl Counts {
    /// Nothing yet.
    #[must_use]
    pub const fn none(at: Timestamp) -> Self {
        Self { good: 0, bad: 0, told: 0, seen: 0, at }
    }

    /// What one event adds.
    #[must_use]
    pub const fn of(event: Event, at: Timestamp) -> Self {
        let none = Self::none(at);
        match event {
            Event::Seen => Self { seen: ONE, ..none },
            Event::Unwanted => Self { bad: ONE * 3 / 10, ..none },
            Event::Dangerous => Self { bad: ONE / 2, ..none },
            Event::ToldJunk => Self { bad: ONE, told: ONE, ..none },
            Event::ToldHonest | Event::Answered => Self { good: ONE, ..none },
            Event::Kept => Self { good: ONE / 4, ..none },
        }
    }

    /// As they are at a later moment.
    #[must_use]
    pub fn faded(self, now: Timestamp) -> Self {
        let days = now.millis().saturating_sub(self.at.millis()).max(0) as f32 / DAY_MILLIS;
        let part = (-days / HALF_LIFE_DAYS).exp2();
        let fade = |count: i64| (count as f32 * part).round() as i64;
        Self {
            good: fade(self.good),
            bad: fade(self.bad),
            told: fade(self.told),
            seen: fade(self.seen),
            at: now.max(self.at),
        }
    }

    /// Adds others; the later moment counts.
    pub fn add(&mut self, more: &Self) {
        let now = self.at.max(more.at);
        let (ours, more) = (self.faded(now), more.faded(now));
        let sum = |one: i64, other: i64| one.saturating_add(other).clamp(0, MOST);
        *self = Self {
            good: sum(ours.good, more.good),
            bad: sum(ours.bad, more.bad),
            told: sum(ours.told, more.told),
            seen: sum(ours.seen, more.seen),
            at: now,
        };
    }
}
