//! A full disk: 452, nothing half-stored, and all well again once there is room.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use harness::{Chance, Letter, Options, Outcome, Scratch, Tradewind, run, skip, smtp};

/// Size of the disk that gets full, in MiB.
const DISK_MIB: u32 = 220;
/// Room that is left at first, in MiB: above what the store keeps free for deletions.
const ROOM_MIB: u32 = 90;

/// A small file system of its own, unmounted when dropped.
struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    fn mount(scratch: &Scratch) -> Outcome<Option<Self>> {
        let place = scratch.join("disk");
        fs::create_dir_all(&place)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={DISK_MIB}m"), "tmpfs"]).arg(&place);
        let mounted = run(mount, std::time::Duration::from_secs(10))?.status.success();
        Ok(mounted.then_some(Self { place }))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.place).status();
    }
}

#[test]
fn a_full_disk_takes_no_mail_and_loses_none() -> Outcome {
    let scratch = Scratch::new("disk")?;
    let Some(disk) = SmallDisk::mount(&scratch)? else { skip!("a small file system cannot be mounted: not root") };
    let tradewind = Tradewind::start(Options::default().place(&disk.place.join("site")))?;
    let filler = disk.place.join("filler");
    fs::write(&filler, vec![1; ((DISK_MIB - ROOM_MIB) as usize) << 20])?;

    let to = tradewind.account("sales")?.address;
    let mut chance = Chance::seeded(3);
    let (mut accepted, mut refused) = (0, None);
    let mut client = tradewind.smtp()?;
    for number in 0..400 {
        let id = format!("full-{number}@partner.example");
        let mut letter = Letter { from: "a@partner.example", to: &to, id: &id, size_bytes: 2048 }.build(&mut chance);
        // What does not compress, so that the disk fills.
        for _ in 0..12_000 {
            letter.extend_from_slice(format!("{:016x}{:016x}\r\n", chance.bits(), chance.bits()).as_bytes());
        }
        let reply = client.deliver("a@partner.example", &[&to], &smtp::for_wire(&letter))?;
        if reply.code != 250 {
            refused = Some(reply);
            break;
        }
        accepted += 1;
    }
    let refused = refused.expect("the disk is smaller than all messages");
    assert!(refused.code == 452 && refused.text.contains("4.3.1"), "{} {}", refused.code, refused.text);
    assert!(accepted > 10, "only {accepted} were accepted");
    assert_eq!(
        tradewind.imap("sales")?.count("INBOX")?,
        accepted,
        "what was accepted is there, what was refused is not"
    );

    fs::remove_file(&filler)?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    let letter = Letter { from: "a@partner.example", to: &to, id: "after@partner.example", size_bytes: 2048 };
    let mut client = tradewind.smtp()?;
    client.deliver("a@partner.example", &[&to], &smtp::for_wire(&letter.build(&mut chance)))?.expect(250)?;
    tradewind.command(&["store", "check", "--deep"])?.success()?;
    Ok(())
}

#[test]
fn an_export_to_a_full_disk_is_told_leaves_nothing_half_done_and_takes_nothing_away() -> Outcome {
    let scratch = Scratch::new("export-disk")?;
    let Some(disk) = SmallDisk::mount(&scratch)? else { skip!("a small file system cannot be mounted: not root") };
    let tradewind = Tradewind::start(Options::default())?;
    let to = tradewind.account("sales")?.address;
    let mut chance = Chance::seeded(4);
    let mut client = tradewind.smtp()?;
    for number in 0..40 {
        let id = format!("kept-{number}@partner.example");
        let mut letter = Letter { from: "a@partner.example", to: &to, id: &id, size_bytes: 2048 }.build(&mut chance);
        for _ in 0..6_000 {
            letter.extend_from_slice(format!("{:016x}{:016x}\r\n", chance.bits(), chance.bits()).as_bytes());
        }
        client.deliver("a@partner.example", &[&to], &smtp::for_wire(&letter))?.expect(250)?;
    }
    let filler = disk.place.join("filler");
    fs::write(&filler, vec![1; ((DISK_MIB - 2) as usize) << 20])?;
    let there = || -> Outcome<Vec<String>> {
        let entries = fs::read_dir(&disk.place)?.collect::<Result<Vec<_>, _>>()?;
        Ok(entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    };
    for form in ["mbox", "maildir", "zip"] {
        let path = disk.place.join(form).display().to_string();
        let told = tradewind.command(&["export", form, &path, "--user", &to, "--reason", "the person leaves"])?;
        assert!(!told.status.success(), "{form}: {}", told.stdout);
        assert!(told.stderr.contains(&path), "{form}: {}", told.stderr);
        assert_eq!(there()?, ["filler"], "{form}: {}", told.stderr);
    }
    let records = disk.place.join("records").display().to_string();
    fs::write(disk.place.join("rest"), vec![1; 2 << 20]).ok();
    let told = tradewind.command(&["audit", "export", &records])?;
    assert!(!told.status.success() && told.stderr.contains(&records), "{} {}", told.stdout, told.stderr);

    // All is still there, and with room the same commands do what they are to do.
    assert!(tradewind.imap("sales")?.count("INBOX")? >= 40);
    fs::remove_file(&filler)?;
    fs::remove_file(disk.place.join("rest")).ok();
    for form in ["mbox", "maildir", "zip"] {
        let path = disk.place.join(form).display().to_string();
        tradewind.command(&["export", form, &path, "--user", &to, "--reason", "the person leaves"])?.success()?;
    }
    let records = disk.place.join("records-again").display().to_string();
    tradewind.command(&["audit", "export", &records])?.success()?;
    Ok(())
}
