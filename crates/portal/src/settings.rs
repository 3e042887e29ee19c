use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

env::settings! {
    /// The portal for partners: messages that the sender's browser encrypts, and that a partner without keys opens in his.
    pub struct PortalSettings in "portal" {
        /// Offer the portal.
        enabled: bool = true,
        /// Address under which partners reach it, such as "https://secure.example.com"; empty for that of the HTTPS service.
        public_url: String = String::new(),
        /// Days until a delivery expires, where its sender says nothing else.
        days: u32 = 14,
        /// Most days that a sender may choose.
        days_max: u32 = 90,
        /// How often a delivery may be opened, where its sender says nothing else.
        openings: u32 = 20,
        /// Most openings that a sender may choose.
        openings_max: u32 = 1_000,
        /// Bytes of one delivery with its files, and of all replies to it.
        delivery_bytes_max: u64 = 500 << 20,
        /// Bytes that one account may have in the portal.
        account_bytes_max: u64 = 5 << 30,
        /// Deliveries that one account may make in a day.
        daily_max: u32 = 200,
        /// Replies to one delivery.
        replies_max: u32 = 20,
        /// Wrong passwords, links and codes after which a delivery is shut until its sender extends it.
        wrong_max: u32 = 30,
        /// Wrong ones, of all deliveries together, that are looked at in a minute by each node.
        wrong_minute_max: u32 = 300,
        /// Days that replies, and the line in the sender's list, are kept after a delivery has expired.
        keep_days: u32 = 30,
    }
}

impl PortalSettings {
    /// How long a delivery's row and its replies stay after it has expired.
    #[must_use]
    pub fn keeps(&self) -> Duration {
        DAY.saturating_mul(self.keep_days)
    }

    /// Days within what is allowed; 0 for as many as is usual.
    #[must_use]
    pub fn days(&self, wanted: u32) -> Duration {
        let days = if wanted == 0 { self.days } else { wanted };
        DAY.saturating_mul(days.clamp(1, self.days_max.max(1)))
    }

    /// Openings within what is allowed; 0 for as many as is usual.
    #[must_use]
    pub fn openings(&self, wanted: u32) -> u32 {
        let openings = if wanted == 0 { self.openings } else { wanted };
        openings.clamp(1, self.openings_max.max(1))
    }
}
