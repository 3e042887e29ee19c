use proptest::prelude::*;

use super::{Account, MESSAGE, outcome_of};
use crate::Script;
use crate::form::{Condition, Field, Joined, Op, Rule, RuleAction, Rules};

/// Pieces that scripts are made of, so that most of what is put together is nearly right.
const PIECES: &[&str] = &[
    "if ",
    "elsif ",
    "else ",
    "not ",
    "anyof ",
    "allof ",
    "true ",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    "\"*a*\" ",
    "\"subject\" ",
    "header ",
    ":matches ",
    ":contains ",
    ":count \"gt\" ",
    "\"1\" ",
    "address ",
    ":domain ",
    "keep",
    "discard",
    "stop",
    "fileinto ",
    "\"${1}\" ",
    "set \"a\" ",
    "\"${a}${a}\" ",
    "redirect ",
    "\"a@b.example\" ",
    "size ",
    ":over ",
    "1K ",
    "vacation ",
    ":days ",
    "reject ",
    "body ",
    ":raw ",
    "date ",
    "\"date\" ",
    "\"year\" ",
    "duplicate ",
    "addflag ",
    "text:\nx\n.\n",
    "#\n",
    "/*",
    "*/",
    "\\",
    "\"",
    "é",
    "\0",
];

const ALL: &str = "require [\"body\",\"copy\",\"date\",\"duplicate\",\"envelope\",\"fileinto\",\"imap4flags\",\"index\",\
    \"mailbox\",\"reject\",\"relational\",\"special-use\",\"subaddress\",\"vacation\",\"variables\"];\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_makes_reading_or_running_fail_otherwise(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let script = ALL.to_owned() + &pieces.concat();
        outcome_of(&script, MESSAGE, &mut Account::default());
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = Script::read(&text);
    }

    #[test]
    fn any_message_can_be_looked_at(message in "[\\PC\n:;<>@=?\"-]{0,400}") {
        let script = ALL.to_owned() + "if anyof (header :matches \"*\" \"*a*b*\", address :detail [\"from\",\"to\"] \"x\",\
            body :text :contains \"q\", body :content \"\" :matches \"?*z\", date :originalzone \"date\" \"julian\" \"1\",\
            date :index 1 :last \"received\" \"std11\" \"x\") { keep; }";
        // A name of a field that is a wildcard is a name like others.
        outcome_of(&script, &message, &mut Account::default());
    }

    #[test]
    fn patterns_find_what_they_were_made_from(text in "[a-c*?\\\\]{0,12}", before in "[a-c]{0,6}", after in "[a-c]{0,6}") {
        let rule = |op, value: String| Rules(vec![Rule {
            name: "x".to_owned(), is_enabled: true, joined: Joined::All, stop: false,
            conditions: vec![Condition { field: Field::Subject, op, values: vec![value], header: None, size: None }],
            actions: vec![RuleAction::Trash {}],
        }]).write().unwrap();
        let text = text + "x";
        let begins = outcome_of(&rule(Op::BeginsWith, text.clone()), &format!("Subject: {text}{after}\n\n"), &mut Account::default());
        prop_assert_eq!(begins, "into INBOX \\Trash");
        let ends = outcome_of(&rule(Op::EndsWith, text.clone()), &format!("Subject: {before}{text}\n\n"), &mut Account::default());
        prop_assert_eq!(ends, "into INBOX \\Trash");
    }

    #[test]
    fn all_rules_come_back(name in "\\PC{1,40}", value in "\\PC{1,40}", stop: bool, is_enabled: bool) {
        let rules = Rules(vec![Rule {
            name, is_enabled, joined: Joined::Any, stop,
            conditions: vec![
                Condition { field: Field::Subject, op: Op::EndsWith, values: vec![value.clone(), value.clone()], header: None, size: None },
                Condition { field: Field::From, op: Op::IsNot, values: vec![value], header: None, size: None },
            ],
            actions: vec![RuleAction::Flag {}, RuleAction::Forward { address: "a@b.example".to_owned(), keep_copy: false }],
        }]);
        let script = rules.write().unwrap();
        prop_assert_eq!(Rules::read(&script), Some(rules));
    }
}
