use super::*;

fn kinds(header: &str) -> Vec<Forgery> {
    let mut kinds: Vec<Forgery> =
        read(header.replace('\n', "\r\n").as_bytes()).iter().map(|found| found.kind).collect();
    kinds.dedup();
    kinds
}

/// Headers as programs write them, and what is told of them.
#[test]
fn what_programs_write_themselves_contradicts_nothing() {
    for honest in [
        // Outlook Express.
        "Received: from smtp.provider.example (smtp.provider.example [198.51.100.4]) by mx.trade.example with ESMTP; Sat, 12 May 2007 09:01:02 -0400\n\
         Message-ID: <000c01c79495$7eb24a00$6401a8c0@office>\nDate: Sat, 12 May 2007 15:00:20 +0200\nMIME-Version: 1.0\n\
         Content-Type: multipart/alternative;\n\tboundary=\"----=_NextPart_000_0009_01C79495.7E477A40\"\nX-Priority: 3\n\
         X-MSMail-Priority: Normal\nX-Mailer: Microsoft Outlook Express 6.00.2900.3028\nX-MimeOLE: Produced By Microsoft MimeOLE V6.00.2900.3028\n\n",
        // Outlook of today, by a server of its house.
        "Received: from outbound.mail.example ([198.51.100.9]) by mx.trade.example with ESMTPS; Thu, 26 Nov 2026 02:00:09 +0000\n\
         From: Li Wei <li@ningbo-valves.example>\nSubject: order 4711\nDate: Thu, 26 Nov 2026 10:00:00 +0800\n\
         Message-ID: <000c01dd7d49$d7f19000$87d4b000$@ningbo-valves.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=\"----=_NextPart_000_000D_01DD7D49.D8000000\"\nX-Mailer: Microsoft Outlook 16.0\n\
         Thread-Index: Ad19SdfxAAECAwQFBgcICQoLDA0ODw==\n\n",
        // Thunderbird, over a line at home and the provider's server.
        "Received: from [192.168.1.20] (pool-198-51-100-7.dsl.provider.example [198.51.100.7]) by smtp.provider.example with ESMTPSA; Thu, 26 Nov 2026 02:00:09 +0000\n\
         Message-ID: <6b0792a0.2050400@becker.example>\nDate: Thu, 26 Nov 2026 03:00:00 +0100\nUser-Agent: Mozilla/5.0 (X11) Thunderbird/2.0\n\
         Content-Type: multipart/signed; boundary=\"k3f9\"\n\n",
        // The Bat!, mutt, a telephone, a service for newsletters.
        "Date: Thu, 26 Nov 2026 10:00:00 +0300\nX-Mailer: The Bat! (v3.5) Professional\nMessage-ID: <1829384756.20261126100000@volga.example>\n\
         Content-Type: multipart/mixed; boundary=\"----------1A2B3C4D5E6F7A8B\"\n\n",
        "Date: Thu, 26 Nov 2026 10:00:00 +0530\nMessage-ID: <20261126043000.GA1234@host>\nUser-Agent: Mutt/1.5\n\n",
        "Date: Thu, 26 Nov 2026 10:00:00 +0545\nX-Mailer: iPhone Mail (18A)\nMessage-ID: <5B7A3F60-1F2E-4C3D-9A8B-0C1D2E3F4A5B@becker.example>\n\n",
        "Date: Thu, 26 Nov 2026 10:00:00 GMT\nX-Mailer: Letters 4.2\nMessage-ID: <01000193.abc-000@letters.example>\n\n",
        "Date: Thu Nov 26 10:00:00 2026\n\n",
    ] {
        assert_eq!(kinds(honest), [], "{honest}");
    }
}

#[test]
fn clocks_that_do_not_agree() {
    let date = "Date: Sat, 12 May 2007 15:00:20 +0200\n";
    let odd = |rest: &str| kinds(&format!("{date}X-MimeOLE: Produced By Microsoft MimeOLE V6.00\n{rest}\n\n"));
    assert_eq!(odd("Message-ID: <000c01c793c4$1b5f3e80$6401a8c0@a>"), [Forgery::IdentifierClock]);
    assert_eq!(
        odd("Content-Type: multipart/related; boundary=\"----=_NextPart_000_0009_01C793C4.1B5F3E80\""),
        [Forgery::BoundaryClock]
    );
    assert_eq!(odd("Thread-Index: AAAA"), [Forgery::ThreadClock]);
    assert_eq!(kinds("Date: Sat, 12 May 2007 15:00:20 +0290\n\n"), [Forgery::Zone]);
    assert_eq!(kinds("Date: Sat, 12 May 2007 15:00:20 -1700\n\n"), [Forgery::Zone]);
    assert_eq!(kinds("Date: Sat, 12 May 2007 15:00:20\n\n"), [Forgery::Zone]);
    for (received, told) in [("12:40:00", Forgery::BitAhead), ("09:00:00", Forgery::Ahead)] {
        assert_eq!(kinds(&format!("Received: from a by b; Sat, 12 May 2007 {received} +0000\n{date}\n")), [told]);
    }
}

#[test]
fn programs_without_their_habits() {
    let express = "X-Mailer: Microsoft Outlook Express 6.00.2720.1081\nX-MimeOLE: Produced By Microsoft MimeOLE V6.00.2720.1081\nX-Priority: 3\nX-MSMail-Priority: Normal\n";
    assert_eq!(kinds(&format!("{express}\n")), [Forgery::Version]);
    let other = express
        .replace("X-MimeOLE: Produced By Microsoft MimeOLE V6.00.2720.1081\n", "")
        .replace("2720.1081", "2800.1106");
    assert_eq!(
        kinds(&format!("{other}Message-ID: <1.2@k3.example>\nContent-Type: text/html\n\n")),
        [Forgery::Identifier, Forgery::Companion, Forgery::Page]
    );
    assert_eq!(
        kinds("X-Mailer: The Bat! (v2)\nContent-Type: multipart/mixed; boundary=\"abc\"\n\n"),
        [Forgery::Boundary]
    );
}

#[test]
fn lines_that_hand_over_mail_themselves() {
    let hop = |hop: &str| kinds(&format!("Received: from {hop}; Sat, 12 May 2007 12:50:00 +0000\n\n"));
    for line in [
        "a.example (c-198-51-100-7.provider.example [198.51.100.7]) by mx.trade.example with SMTP",
        "pool7.provider.example (HELO k3) (198.51.100.7) by mx.trade.example with SMTP",
        "12.dsl.provider.example ([198.51.100.7]) by mx.trade.example with SMTP",
    ] {
        assert_eq!(hop(line), [Forgery::DialUp], "{line}");
    }
    assert_eq!(hop("198.51.100.7 ([198.51.100.7]) by mx.trade.example with SMTP"), [Forgery::Greeting]);
    for honest in [
        "mail.becker.example (mail.becker.example [198.51.100.7]) by mx.trade.example with ESMTP",
        "mail-ej1-f41.provider.example ([198.51.100.7]) by mx.trade.example with ESMTPS",
        "[10.0.0.4] (c-10-0-0-4.dsl.provider.example [10.0.0.4]) by mx.trade.example with SMTP",
    ] {
        assert_eq!(hop(honest), [], "{honest}");
    }
    // What stands below the topmost hop from outside was written by whoever sends.
    let below = "Received: from mail.becker.example ([198.51.100.7]) by mx.trade.example; Sat, 12 May 2007 12:50:00 +0000\n\
                 Received: from 1.2.3.4 (cpe-1-2-3-4.cable.example [1.2.3.4]) by mail.becker.example; Sat, 12 May 2007 12:50:00 +0000\n\n";
    assert_eq!(kinds(below), []);
}

proptest::proptest! {
    #[test]
    fn any_header_is_compared(text in "\\PC{0,200}") {
        for name in ["Date", "Message-ID", "Received", "Thread-Index", "X-Mailer", "Content-Type"] {
            let _ = read(format!("{name}: {text}\r\n{name}: from {text} by {text}; {text}\r\n\r\n").as_bytes());
        }
    }
}
