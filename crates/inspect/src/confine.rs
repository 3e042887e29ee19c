//! What a worker gives up before it looks at the first octet of anybody's file.
//!
//! After [`confine`] the process can read and write the descriptors that it already has, ask for memory within its limit, tell
//! the time and end. Everything else ends it: each of the three walls (Landlock, seccomp, resource limits) would do for files,
//! network and new processes, and a hole in one is closed by the others.

use std::collections::BTreeMap;
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _,
    RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use serde::{Deserialize, Serialize};

/// How well a worker is confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confinement {
    /// By Landlock, seccomp and resource limits.
    Full,
    /// By seccomp and resource limits; this kernel has no Landlock, or an old one.
    WithoutLandlock,
}

/// Why a worker could not be confined; it then ends without looking at anything.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// A descriptor was inherited that is none of the worker's.
    #[error("descriptor {0} was inherited; close it before the server starts")]
    Inherited(String),
    /// A resource limit was refused.
    #[error("cannot set a resource limit: {0}")]
    Limit(#[from] rustix::io::Errno),
    /// Landlock is there and refused.
    #[error("cannot restrict by Landlock: {0}")]
    Landlock(#[from] landlock::RulesetError),
    /// The filter of system calls was refused.
    #[error("cannot filter system calls: {0}; the kernel needs CONFIG_SECCOMP_FILTER")]
    Seccomp(String),
}

impl ConfineError {
    /// Whether to try again: this system will refuse again.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

/// Limits of one worker process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of address space.
    pub memory_octets: u64,
    /// Seconds of processor time in its whole life.
    pub processor_seconds: u64,
}

/// Descriptors that a program may have open.
const PROGRAM_DESCRIPTORS_MAX: u64 = 64;

/// Confines the process that calls it, which must have one thread only.
///
/// # Errors
/// When a wall cannot be raised, other than Landlock in a kernel that does not have it.
pub fn confine(limits: Limits) -> Result<Confinement, ConfineError> {
    no_inherited_descriptors(&[])?;
    rustix::thread::set_no_new_privs(true)?;
    // Before the limits: a set of rules is a descriptor for as long as it is being made.
    let confinement = restrict_by_landlock()?;
    limit_resources(limits)?;
    filter_calls()?;
    Ok(confinement)
}

/// What a program is left beside standard input, output and error.
#[derive(Debug, Clone, Copy)]
pub struct Left<'a> {
    /// Files and directories that it may read.
    pub readable: &'a [String],
    /// Descriptors that this process has opened for it.
    pub descriptors: &'a [i32],
    /// Octets that it may write to a file that is open; 0 for none.
    pub file_octets: u64,
}

/// Confines the process that calls it for a program that it then becomes: the program reads what it is left and what it is given,
/// writes what it answers, and has neither network nor files of its own to write.
///
/// # Errors
/// When a wall cannot be raised, other than Landlock in a kernel that does not have it.
pub fn confine_program(limits: Limits, left: Left<'_>) -> Result<Confinement, ConfineError> {
    no_inherited_descriptors(left.descriptors)?;
    rustix::thread::set_no_new_privs(true)?;
    let newest = ABI::V6;
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?;
    for path in left.readable.iter().map(Path::new) {
        // What is not there needs no permission.
        let Ok(opened) = PathFd::new(path) else { continue };
        let access = if path.is_dir() { AccessFs::from_read(newest) } else { AccessFs::ReadFile | AccessFs::Execute };
        rules = rules.add_rule(PathBeneath::new(opened, access))?;
    }
    let status = rules.restrict_self()?;
    let both = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::As, both(limits.memory_octets))?;
    setrlimit(Resource::Cpu, both(limits.processor_seconds))?;
    setrlimit(Resource::Nofile, both(PROGRAM_DESCRIPTORS_MAX))?;
    setrlimit(Resource::Fsize, both(left.file_octets))?;
    setrlimit(Resource::Core, both(0))?;
    refuse_network()?;
    Ok(if status.ruleset == RulesetStatus::NotEnforced { Confinement::WithoutLandlock } else { Confinement::Full })
}

/// Refuses to make sockets and to look into other processes, whatever else may be called.
fn refuse_network() -> Result<(), ConfineError> {
    let refused = [
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_io_uring_setup,
    ];
    let rules: Rules = refused.into_iter().map(|call| (call, Vec::new())).collect();
    apply(rules, SeccompAction::Allow, SeccompAction::Errno(libc::EACCES as u32))
}

/// Only standard input, output and error may be open, what this process has opened itself, and the directory that is being read to see it.
fn no_inherited_descriptors(own: &[i32]) -> Result<(), ConfineError> {
    // Without /proc nobody can see; all that the server opens is closed on exec in any case.
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return Ok(()) };
    for entry in entries.flatten() {
        let leads_here = std::fs::read_link(entry.path()).is_ok_and(|target| target.ends_with("fd"));
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_own = name.parse::<i32>().is_ok_and(|number| number <= 2 || own.contains(&number));
        if !is_own && !leads_here {
            return Err(ConfineError::Inherited(name));
        }
    }
    Ok(())
}

fn limit_resources(limits: Limits) -> Result<(), rustix::io::Errno> {
    let both = |most| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::As, both(limits.memory_octets))?;
    setrlimit(Resource::Cpu, both(limits.processor_seconds))?;
    // No further descriptor, no process or thread, no octet in a file, no image of its memory.
    setrlimit(Resource::Nofile, both(0))?;
    setrlimit(Resource::Nproc, both(0))?;
    setrlimit(Resource::Fsize, both(0))?;
    setrlimit(Resource::Core, both(0))
}

/// No rule is added: nothing in the file system, no port, no signal to others.
fn restrict_by_landlock() -> Result<Confinement, landlock::RulesetError> {
    let newest = ABI::V6;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .restrict_self()?;
    Ok(if status.ruleset == RulesetStatus::NotEnforced { Confinement::WithoutLandlock } else { Confinement::Full })
}

fn filter_calls() -> Result<(), ConfineError> {
    let rules = rules().map_err(|error| ConfineError::Seccomp(error.to_string()))?;
    apply(rules, SeccompAction::KillProcess, SeccompAction::Allow)
}

/// Filters calls: what is done with those that no rule is for, and with the others.
fn apply(rules: Rules, other: SeccompAction, ruled: SeccompAction) -> Result<(), ConfineError> {
    let failed = |error: &dyn std::fmt::Display| ConfineError::Seccomp(error.to_string());
    let architecture = std::env::consts::ARCH.try_into().map_err(|error: seccompiler::BackendError| failed(&error))?;
    let filter = SeccompFilter::new(rules, other, ruled, architecture).map_err(|error| failed(&error))?;
    let program: BpfProgram = filter.try_into().map_err(|error: seccompiler::BackendError| failed(&error))?;
    seccompiler::apply_filter(&program).map_err(|error| failed(&error))
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Calls that a worker may make; any other ends it.
fn rules() -> Result<Rules, seccompiler::BackendError> {
    let always = [
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_brk,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_clock_gettime,
        libc::SYS_getrandom,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    let mut rules: Rules = always.into_iter().map(|call| (call, Vec::new())).collect();
    // Memory may be asked for, never memory that can be executed.
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let without_execution = SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(EXECUTE), 0)?;
        rules.insert(call, vec![SeccompRule::new(vec![without_execution])?]);
    }
    Ok(rules)
}

/// `PROT_EXEC` in the protection of `mmap` and `mprotect`.
const EXECUTE: u64 = libc::PROT_EXEC as u64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Landlock holds a thread alone, so that one can be given up for it.
    #[test]
    fn landlock_alone_holds_files_and_network() {
        let held = std::thread::spawn(|| {
            let confinement = restrict_by_landlock().unwrap();
            let file = std::fs::File::open("/etc/hostname").map_err(|error| error.kind());
            let connection = std::net::TcpStream::connect(("127.0.0.1", 9)).map_err(|error| error.kind());
            (confinement, file.err(), connection.err())
        });
        let (confinement, file, connection) = held.join().unwrap();
        if confinement == Confinement::WithoutLandlock {
            eprintln!("SKIPPED: this kernel has no Landlock");
            return;
        }
        let denied = Some(std::io::ErrorKind::PermissionDenied);
        assert_eq!((file, connection), (denied, denied));
    }

    #[test]
    fn an_inherited_descriptor_is_seen() {
        // Whoever runs the tests may or may not leave some open; this one is surely there.
        let _kept = std::fs::File::open("/dev/null").unwrap();
        assert!(matches!(no_inherited_descriptors(&[]), Err(ConfineError::Inherited(_))));
    }
}
