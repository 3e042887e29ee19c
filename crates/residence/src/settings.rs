env::settings! {
    /// The region that this installation is: docs/regions.md.
    pub struct RegionSettings in "region" {
        /// Its name, such as "cn"; empty where there is only one region. All nodes of an installation have the same.
        name: String = String::new(),
        /// Its country, two letters (ISO 3166-1), such as "CN".
        country: String = String::new(),
    }
}

impl RegionSettings {
    /// Whether there are other regions at all.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.name.is_empty()
    }

    /// What is wrong with them: the setting, its value, and what it must be.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut wrong = Vec::new();
        if self.is_set() && !crate::regions::is_name(&self.name) {
            wrong.push(("region.name", self.name.clone(), "must be lowercase letters, digits and hyphens, 32 at most"));
        }
        let is_country = crate::place::country(&self.country).is_some();
        if self.is_set() && !is_country {
            wrong.push((
                "region.country",
                self.country.clone(),
                "must be the two letters of the region's country, such as CN",
            ));
        } else if !self.is_set() && !self.country.is_empty() {
            wrong.push(("region.country", self.country.clone(), "must be empty unless region.name is set"));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_a_name_and_a_country() {
        let faults = |name: &str, country: &str| {
            let set = RegionSettings { name: name.to_owned(), country: country.to_owned() };
            set.faults().into_iter().map(|fault| fault.0).collect::<Vec<_>>()
        };
        assert_eq!(faults("", ""), Vec::<&str>::new());
        assert_eq!(faults("cn-east", "cn"), Vec::<&str>::new());
        assert_eq!(faults("cn", ""), ["region.country"]);
        assert_eq!(faults("", "CN"), ["region.country"]);
        assert_eq!(faults("China East", "CHN"), ["region.name", "region.country"]);
    }
}
