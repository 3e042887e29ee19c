//! What a decision costs, against a table that is at hand.

#![allow(missing_docs, reason = "criterion makes the entry points")]

use std::hint::black_box;
use std::time::Duration;

use access::{
    Action, Actor, Basis, CustomRole, Effect, Holder, Level, Loan, Object, Role, Scope, StepUpPolicy, Table, Via,
    decide,
};
use criterion::{Criterion, criterion_group, criterion_main};
use env::Timestamp;

/// Somebody with every shipped role, twenty custom ones, and a hundred loans: more than anybody has.
fn busy_actor(now: Timestamp) -> Actor {
    let jobs = Role::ALL.iter().map(|role| Holder::Job(*role));
    let loans = (0..100).map(|owner| Loan {
        basis: Basis::Grant(owner),
        owner,
        actions: vec![Action::MailRead],
        from: now,
        until: now.plus(Duration::from_secs(60)),
    });
    Actor {
        account: Some(7),
        organisation: Some(1),
        region: None,
        holders: std::iter::once(Holder::Everyone).chain(jobs).chain((0..20).map(Holder::Custom)).collect(),
        groups: (0..50).collect(),
        loans: loans.collect(),
        has_factor: true,
        strong_at: Some(now),
        via: Via::Http,
    }
}

fn decisions(criterion: &mut Criterion) {
    let now = Timestamp::from_seconds(1_800_000_000);
    let rights: Vec<_> = Action::ALL.iter().take(20).map(|action| (*action, Scope::Own, Effect::Allow)).collect();
    let custom: Vec<CustomRole> =
        (0..20).map(|id| CustomRole { id, name: format!("role{id}"), rights: rights.clone() }).collect();
    let table = Table::new(&custom, StepUpPolicy::of(Level::Trade, Duration::from_secs(300)));
    let busy = busy_actor(now);
    let clerk = Actor { holders: vec![Holder::Everyone, Holder::Job(Role::Sales)], loans: Vec::new(), ..busy.clone() };
    let (own, lent) = (Object::of_account(1, 7), Object::of_account(1, 99));
    criterion.bench_function("own mail", |bench| {
        bench.iter(|| decide(black_box(&table), black_box(&clerk), Action::MailRead, black_box(&own), now));
    });
    criterion.bench_function("mail of another under the last of a hundred grants, 28 roles", |bench| {
        bench.iter(|| decide(black_box(&table), black_box(&busy), Action::MailRead, black_box(&lent), now));
    });
    criterion.bench_function("sensitive action", |bench| {
        bench.iter(|| decide(black_box(&table), black_box(&busy), Action::AccountDelete, black_box(&lent), now));
    });
}

criterion_group!(benches, decisions);
criterion_main!(benches);
