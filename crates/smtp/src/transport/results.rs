//! How connections to other domains fared, gathered by domain and day (RFC 8460 section 4).

use std::collections::HashMap;
use std::net::IpAddr;

use env::Timestamp;
use mailauth::tls_rpt::{FAILURES_MAX, Failure, POLICIES_MAX, PolicyFacts, PolicyResult, ResultType, Summary};
use parking_lot::Mutex;

/// Domains gathered between two times at which they are written down; of more nothing is counted.
const GATHERED_MAX: usize = 10_000;

/// Days since 1970 in UTC.
pub(crate) type Day = i64;

/// Seconds of a day.
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// Addresses of a connection, as far as there are any.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ends {
    /// Ours.
    pub(crate) local: Option<IpAddr>,
    /// The other side's.
    pub(crate) remote: Option<IpAddr>,
}

/// Whether others may know an address of ours: behind a translator they see another, and need not learn of our networks.
fn is_public(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => !four.is_private() && !four.is_link_local(),
        IpAddr::V6(six) => !six.is_unique_local() && !six.is_unicast_link_local(),
    }
}

/// What has not been written down yet.
#[derive(Default)]
pub(crate) struct Results(Mutex<HashMap<(Day, String), Vec<PolicyResult>>>);

impl Results {
    /// Counts a connection to `host` that was made, or failed as `wrong` says, under a policy.
    pub(crate) fn note(
        &self,
        now: Timestamp,
        policy: PolicyFacts,
        wrong: Option<(ResultType, String)>,
        host: &str,
        ends: Ends,
    ) {
        let place = (now.seconds().div_euclid(DAY_SECONDS), policy.policy_domain.clone());
        let failure = wrong.map(|(result_type, reason)| Failure {
            result_type,
            sending_mta_ip: ends.local.filter(is_public).map(|address| address.to_string()),
            receiving_mx_hostname: Some(host.to_owned()),
            receiving_ip: ends.remote.map(|address| address.to_string()),
            failed_session_count: 1,
            failure_reason_code: Some(reason).filter(|reason| !reason.is_empty()),
        });
        let (good, bad) = if failure.is_some() { (0, 1) } else { (1, 0) };
        let summary = Summary { total_successful_session_count: good, total_failure_session_count: bad };
        let result = PolicyResult { policy, summary, failure_details: failure.into_iter().collect() };
        let mut gathered = self.0.lock();
        if gathered.len() < GATHERED_MAX || gathered.contains_key(&place) {
            merge(gathered.entry(place).or_default(), result);
        }
    }

    /// Takes out all that has been gathered.
    pub(crate) fn take(&self) -> HashMap<(Day, String), Vec<PolicyResult>> {
        std::mem::take(&mut self.0.lock())
    }

    /// Puts back what could not be written down.
    pub(crate) fn put_back(&self, place: (Day, String), results: Vec<PolicyResult>) {
        let mut gathered = self.0.lock();
        let known = gathered.entry(place).or_default();
        results.into_iter().for_each(|result| merge(known, result));
    }
}

/// Adds `more` to what is known: to the same policy, and to failures alike.
pub(crate) fn merge(known: &mut Vec<PolicyResult>, more: PolicyResult) {
    let Some(same) = known.iter_mut().find(|it| it.policy == more.policy) else {
        if known.len() < POLICIES_MAX {
            known.push(more);
        }
        return;
    };
    let (sum, added) = (&mut same.summary, more.summary);
    sum.total_successful_session_count += added.total_successful_session_count;
    sum.total_failure_session_count += added.total_failure_session_count;
    for failure in more.failure_details {
        let has_room = same.failure_details.len() < FAILURES_MAX;
        match same.failure_details.iter_mut().find(|it| it.is_like(&failure)) {
            Some(like) => like.failed_session_count += failure.failed_session_count,
            None if has_room => same.failure_details.push(failure),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;
