//! How much one network may send at all: connections and messages a minute, so that no sender crowds out the others.

use std::collections::HashMap;
use std::net::IpAddr;

use env::{Derived, Timestamp, Watched};
use identity::lists::Listing;
use net::{Network, TrustedNetworks};
use parking_lot::Mutex;
use wire::smtp::server::{Kind, Verdict};

use super::{Door, Receiver};
use crate::SmtpSettings;

/// Bits of an IPv4 address that make a network: what one customer of a provider commonly holds.
const IPV4_NETWORK_BITS: u8 = 24;

/// Bits of an IPv6 address that make a network: what every host has for itself.
const IPV6_NETWORK_BITS: u8 = 64;

/// Networks that are remembered. When there are more, those that are within their rate are forgotten, then all.
const NETWORKS_MAX: usize = 65_536;

/// Milliseconds in which a network may use up its allowance at once.
const WINDOW_MILLIS: i64 = 60_000;

/// What a client over its rate is told when it connects.
pub(super) const TOO_MANY_CONNECTIONS: &[u8] = b"421 4.7.0 Too many connections from your network, try again later\r\n";

/// The rates of all networks.
pub(crate) struct Rates {
    settings: Watched<SmtpSettings>,
    exempt: Derived<SmtpSettings, TrustedNetworks>,
    connections: Rate,
    messages: Rate,
}

impl Rates {
    /// Rates as the settings say, for all but the networks that they exempt.
    pub(crate) fn new(settings: &Watched<SmtpSettings>) -> Self {
        let exempt = |settings: &SmtpSettings| TrustedNetworks::parse(&settings.exempt_networks).unwrap_or_default();
        Self {
            settings: settings.clone(),
            exempt: Derived::new(settings.clone(), exempt),
            connections: Rate::default(),
            messages: Rate::default(),
        }
    }

    /// Whether the settings spare the client.
    pub(crate) fn is_exempt(&self, client: IpAddr) -> bool {
        self.exempt.now().contains(client)
    }

    fn admit_connection(&self, client: IpAddr, now: Timestamp) -> bool {
        self.connections.admit(client, now, self.settings.now().connections_per_network_minute_max)
    }

    fn admit_message(&self, client: IpAddr, now: Timestamp) -> bool {
        self.messages.admit(client, now, self.settings.now().messages_per_network_minute_max)
    }
}

/// Counts events of networks: each moves the moment at which its network has paid for all of them; that may be one window ahead.
#[derive(Default)]
struct Rate {
    paid: Mutex<HashMap<Network, i64>>,
}

impl Rate {
    /// Counts one event from `client`; false if that is more than `per_minute_max` (0 for no limit), and then it does not count.
    fn admit(&self, client: IpAddr, now: Timestamp, per_minute_max: u32) -> bool {
        if per_minute_max == 0 {
            return true;
        }
        let cost_millis = (WINDOW_MILLIS / i64::from(per_minute_max)).max(1);
        let now = now.millis();
        let mut paid = self.paid.lock();
        let network = network_of(client);
        if paid.len() >= NETWORKS_MAX && !paid.contains_key(&network) {
            paid.retain(|_, until| *until > now);
            if paid.len() >= NETWORKS_MAX {
                paid.clear();
            }
        }
        let until = paid.entry(network).or_insert(now);
        // A clock that was set back must not shut a network out.
        let next = (*until).clamp(now, now + WINDOW_MILLIS) + cost_millis;
        if next > now + WINDOW_MILLIS {
            return false;
        }
        *until = next;
        true
    }
}

pub(super) fn network_of(client: IpAddr) -> Network {
    let bits = if client.to_canonical().is_ipv4() { IPV4_NETWORK_BITS } else { IPV6_NETWORK_BITS };
    Network::around(client, bits)
}

impl Door {
    /// Whether a client that has just connected may stay. Only on the service for other servers.
    pub(super) async fn admits(&self, client: IpAddr) -> bool {
        let (receiver, now) = (&self.receiver, self.receiver.store.context().clock.now());
        let rates = &receiver.rates;
        self.config.kind != Kind::Mx
            || rates.is_exempt(client)
            || rates.admit_connection(client, now)
            || receiver.is_allowed(client).await
            || receiver.slow_down(client, "connections")
    }
}

impl Receiver {
    /// MAIL FROM of a stranger: whether its network may send one more message now.
    pub(super) async fn admit_message(&self, client: IpAddr) -> Result<(), Verdict> {
        let now = self.store.context().clock.now();
        let is_admitted = self.rates.is_exempt(client)
            || self.rates.admit_message(client, now)
            || self.is_allowed(client).await
            || self.slow_down(client, "messages");
        if is_admitted {
            return Ok(());
        }
        Err(Verdict::reject(451, (4, 7, 0), "Too many messages from your network, try again later"))
    }

    /// Whether a list spares the client's network. Without the store nothing is spared: the client tries again.
    pub(super) async fn is_allowed(&self, client: IpAddr) -> bool {
        let now = self.store.context().clock.now();
        let rules = self.directory.lists().of_all().await;
        rules.is_ok_and(|rules| matches!(rules.client(client, now), Listing::Allowed(_)))
    }

    /// Counts and logs a client that is put off; false, as it is not admitted.
    fn slow_down(&self, client: IpAddr, what: &'static str) -> bool {
        self.figures.slowed_down.add(1);
        tracing::debug!(%client, what, "over the rate of its network");
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(rate: &Rate, client: &str, millis: i64, tries: u32) -> u32 {
        let now = Timestamp::from_millis(millis);
        (0..tries).map(|_| u32::from(rate.admit(client.parse().unwrap(), now, 6))).sum()
    }

    #[test]
    fn a_limit_that_is_changed_counts_for_what_comes_from_then_on() {
        let publisher = env::Publisher::new(SmtpSettings::default());
        let rates = Rates::new(&publisher.watched());
        let (client, now) = ("192.0.2.1".parse().unwrap(), Timestamp::from_millis(0));
        let tries = |most: usize| (0..most).filter(|_| rates.admit_message(client, now)).count();
        assert_eq!(tries(20), 20);
        publisher.publish(&SmtpSettings { messages_per_network_minute_max: 6, ..SmtpSettings::default() });
        assert!(tries(20) < 7);
        assert!(!rates.is_exempt(client));
        let exempt_networks = vec!["192.0.2.0/24".to_owned()];
        publisher.publish(&SmtpSettings { exempt_networks, ..SmtpSettings::default() });
        assert!(rates.is_exempt(client));
    }

    #[test]
    fn a_network_has_its_allowance_each_minute() {
        let rate = Rate::default();
        assert_eq!(admitted(&rate, "192.0.2.1", 0, 10), 6);
        assert_eq!(admitted(&rate, "192.0.2.200", 0, 1), 0, "the same /24");
        assert_eq!(admitted(&rate, "::ffff:192.0.2.9", 0, 1), 0, "the same, mapped");
        assert_eq!(admitted(&rate, "192.0.3.1", 0, 10), 6);
        assert_eq!(admitted(&rate, "2001:db8:0:1::1", 0, 5), 5);
        assert_eq!(admitted(&rate, "2001:db8:0:1:ffff::1", 0, 5), 1, "the same /64");
        assert_eq!(admitted(&rate, "192.0.2.1", 9_999, 1), 0);
        assert_eq!(admitted(&rate, "192.0.2.1", 10_000, 5), 1, "one more every ten seconds");
        assert_eq!(admitted(&rate, "192.0.2.1", 130_000, 10), 6, "and no more than a minute's for a pause");
    }

    #[test]
    fn a_clock_that_was_set_back_shuts_nobody_out_for_long() {
        let rate = Rate::default();
        assert_eq!(admitted(&rate, "192.0.2.1", 1_000_000, 6), 6);
        assert_eq!(admitted(&rate, "192.0.2.1", 0, 1), 0);
        let rate_after = admitted(&rate, "192.0.2.1", 1_060_000, 6);
        assert_eq!(rate_after, 6);
    }

    #[test]
    fn no_limit_counts_nothing_and_memory_is_bounded() {
        let rate = Rate::default();
        let free = "192.0.2.1".parse().unwrap();
        assert!((0..1_000).all(|_| rate.admit(free, Timestamp::from_millis(0), 0)));
        assert!(rate.paid.lock().is_empty());
        let rate = Rate::default();
        for number in 0..70_000_u32 {
            let client = std::net::Ipv4Addr::from(number << 8);
            assert!(rate.admit(client.into(), Timestamp::from_millis(0), 6));
        }
        assert!(rate.paid.lock().len() <= NETWORKS_MAX);
    }
}
