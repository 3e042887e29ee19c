use serde_json::json;

use super::*;

#[test]
fn requests_are_read_strictly() {
    let read = |text: Value| serde_json::from_value::<Action>(text);
    let action = read(json!({ "action": "user-quota", "address": "a@trade.test", "mib": 5 })).unwrap();
    assert_eq!((action.name(), action.right()), ("user-quota", ::access::Action::AccountChange));
    assert_eq!(action.concerns(), On::Account("a@trade.test"));
    assert!(read(json!({ "action": "user-quota", "address": "a@trade.test" })).is_err());
    assert!(read(json!({ "action": "user-quota", "address": "a@trade.test", "mib": 5, "more": 1 })).is_err());
    assert!(read(json!({ "action": "unheard" })).is_err());
    let new =
        json!({ "action": "user-add", "address": "a@trade.test", "role": "sales", "language": "zh", "quota_mib": 0 });
    assert_eq!(read(new.clone()).unwrap().concerns(), On::DomainOf("a@trade.test"));
    let written = serde_json::to_value(read(new).unwrap()).unwrap();
    assert_eq!(written["action"], "user-add");
}

#[test]
fn every_action_has_a_sentence() {
    let texts = ::letters::Texts::of(identity::Language::English);
    for (name, ..) in Action::ALL {
        assert!(texts.has(&format!("do-{name}")), "{name} has no sentence in letters' texts");
    }
}

#[test]
fn names_are_said_once() {
    let names: std::collections::BTreeSet<_> = Action::ALL.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), Action::ALL.len());
}

mod carried_out {
    use ::store::testing::{Engine, TestStore, run};
    use identity::Level;
    use identity::rights::Outcome;

    use super::super::fixture::Fixture;
    use super::*;

    fn with(level: Level, test: impl AsyncFnOnce(Fixture) + Send + 'static) {
        run(Engine::Sqlite, move |store: TestStore| async move { test(Fixture::new(store, level).await).await });
    }

    fn action(request: Value) -> Action {
        serde_json::from_value(request).unwrap()
    }

    fn delete(address: &str) -> Action {
        action(json!({ "action": "user-delete", "address": address }))
    }

    async fn outcomes(fixture: &Fixture) -> Vec<(String, Outcome)> {
        let organisation = fixture.organisation;
        let list = move |tx: &mut ::store::Tx<'_>| {
            identity::rights::list_events(tx, organisation, env::Timestamp::from_millis(0))
        };
        let events = fixture.store.read(list).await.unwrap();
        events.into_iter().map(|event| (event.action, event.outcome)).collect()
    }

    async fn done(fixture: &Fixture, who: &str, request: Value) -> Value {
        match fixture.controls.carry_out(&fixture.caller(who), action(request)).await {
            Answer::Done(value) => value,
            other => panic!("{other:?}"),
        }
    }

    async fn is_refused(fixture: &Fixture, who: &str, request: Value) -> bool {
        matches!(fixture.controls.carry_out(&fixture.caller(who), action(request)).await, Answer::NotAllowed)
    }

    #[test]
    fn what_is_not_there_and_what_is_anothers_are_told_alike() {
        with(Level::Basic, async |fixture| {
            let ask = |address: &'static str| {
                let request = json!({ "action": "user-quota", "address": address, "mib": 1 });
                is_refused(&fixture, "admin", request)
            };
            assert!(ask("nobody@trade.test").await && ask("sales@other.test").await && ask("no address").await);
            let own = json!({ "action": "user-quota", "address": "sales@trade.test", "mib": 1 });
            assert_eq!(done(&fixture, "admin", own.clone()).await["quota_bytes"], 1 << 20);
            assert!(is_refused(&fixture, "sales", own).await);
            assert!(outcomes(&fixture).await.iter().all(|(_, outcome)| *outcome == Outcome::Refused));
        });
    }

    #[test]
    fn who_takes_factors_away_is_told_no_passwords() {
        with(Level::Basic, async |fixture| {
            let owner = fixture.account("sales");
            let freeze = move |tx: &mut ::store::Tx<'_>| identity::freeze(tx, owner);
            let thaw =
                |keep: bool| json!({ "action": "user-unfreeze", "address": "sales@trade.test", "keep_password": keep });
            let still = fixture.controls.carry_out(&fixture.caller("security"), action(thaw(true))).await;
            assert!(matches!(still, Answer::Failed(_)), "{still:?}");
            fixture.store.write(freeze).await.unwrap();
            assert!(is_refused(&fixture, "security", thaw(false)).await);
            assert!(is_refused(&fixture, "sales2", thaw(true)).await);
            let weak = fixture.controls.carry_out(&fixture.weak("security"), action(thaw(true))).await;
            assert!(matches!(weak, Answer::StepUp(_)), "{weak:?}");
            assert_eq!(done(&fixture, "security", thaw(true)).await["thawed"], true);
            fixture.store.write(freeze).await.unwrap();
            assert!(done(&fixture, "admin", thaw(false)).await["password"].is_string());
            let own = json!({ "action": "user-unfreeze", "address": "admin@trade.test", "keep_password": true });
            assert!(is_refused(&fixture, "admin", own).await, "never one's own");
        });
    }

    #[test]
    fn ones_own_factor_is_ones_own_to_take_away() {
        with(Level::Basic, async |fixture| {
            let remove =
                |of: &str| json!({ "action": "factor-remove", "address": format!("{of}@trade.test"), "id": 1 });
            let own = fixture.controls.carry_out(&fixture.caller("sales"), action(remove("sales"))).await;
            assert!(matches!(own, Answer::Failed(_)), "allowed, and there is none: {own:?}");
            assert!(is_refused(&fixture, "sales", remove("finance")).await);
            let explain =
                json!({ "action": "access-explain", "who": "sales@trade.test", "what": "factor-remove", "on": "own" });
            assert_eq!(done(&fixture, "auditor", explain).await["because"], "everyone allow factor.change own");
        });
    }

    #[test]
    fn lists_hold_the_own_organisation_alone() {
        with(Level::Basic, async |fixture| {
            let users = done(&fixture, "admin", json!({ "action": "user-list" })).await;
            assert!(
                users.as_array().unwrap().iter().all(|it| it["address"].as_str().unwrap().ends_with("@trade.test"))
            );
            let all = fixture.controls.carry_out_as_operator(Action::UserList).await.unwrap();
            assert_eq!(all.as_array().unwrap().len(), fixture.accounts.len());
            let domains = done(&fixture, "admin", json!({ "action": "domain-list" })).await;
            assert_eq!(domains.as_array().unwrap().len(), 1);
            let other = json!({ "action": "list-show", "organisation": "Other" });
            assert!(is_refused(&fixture, "security", other).await);
        });
    }

    #[test]
    fn whoever_makes_accounts_makes_ordinary_ones() {
        with(Level::Basic, async |fixture| {
            let new = |role: &str| json!({ "action": "user-add", "address": format!("new-{role}@trade.test"), "role": role, "language": "zh", "quota_mib": 0 });
            assert!(is_refused(&fixture, "admin", new("finance")).await);
            assert!(is_refused(&fixture, "security", new("finance")).await);
            done(&fixture, "admin", new("sales")).await;
            let promote = json!({ "action": "user-role", "address": "new-sales@trade.test", "role": "finance" });
            assert!(is_refused(&fixture, "admin", promote.clone()).await);
            done(&fixture, "security", promote).await;
            let own = json!({ "action": "role-give", "address": "security@trade.test", "role": "management" });
            assert!(is_refused(&fixture, "security", own).await, "nobody widens his own rights");
        });
    }

    #[test]
    fn a_sensitive_action_asks_for_a_strong_factor_and_a_second_person() {
        with(Level::Enhanced, async |fixture| {
            let carry = async |caller: Caller, action| fixture.controls.carry_out(&caller, action).await;
            assert!(matches!(carry(fixture.weak("admin"), delete("sales2@trade.test")).await, Answer::StepUp(_)));
            let waiting = carry(fixture.caller("admin"), delete("sales2@trade.test")).await;
            let Answer::Waiting(request) = waiting else { panic!("{waiting:?}") };
            let decide = |approve: bool| json!({ "action": "approval-decide", "request": request, "approve": approve });
            assert!(is_refused(&fixture, "admin", decide(true)).await, "the asker is no second person");
            assert!(is_refused(&fixture, "sales", decide(true)).await);
            assert!(is_refused(&fixture, "other-admin", decide(true)).await);
            let list = done(&fixture, "management", json!({ "action": "approval-list", "own": false })).await;
            assert_eq!(list[0]["en"], "Delete the account sales2@trade.test with all its mail, for ever");
            assert_eq!(list[0]["zh"], "永久删除账户 sales2@trade.test 及其全部邮件");
            let decided = done(&fixture, "management", decide(true)).await;
            assert_eq!(
                (decided["state"].as_str(), decided["answer"]["deleted"].as_str()),
                (Some("done"), Some("sales2@trade.test"))
            );
            let again = carry(fixture.caller("management"), action(decide(true))).await;
            assert!(matches!(again, Answer::Failed(_)), "once");
            let kinds = outcomes(&fixture).await;
            for wanted in [Outcome::StepUp, Outcome::Waiting, Outcome::Approved, Outcome::Done] {
                assert!(kinds.contains(&("user-delete".to_owned(), wanted)), "{wanted}: {kinds:?}");
            }
        });
    }

    #[test]
    fn what_was_approved_is_decided_again() {
        with(Level::Enhanced, async |fixture| {
            let waiting = fixture.controls.carry_out(&fixture.caller("admin2"), delete("sales2@trade.test")).await;
            let Answer::Waiting(request) = waiting else { panic!("{waiting:?}") };
            let asker = fixture.account("admin2");
            let disable =
                move |tx: &mut ::store::Tx<'_>| identity::set_state(tx, asker, identity::AccountState::Disabled);
            fixture.store.write(disable).await.unwrap();
            let decide = json!({ "action": "approval-decide", "request": request, "approve": true });
            assert_eq!(done(&fixture, "security", decide).await["state"], "failed");
            let known = fixture.store.read(|tx| identity::find_by_address(tx, "sales2@trade.test")).await.unwrap();
            assert!(known.is_some());
        });
    }

    #[test]
    fn another_s_mail_opens_by_a_grant_alone() {
        with(Level::Basic, async |fixture| {
            let ask = json!({
                "action": "grant-ask", "address": "sales@trade.test", "reason": "an invoice vanished", "hours": 1,
                "mailboxes": ["INBOX"],
            });
            assert!(is_refused(&fixture, "management", ask.clone()).await);
            let grant = done(&fixture, "security", ask).await["grant"].as_i64().unwrap();
            let mail = json!({ "action": "grant-mail", "grant": grant, "mailbox": null });
            assert!(is_refused(&fixture, "security", mail.clone()).await, "nobody has approved it");
            let approve = json!({ "action": "grant-approve", "grant": grant });
            for who in ["security", "sales", "admin", "other-admin"] {
                assert!(is_refused(&fixture, who, approve.clone()).await, "{who}");
            }
            done(&fixture, "management", approve).await;
            let open = done(&fixture, "security", mail.clone()).await;
            assert_eq!(open, json!([{ "mailbox": "INBOX", "messages": 0 }]));
            assert!(is_refused(&fixture, "auditor", mail.clone()).await, "it is another's grant");
            assert!(outcomes(&fixture).await.contains(&("grant-mail".to_owned(), Outcome::Done)));
            assert_eq!(tell_owners(&fixture.controls).await.unwrap(), 0, "told afterwards");
            done(&fixture, "management", json!({ "action": "grant-revoke", "grant": grant })).await;
            assert!(is_refused(&fixture, "security", mail).await);
            assert_eq!(tell_owners(&fixture.controls).await.unwrap(), 1);
            assert_eq!(tell_owners(&fixture.controls).await.unwrap(), 0, "once");
        });
    }

    #[test]
    fn the_operator_runs_the_machine_and_reads_nobody_s_mail() {
        with(Level::Trade, async |fixture| {
            fixture.controls.carry_out_as_operator(delete("sales2@trade.test")).await.unwrap();
            let recorded = outcomes(&fixture).await;
            assert_eq!(recorded.last(), Some(&("user-delete".to_owned(), Outcome::Allowed)));
            let ask = json!({ "action": "grant-ask", "address": "sales@trade.test", "reason": "curiosity killed", "hours": 1 });
            assert!(fixture.controls.carry_out_as_operator(action(ask)).await.is_err());
            let import = json!({ "action": "import", "format": "Mbox", "path": "/etc/passwd", "user": "sales@trade.test", "mailbox": "INBOX" });
            for who in ["admin", "security", "it"] {
                assert!(is_refused(&fixture, who, import.clone()).await, "{who}");
            }
        });
    }

    #[test]
    fn secrets_are_neither_shown_nor_recorded() {
        let reset = action(json!({ "action": "user-password", "address": "a@trade.test", "password": "geheim" }));
        assert!(!carry::shown(&reset).to_string().contains("geheim"));
        assert!(!sentences::of(&reset, identity::Language::Chinese).contains("geheim"));
    }

    #[test]
    fn an_explanation_names_the_row() {
        with(Level::Basic, async |fixture| {
            let explain = |who: &str, what: &str, on: &str| json!({ "action": "access-explain", "who": who, "what": what, "on": on });
            let told = done(&fixture, "auditor", explain("admin@trade.test", "mail.read", "sales@trade.test")).await;
            assert_eq!(
                (told["answer"].as_str(), told["because"].as_str()),
                (Some("refused"), Some("no row allows it"))
            );
            let told = done(&fixture, "auditor", explain("admin@trade.test", "user-quota", "sales@trade.test")).await;
            assert_eq!(told["because"], "admin allow account.change organisation");
            let told =
                done(&fixture, "auditor", explain("security@trade.test", "role.give", "security@trade.test")).await;
            assert_eq!(told["because"], "a row denies it: everyone deny role.give own");
            let log = done(&fixture, "auditor", json!({ "action": "access-log", "days": 1 })).await;
            assert!(log.is_array());
            assert!(is_refused(&fixture, "admin", json!({ "action": "access-log", "days": 1 })).await);
        });
    }

    #[test]
    fn a_look_from_abroad_needs_a_rule_and_is_entered() {
        with(Level::Basic, async |fixture| {
            let look = json!({ "action": "quarantine-list" });
            done(&fixture, "security", look.clone()).await;
            let place = |country: Option<&str>| json!({ "action": "region-place-set", "address": "security@trade.test", "country": country });
            done(&fixture, "security", place(Some("US"))).await;
            match fixture.controls.carry_out(&fixture.caller("security"), action(look.clone())).await {
                Answer::Failed(Refused(why)) => {
                    assert!(why.contains("no rule lets a view go from region cn to country US"), "{why}");
                }
                other => panic!("{other:?}"),
            }
            let rule = json!({
                "action": "crossing-rule-set", "name": "looks", "kind": "view", "to": "country:US", "class": "secret",
                "basis": "scc", "reference": "DPA-4", "ends": "2999-01-31",
            });
            done(&fixture, "security", rule).await;
            done(&fixture, "security", look.clone()).await;
            // What is nobody's data is seen from everywhere.
            done(&fixture, "security", json!({ "action": "crossing-rule-list" })).await;
            done(&fixture, "security", place(None)).await;
            done(&fixture, "security", look).await;
            let register = fixture
                .controls
                .carry_out_as_operator(action(json!({ "action": "transfer-list", "organisation": "Trade Test" })))
                .await
                .unwrap();
            let rows = register.as_array().unwrap();
            let told: Vec<_> = rows.iter().map(|row| (row["crossed"].clone(), row["rule"].clone())).collect();
            assert_eq!(told, [(json!(false), json!("")), (json!(true), json!("looks"))], "{register}");
            assert_eq!((&rows[1]["by"], &rows[1]["what"]), (&json!("security@trade.test"), &json!("quarantine-list")));
            let crossings = outcomes(&fixture).await.into_iter().filter(|(name, _)| name == "crossing");
            // The latest first.
            assert_eq!(crossings.map(|it| it.1).collect::<Vec<_>>(), [Outcome::Allowed, Outcome::Refused]);
        });
    }
}
