//! Work that gives way: what serves people goes first.

use rayon::ThreadPoolBuilder;

use crate::BackupError;

/// How low the priority of the work is (setpriority(2), from 0 to 19): beside a busy thread of the server it gets about one part in thirty of a
/// processor, and all of it where nobody else wants it.
const NICE: i32 = 15;

/// Does `work` on threads of their own, which give way to all others, as do those that they start.
///
/// # Errors
/// What `work` gives, or [`BackupError::Threads`] if there are no threads to be had.
pub(crate) fn aside<T: Send>(work: impl FnOnce() -> Result<T, BackupError> + Send) -> Result<T, BackupError> {
    let pool = ThreadPoolBuilder::new()
        .thread_name(|number| format!("backup-{number}"))
        .start_handler(|_| give_way())
        .build()
        .map_err(|error| BackupError::Threads(error.to_string()))?;
    pool.install(work)
}

/// Lowers the priority of this thread. Where that is not allowed it works as any other.
fn give_way() {
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "the priority of a backup's thread cannot be lowered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_gives_way_with_all_its_threads_and_the_caller_does_not() {
        let own =
            || rustix::process::getpriority_process(None).map_err(|error| BackupError::Threads(error.to_string()));
        let before = own().unwrap();
        let (inner, deeper) = aside(|| {
            let deeper = std::thread::spawn(move || own().unwrap()).join().unwrap();
            Ok((own()?, deeper))
        })
        .unwrap();
        assert_eq!((inner, deeper), (NICE, NICE));
        assert_eq!(own().unwrap(), before);
        assert!(aside(|| Err::<(), _>(BackupError::Threads("none".to_owned()))).is_err());
    }
}
