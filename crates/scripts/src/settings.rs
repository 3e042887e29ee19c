env::settings! {
    /// Scripts (Sieve), rules and automatic replies of people.
    pub struct RulesSettings in "rules" {
        /// Domains of others to which scripts and rules of people may send mail on; `"*"` for all. Forwarding that an administrator
        /// sets (`tradewind user forward`) does not need it, nor do addresses here.
        redirect_to: Vec<String> = Vec::new(),
    }
}
