//! Work that gives way: what serves people goes first.

use rayon::ThreadPoolBuilder;
use store::copy::give_way;

use crate::BackupError;

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

#[cfg(test)]
mod tests {
    use store::copy::NICE;

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
