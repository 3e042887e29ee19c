//! What the machine says of itself and of processes.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::{Failure, Outcome};

/// Ticks of a second in /proc; 100 on every Linux that Debian builds.
const TICKS: u64 = 100;

/// Processor time that this process has used, in user and kernel mode.
pub(crate) fn own_processor_time() -> Outcome<Duration> {
    processor_time(std::process::id())
}

/// Processor time that a process has used, in user and kernel mode.
pub(crate) fn processor_time(id: u32) -> Outcome<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // Fields 14 and 15; field 2 may hold spaces and ends with the last parenthesis.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1000 / TICKS))
}

/// Processor time of a process, of all its descendants, and of those of them that have ended.
pub(crate) fn processor_time_of_all(root: u32) -> Outcome<Duration> {
    let mut ticks = 0;
    for id in family(root)? {
        // A process may end while we look; its parent counts it then.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        ticks +=
            after_name.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
    }
    Ok(Duration::from_millis(ticks * 1000 / TICKS))
}

/// A process and all its descendants.
fn family(root: u32) -> Outcome<Vec<u32>> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(id) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
        // A process may end while we look.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        children.entry(parent.unwrap_or(0)).or_default().push(id);
    }
    let (mut open, mut all) = (vec![root], Vec::new());
    while let Some(id) = open.pop() {
        all.push(id);
        open.extend(children.remove(&id).unwrap_or_default());
    }
    Ok(all)
}

/// Memory of process `root` and all its descendants in bytes, pages shared between them counted once (PSS).
pub(crate) fn memory_bytes(root: u32) -> Outcome<u64> {
    let total: u64 = family(root)?.into_iter().filter_map(share_bytes).sum();
    if total == 0 {
        return Err(Failure::new(format!("no process {root}, or not ours to look at")));
    }
    Ok(total)
}

fn share_bytes(id: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Processor, cores, memory, kernel and load, in one line.
pub(crate) fn description() -> String {
    let first = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let value = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{}, {cores} cores, memory {}, Linux {}, load before the run {}",
        first("/proc/cpuinfo", "model name"),
        first("/proc/meminfo", "MemTotal"),
        kernel.trim(),
        load.split_whitespace().next().unwrap_or_default(),
    )
}

/// Installed version of a Debian package.
pub(crate) fn package_version(package: &str) -> String {
    let output = Command::new("dpkg-query").args(["-W", "-f", "${Version}", package]).output();
    output.map_or_else(|_| "?".to_owned(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
}
