//! Archives of which the list of files is read, and what lies in them unpacked: RAR of both kinds, cabinets, disk images.

use crate::look::{At, Looker};
use crate::report::Reason;

/// Blocks or records of one file that are read.
const RECORDS_MAX: usize = 4096;

/// Octets of a sector of a disk image.
const SECTOR_OCTETS: usize = 2048;

/// Reads little-endian numbers and runs of octets from the front.
struct Front<'a>(&'a [u8]);

impl<'a> Front<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, octets: usize) -> Option<u64> {
        self.take(octets).map(|taken| taken.iter().rev().fold(0, |number, octet| number << 8 | u64::from(*octet)))
    }

    /// A number of seven bits an octet, lowest first.
    fn variable(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let octet = self.number(1)?;
            number |= (octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

/// Reads a RAR archive: names, and what is stored without packing.
pub(super) fn read_rar(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    if let Some(blocks) = octets.strip_prefix(b"Rar!\x1a\x07\x01\0") {
        read_rar5(blocks, at, looker)
    } else if let Some(blocks) = octets.strip_prefix(b"Rar!\x1a\x07\0") {
        read_rar4(blocks, at, looker)
    } else {
        Err(Reason::Unsupported)
    }
}

/// One file of an archive.
struct Listed<'a> {
    name: String,
    size: u64,
    is_locked: bool,
    /// The file itself, where it lies there unpacked.
    stored: Option<&'a [u8]>,
}

fn tell(listed: &Listed<'_>, at: At, looker: &mut Looker<'_>) {
    match listed.stored.filter(|_| !listed.is_locked) {
        Some(octets) => looker.look_inside(at, &listed.name, "", octets),
        None => {
            let why = if listed.is_locked { Reason::Locked } else { Reason::Unsupported };
            looker.name_inside(at, &listed.name, listed.size, why);
        }
    }
    if listed.is_locked {
        looker.lock(at);
    }
}

fn read_rar5(blocks: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let mut front = Front(blocks);
    for _ in 0..RECORDS_MAX {
        if front.take(4).is_none() {
            return Ok(());
        }
        let size = front.variable().ok_or(Reason::Damaged)?;
        let header = front.take(size as usize).ok_or(Reason::Damaged)?;
        let mut header = Front(header);
        let kind = header.variable().ok_or(Reason::Damaged)?;
        let flags = header.variable().ok_or(Reason::Damaged)?;
        let extra = if flags & 1 == 0 { Some(0) } else { header.variable() }.ok_or(Reason::Damaged)?;
        let data_size = if flags & 2 == 0 { Some(0) } else { header.variable() }.ok_or(Reason::Damaged)?;
        let data = front.take(data_size as usize).unwrap_or_else(|| std::mem::take(&mut front.0));
        match kind {
            2 => tell(&rar5_file(header, extra as usize, data).ok_or(Reason::Damaged)?, at, looker),
            // All that follows is locked, the names too.
            4 => {
                looker.lock(at);
                return Ok(());
            }
            5 => return Ok(()),
            _ => {}
        }
    }
    Err(Reason::TooMany)
}

fn rar5_file<'a>(mut header: Front<'a>, extra: usize, data: &'a [u8]) -> Option<Listed<'a>> {
    let flags = header.variable()?;
    let size = header.variable()?;
    header.variable()?;
    header.take(if flags & 2 == 0 { 0 } else { 4 })?;
    header.take(if flags & 4 == 0 { 0 } else { 4 })?;
    let method = header.variable()? >> 7 & 7;
    header.variable()?;
    let length = header.variable()? as usize;
    let name = String::from_utf8_lossy(header.take(length)?).into_owned();
    let mut records = Front(header.0.get(header.0.len().checked_sub(extra)?..)?);
    let mut is_locked = false;
    while let Some(size) = records.variable() {
        let mut record = Front(records.take(size as usize)?);
        is_locked |= record.variable() == Some(1);
    }
    Some(Listed { name, size, is_locked, stored: (method == 0).then_some(data) })
}

fn read_rar4(blocks: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let mut front = Front(blocks);
    for _ in 0..RECORDS_MAX {
        if front.take(2).is_none() {
            return Ok(());
        }
        let kind = front.number(1).ok_or(Reason::Damaged)?;
        let flags = front.number(2).ok_or(Reason::Damaged)?;
        let size = front.number(2).and_then(|size| size.checked_sub(7)).ok_or(Reason::Damaged)?;
        let mut header = Front(front.take(size as usize).ok_or(Reason::Damaged)?);
        // The main header says that the names are locked, too.
        if kind == 0x73 && flags & 0x80 != 0 {
            looker.lock(at);
            return Ok(());
        }
        if kind == 0x7b {
            return Ok(());
        }
        let data_size = if kind == 0x74 || flags & 0x8000 != 0 { header.number(4) } else { Some(0) };
        let data_size = data_size.ok_or(Reason::Damaged)? as usize;
        let data = front.take(data_size).unwrap_or_else(|| std::mem::take(&mut front.0));
        if kind == 0x74 {
            tell(&rar4_file(header, flags, data).ok_or(Reason::Damaged)?, at, looker);
        }
    }
    Err(Reason::TooMany)
}

fn rar4_file<'a>(mut header: Front<'a>, flags: u64, data: &'a [u8]) -> Option<Listed<'a>> {
    let size = header.number(4)?;
    header.take(10)?;
    let method = header.number(1)?;
    let length = header.number(2)? as usize;
    header.take(4)?;
    header.take(if flags & 0x100 == 0 { 0 } else { 8 })?;
    let name = header.take(length)?;
    // Behind a zero the name stands again, packed, with its other letters.
    let plain = name.split(|octet| *octet == 0).next().unwrap_or_default();
    let name = mail::message::charset::guess(plain).into_owned();
    Some(Listed { name, size, is_locked: flags & 4 != 0, stored: (method == 0x30).then_some(data) })
}

/// Reads the list of a cabinet ([MS-CAB] section 2).
pub(super) fn read_cabinet(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let mut header = Front(octets.get(16..36).ok_or(Reason::Damaged)?);
    let start = header.number(4).ok_or(Reason::Damaged)? as usize;
    let files = Front(octets.get(28..30).unwrap_or_default()).number(2).ok_or(Reason::Damaged)? as usize;
    let mut front = Front(octets.get(start..).ok_or(Reason::Damaged)?);
    for _ in 0..files.min(RECORDS_MAX) {
        let size = front.number(4).ok_or(Reason::Damaged)?;
        front.take(12).ok_or(Reason::Damaged)?;
        let length = front.0.iter().position(|octet| *octet == 0).ok_or(Reason::Damaged)?;
        let name = mail::message::charset::guess(front.take(length).unwrap_or_default()).into_owned();
        front.take(1);
        looker.name_inside(at, &name, size, Reason::Unsupported);
    }
    Ok(())
}

/// Reads a disk image of the form ISO 9660, with long names as Joliet writes them.
pub(super) fn read_image(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let sector = |number: usize| octets.get(number.checked_mul(SECTOR_OCTETS)?..);
    let descriptors: Vec<&[u8]> = (16..48)
        .map_while(sector)
        .take_while(|descriptor| descriptor.get(1..6) == Some(b"CD001") && descriptor.first() != Some(&255))
        .collect();
    let is_joliet = |descriptor: &&&[u8]| {
        descriptor.first() == Some(&2) && matches!(descriptor.get(88..91), Some(b"%/@" | b"%/C" | b"%/E"))
    };
    let joliet = descriptors.iter().find(is_joliet);
    let plain = descriptors.iter().find(|descriptor| descriptor.first() == Some(&1));
    let descriptor = joliet.or(plain).ok_or(Reason::Unsupported)?;
    let root = descriptor.get(156..190).and_then(record).ok_or(Reason::Damaged)?;
    let mut directories = vec![(String::new(), root)];
    let mut records = 0;
    while let Some((path, directory)) = directories.pop() {
        let mut rest = slice(octets, &directory).unwrap_or_default();
        while let Some(length) = rest.first().copied() {
            records += 1;
            if records > RECORDS_MAX {
                return Err(Reason::TooMany);
            }
            if length == 0 {
                // Records do not cross sectors.
                let used = slice(octets, &directory).map_or(0, <[u8]>::len) - rest.len();
                rest = rest.get(SECTOR_OCTETS - used % SECTOR_OCTETS..).unwrap_or_default();
                continue;
            }
            let entry = rest.get(..usize::from(length));
            rest = rest.get(usize::from(length)..).unwrap_or_default();
            // The first two name the directory itself and the one above.
            let Some(entry) = entry.and_then(record).filter(|entry| !matches!(entry.name, [0] | [1])) else { continue };
            let name = file_name(entry.name, joliet.is_some());
            let name = if path.is_empty() { name } else { format!("{path}/{name}") };
            if entry.is_directory {
                directories.push((name, entry));
            } else if looker.is_over() {
                return Err(Reason::TimedOut);
            } else {
                looker.look_inside(at, &name, "", slice(octets, &entry).unwrap_or_default());
            }
        }
    }
    Ok(())
}

/// A record of a directory (ECMA-119 section 9.1).
struct Record<'a> {
    sector: usize,
    size: usize,
    is_directory: bool,
    name: &'a [u8],
}

fn record(octets: &[u8]) -> Option<Record<'_>> {
    let number = |at: usize| Some(u32::from_le_bytes(octets.get(at..at + 4)?.try_into().ok()?) as usize);
    let length = usize::from(*octets.get(32)?);
    Some(Record {
        sector: number(2)?,
        size: number(10)?,
        is_directory: octets.get(25)? & 2 != 0,
        name: octets.get(33..33 + length)?,
    })
}

fn slice<'a>(octets: &'a [u8], record: &Record<'_>) -> Option<&'a [u8]> {
    let rest = octets.get(record.sector.checked_mul(SECTOR_OCTETS)?..)?;
    Some(rest.get(..record.size).unwrap_or(rest))
}

fn file_name(name: &[u8], is_wide: bool) -> String {
    let name = if is_wide {
        encoding_rs::UTF_16BE.decode_without_bom_handling(name).0.into_owned()
    } else {
        String::from_utf8_lossy(name).into_owned()
    };
    name.split_once(';').map_or(name.clone(), |(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::looked;
    use crate::report::{Kind, Reason};

    fn rar5(flags: u8, extra: &[u8], method: u8) -> Vec<u8> {
        let name = b"bill.pdf.exe";
        let mut header = vec![2, flags];
        if !extra.is_empty() {
            header.push(extra.len() as u8);
        }
        header.extend_from_slice(&[3, 0, 3, 0]);
        header.extend_from_slice(&u16::to_le_bytes(u16::from(method) << 8 | 0x80)[..2]);
        header.extend_from_slice(&[0, name.len() as u8]);
        header.extend_from_slice(name);
        header.extend_from_slice(extra);
        [b"Rar!\x1a\x07\x01\0\0\0\0\0".as_slice(), &[header.len() as u8], &header, b"MZ\x01"].concat()
    }

    #[test]
    fn names_in_rar_of_the_new_kind() {
        let report = looked("a.rar", &rar5(2, b"", 0));
        assert_eq!((report.kind(), report.files[1].kind), (Kind::Rar, Kind::Program));
        assert_eq!(report.files[1].size_octets, 3);
        assert!(report.files[1].has_deceptive_name && report.unlooked.is_empty());
        let locked = looked("a.rar", &rar5(3, &[2, 1, 0], 0));
        assert!(locked.files[0].is_locked && locked.files[1].name == "bill.pdf.exe");
        let packed = looked("a.rar", &rar5(2, b"", 1));
        assert_eq!((packed.files[1].kind, packed.unlooked[0].why), (Kind::Program, Reason::Unsupported));
    }

    #[test]
    fn names_in_rar_of_the_old_kind() {
        let mut file = b"Rar!\x1a\x07\0\0\0\x74\0\x80".to_vec();
        file.extend_from_slice(&(7 + 25 + 8_u16).to_le_bytes());
        file.extend_from_slice(&3_u32.to_le_bytes());
        file.extend_from_slice(&3_u32.to_le_bytes());
        file.extend_from_slice(&[0; 10]);
        file.extend_from_slice(&[0x30, 8, 0, 0, 0, 0, 0]);
        file.extend_from_slice(b"bill.scrMZ\x01");
        let report = looked("a.rar", &file);
        assert_eq!((report.files[1].name.as_str(), report.files[1].kind), ("bill.scr", Kind::Program));
        for end in 7..file.len() {
            let _ = looked("a.rar", &file[..end]);
        }
    }

    #[test]
    fn names_in_a_cabinet() {
        let mut file = b"MSCF\0\0\0\0".to_vec();
        file.resize(16, 0);
        file.extend_from_slice(&36_u32.to_le_bytes());
        file.resize(28, 0);
        file.extend_from_slice(&1_u16.to_le_bytes());
        file.resize(36, 0);
        file.extend_from_slice(&9_u32.to_le_bytes());
        file.extend_from_slice(&[0; 12]);
        file.extend_from_slice(b"setup.exe\0");
        let report = looked("a.cab", &file);
        assert_eq!(
            (report.kind(), report.files[1].kind, report.files[1].size_octets),
            (Kind::Cabinet, Kind::Program, 9)
        );
    }

    fn directory_record(sector: u32, size: u32, flags: u8, name: &[u8]) -> Vec<u8> {
        let mut record = vec![0; 33];
        record[0] = (34 + name.len() - name.len() % 2) as u8;
        record[2..6].copy_from_slice(&sector.to_le_bytes());
        record[10..14].copy_from_slice(&size.to_le_bytes());
        record[25] = flags;
        record[32] = name.len() as u8;
        record.extend_from_slice(name);
        record.resize(usize::from(record[0]), 0);
        record
    }

    #[test]
    fn a_disk_image_is_opened() {
        let mut image = vec![0; 20 * 2048];
        image[16 * 2048..][..6].copy_from_slice(b"\x01CD001");
        image[16 * 2048 + 156..][..34].copy_from_slice(&directory_record(18, 2048, 2, &[0]));
        image[17 * 2048..][..6].copy_from_slice(b"\xffCD001");
        let entries = [directory_record(18, 2048, 2, &[0]), directory_record(19, 3, 0, b"BILL.LNK;1")].concat();
        image[18 * 2048..][..entries.len()].copy_from_slice(&entries);
        image[19 * 2048..][..8].copy_from_slice(b"L\0\0\0\x01\x14\x02\0");
        let report = looked("a.iso", &image);
        assert_eq!((report.kind(), report.files[1].name.as_str()), (Kind::DiskImage, "BILL.LNK"));
        assert_eq!(report.files[1].kind, Kind::Shortcut);
        // A directory that holds itself.
        let entries = [directory_record(18, 2048, 2, b"LOOP")].concat();
        image[18 * 2048..][..entries.len()].copy_from_slice(&entries);
        assert!(looked("a.iso", &image).unlooked.iter().any(|unlooked| unlooked.why == Reason::TooMany));
    }
}
