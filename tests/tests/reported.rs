//! What one report teaches: pictures known again in another form, and what is shared with other servers.

use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use harness::{Chance, Failure, Options, Outcome, Scratch, Tradewind, run, smtp, wait_until};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

const LETTER: &str = "From: Anna Buyer <buyer@partner.example>\r\nTo: sales@trade.test\r\nSubject: Quotation for ball valves\r\n\
    Message-ID: <letter@partner.example>\r\n\r\n\
    Dear Mr Li,\r\n\r\nthank you for your offer of 200 ball valves DN50. Please send us the drawings and the delivery time CIF Hamburg.\r\n\
    Our order: https://files.order-desk.example/po/list?reader=sales\r\nand https://files.order-desk.example/sales/open\r\n\r\nBest regards\r\nAnna Buyer\r\n";

fn start() -> Outcome<Tradewind> {
    Tradewind::start(Options::default().set("judging", "milliseconds_max", "60000"))
}

fn deliver(server: &Tradewind, message: &str) -> Outcome {
    let to = server.account("sales")?.address;
    let mut client = server.smtp()?;
    client.deliver("someone@partner.example", &[&to], &smtp::for_wire(message.as_bytes()))?.expect(250)?;
    client.quit()
}

/// The header of the `number`th message of a mailbox.
fn header(server: &Tradewind, mailbox: &str, number: u64) -> Outcome<String> {
    let mut session = server.imap("sales")?;
    wait_until("the message", PATIENCE, || Ok((session.count(mailbox)? >= number).then_some(())))?;
    session.command(&format!("EXAMINE {mailbox}"))?.ok()?;
    let answer = session.ask(&format!("FETCH {number} BODY.PEEK[HEADER]"))?.ok()?;
    Ok(answer.kept.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect())
}

/// Reports the `number`th message of INBOX for everybody.
fn report(server: &Tradewind, number: u64) -> Outcome {
    let header = header(server, "INBOX", number)?;
    let id =
        header.split_once("id=").map(|(_, rest)| rest.chars().take_while(char::is_ascii_hexdigit).collect::<String>());
    let id = id.ok_or_else(|| Failure::new(format!("no number in {header}")))?;
    server.command(&["quarantine", "report", &id])?.success()?;
    Ok(())
}

/// A page of a letter as a picture: 1 of `speckles` points is black or white.
fn page(width: usize, height: usize, speckles: u64) -> Vec<Vec<u8>> {
    let mut chance = Chance::fresh();
    let point = |x: usize, y: usize| {
        let (x, y) = (x * 600 / width, y * 450 / height);
        let is_word = (140..330).contains(&y)
            && y % 17 < 8
            && (x * 7 + (y / 17) * 131) % 97 < 60
            && (40..500 - y / 2).contains(&x);
        match (x, y) {
            (_, 0..60) => 70,
            (30..130, 80..120) => 160,
            (200..380, 350..400) => 90,
            _ if is_word => 40,
            _ => 250,
        }
    };
    let mut speckled = |grey: u8| match chance.bits() % speckles {
        0 if chance.bits().is_multiple_of(2) => 0,
        0 => 255,
        _ => grey,
    };
    (0..height).map(|y| (0..width).map(|x| speckled(point(x, y))).collect()).collect()
}

/// PNG, grey.
fn png(rows: &[Vec<u8>]) -> Outcome<Vec<u8>> {
    let size = |size: usize| u32::try_from(size).map(u32::to_be_bytes);
    let head = [&size(rows[0].len())?[..], &size(rows.len())?, &[8, 0, 0, 0, 0]].concat();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    for row in rows {
        packed.write_all(&[0])?;
        packed.write_all(row)?;
    }
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", head), (b"IDAT", packed.finish()?), (b"IEND", Vec::new())] {
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(&data);
        out.extend_from_slice(&size(data.len())?);
        out.extend_from_slice(kind);
        out.extend_from_slice(&data);
        out.extend_from_slice(&sum.sum().to_be_bytes());
    }
    Ok(out)
}

/// BMP, in colours.
fn bmp(rows: &[Vec<u8>]) -> Outcome<Vec<u8>> {
    let (width, height) = (u32::try_from(rows[0].len())?, u32::try_from(rows.len())?);
    let line = (width * 3).next_multiple_of(4);
    let mut out = b"BM".to_vec();
    for number in [54 + line * height, 0, 54, 40, width, height] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&[1, 0, 24, 0]);
    out.extend_from_slice(&[0; 24]);
    for row in rows.iter().rev() {
        out.extend(row.iter().flat_map(|grey| [*grey; 3]));
        out.extend_from_slice(&[0; 4][..(line - width * 3) as usize]);
    }
    Ok(out)
}

/// A message that is nothing but a picture.
fn picture(sender: &str, kind: &str, octets: &[u8]) -> String {
    let content = smtp::base64(octets);
    let lines: Vec<&str> = content.as_bytes().chunks(76).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!(
        "From: {sender}\r\nTo: sales@trade.test\r\nSubject: {kind}\r\nMessage-ID: <{kind}@{kind}.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: image/{kind}\r\nContent-Disposition: inline; filename=a.{kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        lines.join("\r\n")
    )
}

/// A message that is a picture alone is reported; another in which it is packed anew, shrunk to four fifths and speckled is known.
#[test]
fn a_reported_picture_is_known_in_another_form() -> Outcome {
    let server = start()?;
    deliver(&server, &picture("one@first.example", "png", &png(&page(600, 450, u64::MAX))?))?;
    report(&server, 1)?;
    wait_until("the picture to be known", PATIENCE, || {
        let again = picture("two@second.example", "bmp", &bmp(&page(480, 360, 100))?);
        deliver(&server, &again)?;
        let mut session = server.imap("sales")?;
        let mut texts = String::new();
        for mailbox in ["INBOX", "Junk"] {
            session.command(&format!("EXAMINE {mailbox}"))?.ok()?;
            let answer = session.ask("FETCH 1:* BODY.PEEK[HEADER.FIELDS (X-Tradewind-Findings)]")?;
            texts.extend(answer.kept.iter().map(|line| String::from_utf8_lossy(line).into_owned()));
        }
        Ok(texts.contains("reported-picture").then_some(()))
    })
}

/// What is reported here is read by another's feeds, from a file and over HTTPS, and says nothing of our people.
#[test]
fn what_is_confirmed_here_is_known_elsewhere() -> Outcome {
    let server = start()?;
    deliver(&server, LETTER)?;
    report(&server, 1)?;
    let shared = wait_until("the report to count", PATIENCE, || {
        let shared = server.command(&["feeds", "share", "--format", "stix"])?.success()?.stdout;
        Ok(shared.contains("order-desk.example").then_some(shared))
    })?;
    let bundle: Value = serde_json::from_str(shared.trim())?;
    let patterns: Vec<&str> =
        bundle["objects"].as_array().into_iter().flatten().filter_map(|one| one["pattern"].as_str()).collect();
    assert_eq!(
        patterns,
        ["[url:value = 'https://files.order-desk.example/po/list']", "[domain-name:value = 'order-desk.example']"]
    );
    assert!(!shared.contains("sales") && !shared.contains("ball valves") && !shared.contains("trade.test"), "{shared}");

    // Another server reads it over HTTPS.
    let link: Value =
        serde_json::from_str(server.command(&["--json", "feeds", "share-link"])?.success()?.stdout.trim())?;
    let path = link["misp"].as_str().ok_or_else(|| Failure::new(format!("no link in {link}")))?;
    let scratch = Scratch::new("shared")?;
    let config = format!(
        "[server]\ndirectory = \"data\"\n[[threats.feed]]\nname = \"neighbour\"\nformat = \"misp\"\naddress = \"https://localhost:{}{path}\"\nca = \"{}\"\n",
        server.listen("https")?.port(),
        server.ca()?.display()
    );
    let config = scratch.file("tradewind.toml", config)?.display().to_string();
    let elsewhere = |arguments: &[&str]| {
        let mut command = Command::new(Tradewind::binary()?);
        command.env("LC_ALL", "C").args(["--config", &config, "--json"]).args(arguments);
        run(command, PATIENCE)
    };
    let refreshed: Value = serde_json::from_str(elsewhere(&["feeds", "refresh"])?.success()?.stdout.trim())?;
    assert_eq!(
        (&refreshed[0]["outcome"], &refreshed[0]["entries"]),
        (&Value::from("taken"), &Value::from(2)),
        "{refreshed}"
    );
    // And a file of it tells the link.
    let feeds = scratch.directory("feeds")?;
    std::fs::write(feeds.join("neighbour.stix.json"), shared)?;
    let letter = scratch.file("letter.eml", LETTER)?.display().to_string();
    let verdict =
        elsewhere(&["judge", "--no-inspect", "--feeds", &feeds.display().to_string(), &letter])?.success()?.stdout;
    assert!(verdict.contains("feed-url") && verdict.contains("feed-domain"), "{verdict}");
    Ok(())
}
