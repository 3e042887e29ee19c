//! Files that somebody made to do harm, or that are broken: named, with the remedy, and the rest comes.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::read::{self, Form};
use crate::{Item, Unreadable};

fn all(form: Form, path: &Path) -> (Vec<Item>, Vec<Unreadable>) {
    sorted(read::open(form, path).unwrap())
}

fn sorted(source: impl Iterator<Item = Result<Item, Unreadable>>) -> (Vec<Item>, Vec<Unreadable>) {
    let (mut items, mut left_out) = (Vec::new(), Vec::new());
    for item in source {
        match item {
            Ok(item) => items.push(item),
            Err(error) => left_out.push(error),
        }
    }
    items.sort_by(|one, other| one.name.cmp(&other.name));
    (items, left_out)
}

#[test]
fn a_maildir_leads_nowhere_else() {
    let home = tempfile::tempdir().unwrap();
    let (inside, outside) = (home.path().join("m"), home.path().join("outside"));
    fs::create_dir_all(outside.join("cur")).unwrap();
    fs::write(outside.join("cur/1:2,"), "Subject: secret\n\n").unwrap();
    for part in ["cur", "new", ".&i6JTVQ-.Sub\\2ex/cur", "nested/deeper/new"] {
        fs::create_dir_all(inside.join(part)).unwrap();
    }
    symlink(outside.join("cur/1:2,"), inside.join("cur/1.link:2,S")).unwrap();
    symlink(&outside, inside.join(".Linked")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        inside.join("new/pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    fs::write(inside.join("cur/2.a:2,FRSa"), "Subject: two\n\nx\n").unwrap();
    fs::write(inside.join("dovecot-keywords"), "0 Work\n").unwrap();
    fs::write(inside.join("cur/3.empty:2,"), "").unwrap();
    fs::write(inside.join("cur/4.binary:2,"), b"\x7fELF\0\0").unwrap();
    fs::write(inside.join(".&i6JTVQ-.Sub\\2ex/cur/5.b:2,T"), "Subject: five\r\n\r\nx\nbare\n").unwrap();
    fs::write(inside.join("nested/deeper/new/6.c"), "Subject: six\n\n").unwrap();
    let (items, left_out) = all(Form::Maildir, &inside);
    let folders: Vec<(&str, &str)> =
        items.iter().map(|item| (item.name.rsplit('/').next().unwrap(), item.folder.as_str())).collect();
    assert_eq!(folders, [("5.b:2,T", "订单/Sub.x"), ("2.a:2,FRSa", ""), ("6.c", "nested/deeper")]);
    assert_eq!(items[1].marks.keywords, ["Work"]);
    assert_eq!(items[0].raw, b"Subject: five\r\n\r\nx\nbare\n", "what has CRLF is as it came");
    let told: Vec<String> = left_out.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 5, "{told:#?}");
    for (name, why) in [
        ("1.link", "a link"),
        (".Linked", "a link"),
        ("pipe", "a link or a device"),
        ("3.empty", "empty"),
        ("4.binary", "header"),
    ] {
        assert!(told.iter().any(|it| it.contains(name) && it.contains(why)), "{name}: {told:#?}");
    }
    assert!(
        read::open(Form::Maildir, &home.path().join("outside/cur"))
            .err()
            .unwrap()
            .to_string()
            .contains("is no Maildir")
    );
}

fn archive(path: &Path, entries: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(fs::File::create(path).unwrap());
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn an_archive_leads_nowhere_and_does_not_burst() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.zip");
    archive(
        &path,
        &[
            ("../../etc/cron.d/x.eml", b"Subject: slip\n\n"),
            ("/abs/y.EML", b"Subject: abs\n\n"),
            ("notes.txt", b"no mail"),
            ("收件箱/z.eml", b"nothing of a message"),
        ],
    );
    let (items, left_out) = all(Form::Zip, &path);
    let folders: Vec<&str> = items.iter().map(|item| item.folder.as_str()).collect();
    assert_eq!(folders, ["etc/cron.d", "abs"]);
    assert!(left_out.len() == 1 && left_out[0].to_string().contains("z.eml"), "{left_out:?}");

    let bomb = home.path().join("bomb.zip");
    let big = [b"Subject: x\n\n".as_slice(), &vec![b'x'; 900 << 10]].concat();
    archive(&bomb, &[("1.eml", &big), ("2.eml", &big), ("3.eml", &big)]);
    let (items, left_out) = sorted(read::Archive::open_bounded(&bomb, 1 << 20).unwrap());
    assert_eq!(items.len(), 1);
    assert!(matches!(left_out.as_slice(), [Unreadable::Swells { .. }]), "{left_out:?}");

    fs::write(home.path().join("no.zip"), b"PK\x03\x04 nothing").unwrap();
    let error = read::open(Form::Zip, &home.path().join("no.zip")).err().unwrap().to_string();
    assert!(error.contains("is no archive of mail"), "{error}");
}

#[test]
fn a_list_that_lies_is_found_out() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.zip");
    let list =
        br#"[{"path":"mail/INBOX/1.eml","sha256":"00","folder":"INBOX"},{"path":"mail/INBOX/2.eml","folder":"INBOX"},
        {"path":"account.json","sha256":"00"}]"#;
    archive(
        &path,
        &[("mail/INBOX/1.eml", b"Subject: changed\r\n\r\n"), ("account.json", b"{}"), ("manifest.json", list)],
    );
    let (items, left_out) = all(Form::Zip, &path);
    assert!(items.is_empty());
    let told: Vec<String> = left_out.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("2.eml") && told[0].contains("missing"), "{told:?}");
    assert!(told[1].contains("1.eml") && told[1].contains("hash differs"), "{told:?}");
    archive(&path, &[("manifest.json", b"{}")]);
    assert!(read::open(Form::Zip, &path).err().unwrap().to_string().contains("manifest.json is not ours"));
}
