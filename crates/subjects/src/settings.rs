use crate::deadline;

env::settings! {
    /// Subject requests: what people ask about their data (docs/subject-requests.md).
    pub struct SubjectSettings in "subjects" {
        /// Working days in which a request under China's law is answered, which says "timely".
        pipl_working_days: u32 = 15,
        /// Days, beside Saturdays and Sundays, on which nobody works, as "2027-02-08".
        holidays: Vec<String> = Vec::new(),
        /// Saturdays and Sundays on which people work all the same.
        workdays: Vec<String> = Vec::new(),
        /// Minutes that local time is ahead of UTC; a deadline ends with a local day. 480 in China.
        zone_minutes: i32 = 0,
        /// Days before its deadline on which whoever decides on a request is reminded; again on its day, and when it is over.
        remind_days: u32 = 7,
        /// Whether strangers may ask about their data on a page of this server (/privacy); a link that is mailed to them proves their address.
        public_page: bool = true,
        /// Days that a closed request stays in the register, as proof of what was done.
        keep_days: u32 = 1095,
    }
}

impl SubjectSettings {
    /// What is wrong with them: the setting, its value, and what it must be.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut wrong = Vec::new();
        if !(1..=365).contains(&self.pipl_working_days) {
            let given = self.pipl_working_days.to_string();
            wrong.push(("subjects.pipl_working_days", given, "must be from 1 to 365"));
        }
        if !(-840..=840).contains(&self.zone_minutes) {
            wrong.push(("subjects.zone_minutes", self.zone_minutes.to_string(), "must be from -840 to 840"));
        }
        for (setting, days) in [("subjects.holidays", &self.holidays), ("subjects.workdays", &self.workdays)] {
            let odd = days.iter().find(|day| deadline::read_day(day).is_none());
            wrong.extend(odd.map(|day| (setting, day.clone(), "must be days, written as 2027-02-08")));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_told() {
        assert!(SubjectSettings::default().faults().is_empty());
        let wrong = SubjectSettings {
            pipl_working_days: 0,
            holidays: vec!["2027-02-30".to_owned()],
            zone_minutes: 900,
            ..SubjectSettings::default()
        };
        let faults: Vec<&str> = wrong.faults().into_iter().map(|fault| fault.0).collect();
        assert_eq!(faults, ["subjects.pipl_working_days", "subjects.zone_minutes", "subjects.holidays"]);
    }
}
