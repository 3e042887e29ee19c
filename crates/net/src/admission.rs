//! Who may connect: counts of open connections, in all and for each client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::serve::{Most, Refusal};

/// Open connections of one service.
#[derive(Debug)]
pub(crate) struct Gate {
    most: Most,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_client: HashMap<IpAddr, usize>,
}

impl Gate {
    pub(crate) fn new(most: Most) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// Counts a connection from anywhere.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Entry, Refusal> {
        let (total_max, _) = self.most.now();
        let mut open = self.open.lock();
        if open.total >= total_max {
            return Err(Refusal::Total);
        }
        open.total += 1;
        Ok(Entry { gate: Arc::clone(self), client: None })
    }

    #[cfg(test)]
    pub(crate) fn total(&self) -> usize {
        self.open.lock().total
    }
}

/// One open connection; dropping it ends the count.
#[derive(Debug)]
pub(crate) struct Entry {
    gate: Arc<Gate>,
    client: Option<IpAddr>,
}

impl Entry {
    /// Counts the connection for the client at `address` too.
    pub(crate) fn identify(&mut self, address: IpAddr) -> Result<(), Refusal> {
        let client = client_of(address);
        let (_, per_client_max) = self.gate.most.now();
        let mut open = self.gate.open.lock();
        let count = open.by_client.entry(client).or_default();
        if *count >= per_client_max {
            return Err(Refusal::PerClient);
        }
        *count += 1;
        self.client = Some(client);
        Ok(())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut open = self.gate.open.lock();
        open.total = open.total.saturating_sub(1);
        let Some(client) = self.client else { return };
        if let Some(count) = open.by_client.get_mut(&client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.by_client.remove(&client);
            }
        }
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64, of which every host can use all addresses.
fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_end_with_the_connection() {
        let gate = Gate::new(Most::Fixed(3, 1));
        let mut first = gate.enter().unwrap();
        first.identify("2001:db8::1".parse().unwrap()).unwrap();
        let mut neighbour = gate.enter().unwrap();
        assert_eq!(neighbour.identify("2001:db8::2".parse().unwrap()), Err(Refusal::PerClient));
        let mut other = gate.enter().unwrap();
        other.identify("2001:db8:0:1::1".parse().unwrap()).unwrap();
        assert_eq!(gate.enter().unwrap_err(), Refusal::Total);
        drop(first);
        neighbour.identify("2001:db8::2".parse().unwrap()).unwrap();
        drop((neighbour, other));
        assert_eq!(gate.total(), 0);
        assert!(gate.open.lock().by_client.is_empty());
    }
}
