//! Messages on their way out: leases, retries, holds and what became of each recipient.
