//! Roles and the duties they join, custom roles, grants, requests for a second person, the record.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::time::Duration;

use access::{Action, Basis, Decision, Effect, Holder, Object, Scope, Via, decide};
use env::Timestamp;
use fixture::Fixture;
use identity::rights::{
    self, AccessSettings, ApprovalState, Event, Giving, GrantState, GrantWindow, NewApproval, NewGrant, Outcome,
    REFUSALS_PER_MINUTE_MAX,
};
use identity::{IdentityError, Level, Role};
use serde_json::json;
use store::testing::TestStore;

store::on_both_engines! {
    duties_join_only_where_the_organisation_knows_why,
    custom_roles_are_rows_of_the_table,
    a_grant_opens_mail_until_its_end_and_no_longer,
    a_grant_needs_a_second_person,
    requests_are_handed_out_once,
    events_are_kept_sealed,
    refusals_are_counted_beyond_some_and_forgotten_with_age,
    a_deleted_account_takes_its_roles_and_grants_with_it,
}

fn settings() -> AccessSettings {
    AccessSettings::default()
}

fn giving(account: i64, role: &str) -> Giving<'_> {
    Giving { account, role, by: None, exception: None }
}

async fn duties_join_only_where_the_organisation_knows_why(store: TestStore) {
    let directory = Fixture::new(store).await;
    let (chen, other) =
        (directory.add("chen@trade.test", Role::Admin).await, directory.add("wu@trade.test", Role::Admin).await);
    directory.write(move |tx| rights::give_role(tx, &giving(chen, "it"))).await.unwrap();
    let again = directory.write(move |tx| rights::give_role(tx, &giving(chen, "it"))).await;
    assert!(matches!(again, Err(IdentityError::HasRole(_))));
    let joined = directory.write(move |tx| rights::give_role(tx, &giving(chen, "security"))).await;
    assert_eq!(
        joined.unwrap_err().to_string(),
        "this would put duties into one hand that are kept apart: administration, security; give the role to another, or say with --exception why the organisation accepts it"
    );
    assert_eq!(directory.write(move |tx| rights::holders_of(tx, chen)).await.unwrap().len(), 2, "nothing was given");
    let excused = Giving { exception: Some("we are three"), ..giving(chen, "security") };
    assert!(directory.write(move |tx| rights::give_role(tx, &excused)).await.unwrap().is_some());
    let organisation = directory.organisation;
    let known = directory.write(move |tx| rights::exceptions(tx, organisation)).await.unwrap();
    assert_eq!((known[0].account, known[0].reason.as_str()), (chen, "we are three"));
    let actor = directory.write(move |tx| rights::load_actor(tx, chen, Via::Http, None)).await.unwrap();
    assert_eq!(
        actor.holders,
        [Holder::Everyone, Holder::Job(Role::Admin), Holder::Job(Role::It), Holder::Job(Role::Security)]
    );
    directory.write(move |tx| rights::take_role(tx, chen, "security")).await.unwrap();
    assert!(directory.write(move |tx| rights::exceptions(tx, organisation)).await.unwrap().is_empty());
    // The job itself changes under the same rule, and one administrator stays.
    let job = directory.write(move |tx| rights::set_job(tx, &giving(chen, "auditor"))).await;
    assert!(matches!(job, Err(IdentityError::Duties(_))), "it would join audit");
    directory.write(move |tx| rights::take_role(tx, chen, "it")).await.unwrap();
    directory.write(move |tx| rights::set_job(tx, &giving(chen, "auditor"))).await.unwrap();
    let last = directory.write(move |tx| rights::set_job(tx, &giving(other, "sales"))).await;
    assert!(matches!(last, Err(IdentityError::LastAdministrator)));
    let unknown = directory.write(move |tx| rights::give_role(tx, &giving(other, "boss"))).await;
    assert!(matches!(unknown, Err(IdentityError::NoRole(_))));
}

async fn custom_roles_are_rows_of_the_table(store: TestStore) {
    let directory = Fixture::new(store).await;
    let (li, organisation) = (directory.add("li@trade.test", Role::Sales).await, directory.organisation);
    let other = directory.add("chen@trade.test", Role::Sales).await;
    let desk = [(Action::PasswordReset, Scope::Organisation, Effect::Allow)];
    directory.write(move |tx| rights::define_role(tx, organisation, "desk", &desk)).await.unwrap();
    directory.write(move |tx| rights::give_role(tx, &giving(li, "desk"))).await.unwrap();
    let decision = directory
        .write(move |tx| {
            let table = rights::organisation_table(tx, organisation, &settings())?;
            let actor = rights::load_actor(tx, li, Via::Http, Some(tx.now()))?;
            Ok(decide(&table, &actor, Action::PasswordReset, &rights::object_of_account(tx, other)?, tx.now()))
        })
        .await
        .unwrap();
    assert!(matches!(decision, Decision::Allow { row: Some(_), .. }));
    let used = directory.write(move |tx| rights::remove_role(tx, organisation, "desk")).await;
    assert!(matches!(used, Err(IdentityError::RoleInUse(_))));
    let excess = [(Action::MailRead, Scope::Organisation, Effect::Allow)];
    let refused = directory.write(move |tx| rights::define_role(tx, organisation, "reader", &excess)).await;
    assert!(matches!(refused, Err(IdentityError::Role(_))));
    // A role that somebody has cannot grow a duty that he must not have.
    directory.write(move |tx| rights::give_role(tx, &giving(li, "auditor"))).await.unwrap_err();
    directory.write(move |tx| rights::take_role(tx, li, "desk")).await.unwrap();
    directory.write(move |tx| rights::give_role(tx, &giving(li, "auditor"))).await.unwrap();
    let harmless = [(Action::GroupRead, Scope::Group, Effect::Allow)];
    directory.write(move |tx| rights::define_role(tx, organisation, "club", &harmless)).await.unwrap();
    directory.write(move |tx| rights::give_role(tx, &giving(li, "club"))).await.unwrap();
    let grown = directory.write(move |tx| rights::define_role(tx, organisation, "club", &desk)).await;
    assert!(matches!(grown, Err(IdentityError::Duties(_))));
    assert_eq!(directory.write(move |tx| rights::list_roles(tx, organisation)).await.unwrap()[0].rights, harmless);
}

fn new_grant(owner: i64, asker: i64) -> NewGrant<'static> {
    NewGrant {
        owner,
        asker,
        reason: "invoice 4711 vanished",
        window: GrantWindow::default(),
        lasts: Duration::from_secs(3_600),
        hold: None,
    }
}

async fn a_grant_opens_mail_until_its_end_and_no_longer(store: TestStore) {
    let directory = Fixture::new(store).await;
    let owner = directory.add("li@trade.test", Role::Sales).await;
    let asker = directory.add("chen@trade.test", Role::Security).await;
    let second = directory.add("wu@trade.test", Role::Management).await;
    let organisation = directory.organisation;
    let read = || {
        let look = move |tx: &mut store::Tx<'_>| {
            let table = rights::organisation_table(tx, organisation, &settings())?;
            let actor = rights::load_actor(tx, asker, Via::Imap, None)?;
            Ok(decide(&table, &actor, Action::MailRead, &Object::of_account(organisation, owner), tx.now()))
        };
        directory.write(look)
    };
    let refused = |decision| matches!(decision, Decision::Refuse { .. });
    assert!(refused(read().await.unwrap()));
    let id = directory.write(move |tx| rights::ask_grant(tx, &new_grant(owner, asker), &settings())).await.unwrap();
    assert!(refused(read().await.unwrap()), "asking opens nothing");
    directory.write(move |tx| rights::approve_grant(tx, organisation, id, second)).await.unwrap();
    assert_eq!(read().await.unwrap(), Decision::Allow { row: None, basis: Some(Basis::Grant(id)) });
    assert!(directory.write(rights::due_to_be_told).await.unwrap().is_empty(), "the owner is told afterwards");
    directory.store.clock.advance(Duration::from_secs(3_600));
    assert!(refused(read().await.unwrap()));
    assert_eq!(directory.write(rights::due_to_be_told).await.unwrap()[0].id, id);
    assert!(directory.write(move |tx| rights::mark_told(tx, organisation, id)).await.unwrap());
    assert!(!directory.write(move |tx| rights::mark_told(tx, organisation, id)).await.unwrap());
    // Revoked, it ends at once; under a hold the owner is not told.
    let held = move |tx: &mut store::Tx<'_>| {
        let id = rights::ask_grant(tx, &NewGrant { hold: Some("case 7"), ..new_grant(owner, asker) }, &settings())?;
        rights::approve_grant(tx, organisation, id, second)?;
        Ok(id)
    };
    let id = directory.write(held).await.unwrap();
    assert!(!refused(read().await.unwrap()));
    directory.write(move |tx| rights::revoke_grant(tx, organisation, id)).await.unwrap();
    assert!(refused(read().await.unwrap()));
    assert!(directory.write(rights::due_to_be_told).await.unwrap().is_empty());
    directory.write(move |tx| rights::lift_hold(tx, organisation, id)).await.unwrap();
    assert_eq!(directory.write(rights::due_to_be_told).await.unwrap()[0].state, GrantState::Revoked);
}

async fn a_grant_needs_a_second_person(store: TestStore) {
    let directory = Fixture::new(store).await;
    let owner = directory.add("li@trade.test", Role::Management).await;
    let asker = directory.add("chen@trade.test", Role::Security).await;
    let organisation = directory.organisation;
    let ask = |new: NewGrant<'static>| directory.write(move |tx| rights::ask_grant(tx, &new, &settings()));
    assert!(ask(NewGrant { reason: "because", ..new_grant(owner, asker) }).await.is_err());
    assert!(ask(NewGrant { lasts: Duration::from_secs(30 * 86_400), ..new_grant(owner, asker) }).await.is_err());
    assert!(ask(new_grant(asker, asker)).await.is_err());
    let id = ask(new_grant(owner, asker)).await.unwrap();
    for by in [owner, asker] {
        let approved = directory.write(move |tx| rights::approve_grant(tx, organisation, id, by)).await;
        assert!(matches!(approved, Err(IdentityError::Condition(_))));
    }
    let stranger = directory
        .write(move |tx| {
            let elsewhere = identity::create_organisation(tx, "Other", Level::Basic)?;
            rights::approve_grant(tx, elsewhere, id, owner)
        })
        .await;
    assert!(matches!(stranger, Err(IdentityError::NoGrant(_))));
    // A request lapses.
    directory.store.clock.advance(Duration::from_secs(73 * 3_600));
    let second = directory.add("wu@trade.test", Role::Management).await;
    let late = directory.write(move |tx| rights::approve_grant(tx, organisation, id, second)).await;
    assert!(matches!(late, Err(IdentityError::NoGrant(_))));
}

async fn requests_are_handed_out_once(store: TestStore) {
    let directory = Fixture::new(store).await;
    let asker = directory.add("li@trade.test", Role::Admin).await;
    let second = directory.add("chen@trade.test", Role::Security).await;
    let organisation = directory.organisation;
    let ask = move |tx: &mut store::Tx<'_>| {
        let request = json!({ "action": "user-delete", "address": "x@trade.test" });
        let new = NewApproval { organisation, asker, action: "user-delete", request: &request };
        rights::request_approval(tx, &new, &settings())
    };
    let id = directory.write(ask).await.unwrap();
    let own = directory.write(move |tx| rights::approve(tx, organisation, id, asker)).await;
    assert!(matches!(own, Err(IdentityError::Condition(_))));
    let taken = directory.write(move |tx| rights::approve(tx, organisation, id, second)).await.unwrap();
    assert_eq!((taken.request["address"].as_str(), taken.decided_by), (Some("x@trade.test"), Some(second)));
    let again = directory.write(move |tx| rights::approve(tx, organisation, id, second)).await;
    assert!(matches!(again, Err(IdentityError::NoApproval(_))));
    let kept = json!({ "action": "user-delete" });
    directory.write(move |tx| rights::finish_approval(tx, organisation, id, &kept, Some("gone"))).await.unwrap();
    let listed = directory.write(move |tx| rights::list_approvals(tx, organisation, Some(asker))).await.unwrap();
    assert_eq!((listed[0].state, listed[0].outcome.as_deref()), (ApprovalState::Failed, Some("gone")));
    let id = directory.write(ask).await.unwrap();
    directory.store.clock.advance(Duration::from_secs(72 * 3_600));
    let late = directory.write(move |tx| rights::refuse_approval(tx, organisation, id, second)).await;
    assert!(matches!(late, Err(IdentityError::NoApproval(_))));
}

async fn events_are_kept_sealed(store: TestStore) {
    let directory = Fixture::new(store).await;
    let organisation = directory.organisation;
    for whose in [organisation, 0] {
        let event = Event {
            organisation: whose,
            account: None,
            via: Via::Local,
            address: Some("192.0.2.1".parse().unwrap()),
            action: "user-delete".to_owned(),
            object: "li@trade.test".repeat(400),
            outcome: Outcome::Allowed,
            row: "operator allow account.delete region".to_owned(),
        };
        directory.write(move |tx| rights::record(tx, &event)).await.unwrap();
        let listed =
            directory.write(move |tx| rights::list_events(tx, whose, Timestamp::from_millis(0))).await.unwrap();
        assert_eq!((listed.len(), listed[0].object.len(), listed[0].account), (1, 2_000, None));
        assert_eq!(listed[0].address.as_deref(), Some("192.0.2.1"));
    }
}

async fn refusals_are_counted_beyond_some_and_forgotten_with_age(store: TestStore) {
    let directory = Fixture::new(store).await;
    let organisation = directory.organisation;
    let li = directory.add("li@trade.test", Role::Sales).await;
    let event = move |outcome| Event {
        organisation,
        account: Some(li),
        via: Via::Http,
        address: None,
        action: "user-delete".to_owned(),
        object: String::new(),
        outcome,
        row: String::new(),
    };
    let record = async |outcome| {
        let event = event(outcome);
        directory.write(move |tx| rights::record(tx, &event)).await.unwrap()
    };
    let listed = async || {
        directory.write(move |tx| rights::list_events(tx, organisation, Timestamp::from_millis(0))).await.unwrap()
    };
    for number in 0..REFUSALS_PER_MINUTE_MAX + 5 {
        let id = record(if number % 2 == 0 { Outcome::Refused } else { Outcome::StepUp }).await;
        assert_eq!(id.is_some(), number < REFUSALS_PER_MINUTE_MAX, "{number}");
    }
    assert!(record(Outcome::Done).await.is_some(), "what is done is always recorded");
    let all = listed().await;
    let more: Vec<_> = all.iter().filter(|it| it.action == "more").map(|it| it.object.as_str()).collect();
    assert_eq!((all.len(), more), (22, vec!["5 more requests in this minute"]));
    directory.store.clock.advance(Duration::from_secs(60));
    assert!(record(Outcome::Refused).await.is_some(), "another minute");
    directory.store.clock.advance(Duration::from_secs(30 * 86_400));
    record(Outcome::Refused).await;
    let kept = Duration::from_secs(29 * 86_400);
    assert_eq!(directory.write(move |tx| rights::forget_refusals(tx, kept)).await.unwrap(), 21);
    let left: Vec<_> = listed().await.into_iter().map(|it| it.outcome).collect();
    assert_eq!(left, [Outcome::Refused, Outcome::Done]);
    directory.write(move |tx| identity::delete_account(tx, li)).await.unwrap();
    assert!(store::check::run(&directory.store.handle(), false).await.unwrap().findings.is_empty());
}

async fn a_deleted_account_takes_its_roles_and_grants_with_it(store: TestStore) {
    let directory = Fixture::new(store).await;
    let owner = directory.add("li@trade.test", Role::Sales).await;
    let asker = directory.add("chen@trade.test", Role::Security).await;
    directory.write(move |tx| rights::ask_grant(tx, &new_grant(owner, asker), &settings())).await.unwrap();
    directory.write(move |tx| rights::give_role(tx, &giving(owner, "management"))).await.unwrap();
    directory.write(move |tx| identity::delete_account(tx, owner)).await.unwrap();
    let organisation = directory.organisation;
    assert!(directory.write(move |tx| rights::list_grants(tx, organisation)).await.unwrap().is_empty());
    assert!(store::check::run(&directory.store.handle(), false).await.unwrap().findings.is_empty());
}
