//! Groups through real SMTP: nested ones, members elsewhere, who may write, loops, notifications.

use std::time::Duration;

use harness::smtp::for_wire;
use harness::{Options, Outcome, Sink, Tradewind, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);

/// A company with groups: `all@` holds `team@` (sales, finance), an agent elsewhere and management; everybody reached twice.
struct Company {
    tradewind: Tradewind,
    partner: Sink,
}

impl Company {
    fn start(options: Options) -> Outcome<Self> {
        let partner = Sink::start()?;
        let tradewind = Tradewind::start(options.route("partner.example", partner.address))?;
        let company = Self { tradewind, partner };
        company.run(&["group", "add", "all@trade.test", "--senders", "anyone", "--name", "Everybody"])?;
        company.run(&["group", "add", "team@trade.test"])?;
        for (group, member) in [
            ("team@trade.test", company.address("sales")?),
            ("team@trade.test", company.address("finance")?),
            ("all@trade.test", "team@trade.test".to_owned()),
            ("all@trade.test", company.address("sales")?),
            ("all@trade.test", "agent@partner.example".to_owned()),
        ] {
            company.run(&["group", "member-add", group, &member])?;
        }
        Ok(company)
    }

    fn address(&self, role: &str) -> Outcome<String> {
        Ok(self.tradewind.account(role)?.address)
    }

    fn run(&self, arguments: &[&str]) -> Outcome<String> {
        Ok(self.tradewind.command(arguments)?.success()?.stdout)
    }

    /// Sends as another server; gives code and text of the last reply.
    fn arrive(&self, from: &str, to: &[&str], letter: &str) -> Outcome<(u16, String)> {
        let reply = self.tradewind.smtp()?.deliver(from, to, &for_wire(letter.as_bytes()))?;
        Ok((reply.code, reply.text))
    }

    fn wait_for(&self, role: &str, count: u64) -> Outcome {
        let mut session = self.tradewind.imap(role)?;
        wait_until("the mail", PATIENCE, || Ok((session.count("INBOX")? == count).then_some(())))
    }

    fn first_message(&self, role: &str) -> Outcome<String> {
        let mut session = self.tradewind.imap(role)?;
        session.command("EXAMINE INBOX")?.ok()?;
        Ok(session.ask("FETCH 1 BODY.PEEK[]")?.ok()?.text())
    }
}

fn letter(from: &str, to: &str) -> String {
    format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: price list\r\nMessage-ID: <{to}.{from}>\r\n\
         Date: Tue, 24 Nov 2026 09:30:00 +0000\r\n\r\nNew prices.\r\n"
    )
}

#[test]
fn each_member_gets_one_copy_and_those_elsewhere_get_the_groups() -> Outcome {
    let company = Company::start(Options::default())?;
    let (code, text) =
        company.arrive("buyer@far.example", &["all@trade.test"], &letter("buyer@far.example", "all@trade.test"))?;
    assert_eq!(code, 250, "{text}");
    company.wait_for("sales", 1)?;
    company.wait_for("finance", 1)?;
    let here = company.first_message("sales")?;
    assert!(here.contains("Return-Path: <buyer@far.example>"), "{here}");
    assert!(here.contains("Delivered-To: all@trade.test") && here.contains("List-Id: <all.trade.test>"), "{here}");
    let away = wait_until("the copy elsewhere", PATIENCE, || Ok(company.partner.messages()?.into_iter().next()))?;
    let envelope = company.partner.commands()?.join("\n");
    assert!(envelope.contains("MAIL FROM:<all+bounces@trade.test>"), "{envelope}");
    assert!(envelope.contains("RCPT TO:<agent@partner.example>"), "{envelope}");
    assert!(away.contains("From: <buyer@far.example>") && away.contains("Delivered-To: all@trade.test"), "{away}");
    // Together with the group a member is named directly, and nobody gets it twice.
    let sales = company.address("sales")?;
    let to = ["all@trade.test", &sales, "all+x@trade.test"];
    assert_eq!(company.arrive("buyer@far.example", &to, &letter("buyer@far.example", "both@trade.test"))?.0, 250);
    company.wait_for("sales", 2)?;
    company.wait_for("finance", 2)?;
    wait_until("the second copy elsewhere", PATIENCE, || Ok((company.partner.messages()?.len() == 2).then_some(())))?;
    let sound = company.run(&["--json", "store", "check"])?;
    assert!(sound.contains("\"sound\":true"), "{sound}");
    Ok(())
}

#[test]
fn strangers_and_those_without_the_right_are_refused() -> Outcome {
    let company = Company::start(Options::default())?;
    let (code, text) =
        company.arrive("buyer@far.example", &["team@trade.test"], &letter("buyer@far.example", "team@trade.test"))?;
    assert_eq!(code, 550, "{text}");
    assert!(text.contains("5.7.1"), "{text}");
    // A name of ours in MAIL FROM proves nothing.
    let sales = company.address("sales")?;
    let (code, text) = company.arrive(&sales, &["team@trade.test"], &letter(&sales, "team@trade.test"))?;
    assert_eq!(code, 550, "{text}");
    let submit = |role: &str| -> Outcome<u16> {
        let from = company.address(role)?;
        let body = for_wire(letter(&from, "team@trade.test").as_bytes());
        Ok(company.tradewind.submission(role)?.deliver(&from, &["team@trade.test"], &body)?.code)
    };
    assert_eq!(submit("manager")?, 250, "anybody of the company");
    company.run(&["group", "senders", "team@trade.test", "members"])?;
    assert_eq!((submit("manager")?, submit("sales")?), (550, 250));
    company.run(&["group", "senders", "team@trade.test", "owners"])?;
    company.run(&["group", "member-add", "team@trade.test", &company.address("manager")?, "--owner"])?;
    assert_eq!((submit("manager")?, submit("sales")?), (250, 550));
    Ok(())
}

#[test]
fn a_message_that_comes_back_is_a_loop() -> Outcome {
    let company = Company::start(Options::default())?;
    let looped = format!("Delivered-To: ALL@trade.test\r\n{}", letter("agent@partner.example", "all@trade.test"));
    let (code, text) = company.arrive("agent@partner.example", &["all@trade.test"], &looped)?;
    assert_eq!(code, 554, "{text}");
    assert!(text.contains("5.4.6"), "{text}");
    Ok(())
}

#[test]
fn failures_of_members_elsewhere_reach_the_owners_and_the_null_sender_stays_null() -> Outcome {
    let company = Company::start(Options::default())?;
    company.run(&["group", "member-add", "all@trade.test", &company.address("manager")?, "--owner"])?;
    let report = letter("mailer-daemon@partner.example", "all+bounces@trade.test");
    let (code, text) = company.arrive("", &["all+bounces@trade.test"], &report)?;
    assert_eq!(code, 250, "{text}");
    company.wait_for("manager", 1)?;
    let (code, text) = company.arrive("x@partner.example", &["all+bounces@trade.test"], &report)?;
    assert_eq!(code, 550, "only reports: {text}");
    assert_eq!(company.arrive("", &["all@trade.test"], &letter("robot@far.example", "all@trade.test"))?.0, 250);
    wait_until("the copy elsewhere", PATIENCE, || Ok(company.partner.messages()?.into_iter().next()))?;
    let envelope = company.partner.commands()?.join("\n");
    assert!(envelope.contains("MAIL FROM:<>"), "{envelope}");
    assert_eq!(company.tradewind.imap("sales")?.count("INBOX")?, 1, "the report was not for members");
    Ok(())
}

#[test]
fn who_asks_for_it_hears_that_the_group_has_it() -> Outcome {
    let company = Company::start(Options::default())?;
    let from = company.address("manager")?;
    let mut client = company.tradewind.submission("manager")?;
    client.command(&format!("MAIL FROM:<{from}> ENVID=order7"))?.expect(250)?;
    client.command("RCPT TO:<all@trade.test> NOTIFY=SUCCESS,FAILURE")?.expect(250)?;
    client.command("DATA")?.expect(354)?;
    client.stream.send(&for_wire(letter(&from, "all@trade.test").as_bytes()))?;
    client.reply()?.expect(250)?;
    company.wait_for("sales", 1)?;
    company.wait_for("finance", 1)?;
    company.wait_for("manager", 1)?;
    let told = company.first_message("manager")?;
    assert!(
        told.contains("Final-Recipient: rfc822; all@trade.test")
            || told.contains("Final-Recipient: rfc822;all@trade.test"),
        "{told}"
    );
    assert!(told.contains("Action: delivered"), "{told}");
    wait_until("the copy elsewhere", PATIENCE, || Ok(company.partner.messages()?.into_iter().next()))?;
    let envelope = company.partner.commands()?.join("\n");
    assert!(!envelope.contains("order7") && !envelope.contains("NOTIFY=SUCCESS"), "RFC 3461 section 5.2.7: {envelope}");
    Ok(())
}

#[test]
fn a_full_member_is_tried_again_and_the_others_have_it() -> Outcome {
    let company = Company::start(Options::default())?;
    let full = company.tradewind.new_account("full", 1)?;
    company.run(&["group", "member-add", "team@trade.test", &full.user])?;
    let filler = "x".repeat(70) + "\r\n";
    let big = letter("buyer@far.example", &full.user) + &filler.repeat(14_000);
    assert_eq!(company.arrive("buyer@far.example", &[&full.user], &big)?.0, 250);
    let big = letter("buyer@far.example", "all@trade.test") + &filler.repeat(2_000);
    assert_eq!(company.arrive("buyer@far.example", &["all@trade.test"], &big)?.0, 250);
    company.wait_for("sales", 1)?;
    let queue = company.run(&["--json", "queue", "list"])?;
    assert!(queue.contains("all+bounces@trade.test"), "{queue}");
    let sound = company.run(&["--json", "store", "check"])?;
    assert!(sound.contains("\"sound\":true"), "{sound}");
    Ok(())
}
