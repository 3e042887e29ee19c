use std::time::Duration;

use env::Timestamp;

use crate::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn table(level: Level) -> Table {
    Table::new(&[], StepUpPolicy::of(level, Duration::from_secs(900)))
}

fn actor(holders: &[Holder]) -> Actor {
    Actor {
        account: Some(7),
        organisation: Some(1),
        region: None,
        holders: holders.to_vec(),
        groups: vec![3],
        loans: Vec::new(),
        has_factor: true,
        strong_at: Some(NOW),
        via: Via::Http,
    }
}

fn person(role: Role) -> Actor {
    actor(&[Holder::Everyone, Holder::Job(role)])
}

fn is_allowed(decision: Decision) -> bool {
    matches!(decision, Decision::Allow { .. })
}

#[test]
fn every_action_stands_in_a_row() {
    let rows = shipped::rows();
    for action in Action::ALL {
        assert!(rows.iter().any(|row| row.action == *action && row.effect == Effect::Allow), "{action} has no row");
    }
}

#[test]
fn no_row_stands_twice() {
    let mut rows = shipped::rows();
    rows.sort();
    assert!(rows.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn nothing_personal_is_allowed_beyond_the_own_account() {
    // What is done so at the machine the owner is told at once.
    let is_told = |row: &Row| row.holder == Holder::Operator && row.action.tells_owner();
    let wide =
        |row: &&Row| row.action.is_personal() && row.effect == Effect::Allow && row.scope > Scope::Own && !is_told(row);
    assert_eq!(shipped::rows().iter().find(wide), None);
    for role in Role::ALL {
        for object in [Object::of_account(1, 8), Object::of_organisation(1), Object::of_account(2, 9)] {
            let decision = decide(&table(Level::Basic), &person(*role), Action::MailRead, &object, NOW);
            assert_eq!(decision, Decision::Refuse { row: None, reason: Reason::NoRow }, "{role}");
        }
    }
    let operator = Actor::operator(0);
    assert!(!is_allowed(decide(&table(Level::Basic), &operator, Action::MailRead, &Object::of_account(1, 8), NOW)));
}

#[test]
fn another_organisation_is_out_of_reach() {
    let every =
        actor(Holder::SHIPPED.iter().filter(|it| **it != Holder::Operator).copied().collect::<Vec<_>>().as_slice());
    for action in Action::ALL {
        let decision = decide(&table(Level::Basic), &every, *action, &Object::of_account(2, 9), NOW);
        assert!(matches!(decision, Decision::Refuse { .. }), "{action}");
    }
}

#[test]
fn a_row_that_denies_wins_over_all_that_allow() {
    let officer = person(Role::Security);
    let other = decide(&table(Level::Basic), &officer, Action::RoleGive, &Object::of_account(1, 8), NOW);
    assert!(is_allowed(other));
    let own = decide(&table(Level::Basic), &officer, Action::RoleGive, &Object::of_account(1, 7), NOW);
    let row = Row { holder: Holder::Everyone, action: Action::RoleGive, scope: Scope::Own, effect: Effect::Deny };
    assert_eq!(own, Decision::Refuse { row: Some(row), reason: Reason::Denied });
}

#[test]
fn what_was_lent_counts_within_its_time_only() {
    let mut reader = person(Role::Auditor);
    let (from, until) = (NOW, NOW.plus(Duration::from_secs(60)));
    reader.loans = vec![Loan { basis: Basis::Grant(5), owner: 8, actions: vec![Action::MailRead], from, until }];
    let table = table(Level::Trade);
    let read = |owner, action, at| decide(&table, &reader, action, &Object::of_account(1, owner), at);
    assert_eq!(read(8, Action::MailRead, NOW), Decision::Allow { row: None, basis: Some(Basis::Grant(5)) });
    let over = Decision::Refuse { row: None, reason: Reason::NotNow };
    assert_eq!(read(8, Action::MailRead, until), over);
    assert_eq!(read(8, Action::MailRead, Timestamp::from_millis(from.millis() - 1)), over);
    assert!(!is_allowed(read(8, Action::MailExport, NOW)));
    assert!(!is_allowed(read(9, Action::MailRead, NOW)));
    // An account of that number elsewhere is another's.
    assert!(!is_allowed(decide(&table, &reader, Action::MailRead, &Object::of_account(2, 8), NOW)));
}

#[test]
fn a_custom_row_that_denies_closes_what_was_lent() {
    let role = CustomRole {
        id: 4,
        name: "intern".to_owned(),
        rights: vec![(Action::MailRead, Scope::Organisation, Effect::Deny)],
    };
    let table = Table::new(&[role], StepUpPolicy::of(Level::Basic, Duration::from_secs(900)));
    let mut intern = actor(&[Holder::Everyone, Holder::Custom(4)]);
    let until = NOW.plus(Duration::from_secs(60));
    intern.loans =
        vec![Loan { basis: Basis::Delegation(1), owner: 8, actions: vec![Action::MailRead], from: NOW, until }];
    assert!(!is_allowed(decide(&table, &intern, Action::MailRead, &Object::of_account(1, 8), NOW)));
}

#[test]
fn sensitive_actions_need_a_fresh_strong_factor() {
    let mut owner = person(Role::Sales);
    let mine = Object::of_account(1, 7);
    let table = table(Level::Basic);
    assert!(is_allowed(decide(&table, &owner, Action::MailExport, &mine, NOW)));
    for shown in [None, Some(NOW.plus(Duration::from_secs(1))), Some(Timestamp::from_seconds(NOW.seconds() - 901))] {
        owner.strong_at = shown;
        let decision = decide(&table, &owner, Action::MailExport, &mine, NOW);
        assert!(matches!(decision, Decision::StepUp { strong: true, approval: false, .. }), "{shown:?}");
    }
    owner.strong_at = None;
    assert!(matches!(decide(&table, &owner, Action::FactorChange, &mine, NOW), Decision::StepUp { .. }));
    // The first factor could not be added otherwise.
    owner.has_factor = false;
    assert!(is_allowed(decide(&table, &owner, Action::FactorChange, &mine, NOW)));
    assert!(!is_allowed(decide(&table, &owner, Action::MailExport, &mine, NOW)));
}

#[test]
fn the_level_and_the_organisation_say_where_a_second_person_approves() {
    let owner = person(Role::Sales);
    let mine = Object::of_account(1, 7);
    let asks = |table: &Table, action| {
        matches!(decide(table, &owner, action, &mine, NOW), Decision::StepUp { approval: true, strong: false, .. })
    };
    assert!(!asks(&table(Level::Enhanced), Action::MailExport));
    assert!(asks(&table(Level::Trade), Action::MailExport));
    let mut policy = StepUpPolicy::of(Level::Basic, Duration::from_secs(900));
    policy.approvals.insert(Action::DelegationChange, true);
    let own = Table::new(&[], policy);
    assert!(asks(&own, Action::DelegationChange));
    assert!(!asks(&own, Action::MailExport));
}

#[test]
fn duties_are_kept_apart() {
    let holders = |roles: &[Role]| roles.iter().map(|role| Holder::Job(*role)).collect::<Vec<_>>();
    assert_eq!(separated(&holders(&[Role::Admin, Role::It, Role::Sales]), &[]), None);
    for pair in [[Role::Admin, Role::Security], [Role::Security, Role::Auditor], [Role::It, Role::Auditor]] {
        assert!(separated(&holders(&pair), &[]).is_some(), "{pair:?}");
    }
    let named = CustomRole {
        id: 4,
        name: "policies".to_owned(),
        rights: vec![(Action::PolicyChange, Scope::Organisation, Effect::Allow)],
    };
    let both = [Holder::Job(Role::Admin), Holder::Custom(4)];
    assert!(separated(&both, &[named]).is_some());
}

#[test]
fn a_custom_role_has_nothing_that_no_job_has() {
    let check = |rights: &[(Action, Scope, Effect)]| check_custom("desk", rights);
    let allow = |action, scope| (action, scope, Effect::Allow);
    assert_eq!(
        check(&[allow(Action::PasswordReset, Scope::Organisation), allow(Action::AccountRead, Scope::Group)]),
        Ok(())
    );
    assert_eq!(check(&[allow(Action::MailRead, Scope::Group)]), Err(RoleFault::Personal(Action::MailRead)));
    assert_eq!(check(&[allow(Action::QueueRead, Scope::Region)]), Err(RoleFault::Region(Action::QueueRead)));
    let exceeds = check(&[allow(Action::MailImport, Scope::Organisation)]);
    assert_eq!(exceeds, Err(RoleFault::Exceeds(Action::MailImport, Scope::Organisation)));
    let both =
        check(&[allow(Action::AccountCreate, Scope::Organisation), allow(Action::RoleGive, Scope::Organisation)]);
    assert!(matches!(both, Err(RoleFault::Duties(..))));
    assert_eq!(check(&[]), Err(RoleFault::Rows(0)));
    assert!(matches!(check_custom("admin", &[allow(Action::MailRead, Scope::Own)]), Err(RoleFault::Name(_))));
    assert!(matches!(check_custom("a b", &[allow(Action::MailRead, Scope::Own)]), Err(RoleFault::Name(_))));
}

#[test]
fn an_explanation_names_each_row_that_was_looked_at() {
    let officer = person(Role::Security);
    let explained = explain(&table(Level::Basic), &officer, Action::RoleGive, &Object::of_account(1, 7), NOW);
    let told: Vec<_> = explained.considered.iter().map(|it| (it.row.to_string(), it.applies)).collect();
    let expected =
        [("everyone deny role.give own".to_owned(), true), ("security allow role.give organisation".to_owned(), true)];
    assert_eq!(told, expected);
    assert!(matches!(explained.decision, Decision::Refuse { reason: Reason::Denied, .. }));
}

#[test]
fn every_word_reads_back_and_others_name_the_choice() {
    assert!(Role::ALL.iter().all(|role| role.as_str().parse() == Ok(*role)));
    assert!(Action::ALL.iter().all(|action| action.as_str().parse() == Ok(*action)));
    let listed: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
    assert_eq!(listed.join(", "), "boss".parse::<Role>().unwrap_err().allowed);
    let levels: Vec<_> = Level::ALL.iter().map(|level| level.as_str()).collect();
    assert_eq!(levels.join(", "), "none".parse::<Level>().unwrap_err().allowed);
}

/// What a cell of the matrix says.
fn cell(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow { .. } => "allow",
        Decision::Refuse { reason: Reason::Denied, .. } => "deny",
        Decision::Refuse { .. } => "-",
        Decision::StepUp { strong: true, approval: false, .. } => "strong",
        Decision::StepUp { strong: true, approval: true, .. } => "strong+second",
        Decision::StepUp { .. } => "second",
    }
}

/// Every right for every shipped holder on what is own, a group's, the organisation's and another organisation's, at the level `trade`
/// without a strong factor shown; and the same table as it is kept, to be read with every change of it.
#[test]
fn the_matrix_is_the_one_that_was_read() {
    let table = table(Level::Trade);
    let mut text = String::from("right: cells for own, a group's, the organisation's, another organisation's things\n");
    let objects = [
        Object::of_account(1, 7),
        Object { groups: vec![3], ..Object::of_account(1, 8) },
        Object::of_account(1, 9),
        Object::of_account(2, 10),
    ];
    for action in Action::ALL {
        text.push_str(&format!("\n{action}\n"));
        for holder in Holder::SHIPPED {
            let who = match holder {
                Holder::Operator => Actor::operator(0),
                Holder::Job(_) => Actor { strong_at: None, ..actor(&[Holder::Everyone, *holder]) },
                other => Actor { strong_at: None, ..actor(&[*other]) },
            };
            let cells = objects.iter().map(|object| cell(&decide(&table, &who, *action, object, NOW)));
            let line = cells.fold(format!("  {:11}", holder.to_string()), |line, cell| format!("{line} {cell:13}"));
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix.txt");
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(
        text == kept,
        "tests/matrix.txt is another; if that is meant, run with UPDATE_MATRIX=1 and read the difference"
    );
}
