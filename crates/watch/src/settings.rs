use std::path::PathBuf;

env::settings! {
    /// Sign-in watch: where addresses are, what is odd, who is told.
    pub struct WatchSettings in "watch" {
        /// Database of countries in MaxMind's format. The one of a release is made by tools/geo; any other may take its place, of cities
        /// too. Taken up again when the file changes.
        country_database: PathBuf = PathBuf::from("geo/country.mmdb"),
        /// Database of network operators (autonomous systems) in MaxMind's format.
        network_database: PathBuf = PathBuf::from("geo/network.mmdb"),
        /// File with thresholds and answers of the protection levels, instead of those shipped.
        levels: Option<PathBuf> = None,
        /// Days for which sign-ins are kept. What an account is known by is forgotten as long after it was last seen.
        keep_days: u32 = 180,
        /// Addresses of people here who are told of odd sign-ins of others; if there are none, the administrators.
        alerts_to: Vec<String> = Vec::new(),
        /// Addresses of people here who get the reviews of each month and quarter; if there are none, the administrators.
        reviews_to: Vec<String> = Vec::new(),
    }
}
