//! Rules of routes for what our people submit: they hear at once of what cannot go, whatever keys there are.

use super::{Form, KeptBack, Keys, Terms, plan};
use crate::RouteError;
use crate::deliver::route::{Pattern, patterns};
use crate::settings::{ContentDemand, Route};

/// What is demanded of messages, by the recipients' domains.
#[derive(Debug, Default)]
pub struct ContentRules(Vec<(Vec<Pattern>, Terms, Option<ContentDemand>)>);

impl ContentRules {
    /// The rules in `routes`; as for the way itself, the first route that matches counts.
    ///
    /// # Errors
    /// [`RouteError`] if the recipients of a route cannot be read, or its rules exclude one another.
    pub fn of(routes: &[Route]) -> Result<Self, RouteError> {
        let rules = routes.iter().enumerate().map(|(index, route)| {
            let number = index + 1;
            Ok((patterns(number, route)?, Terms::of(number, route)?, route.content))
        });
        rules.collect::<Result<_, _>>().map(Self)
    }

    /// What is demanded of mail to `domain` (lowercase A-labels) that this server does not see to itself, in the word of the setting.
    #[must_use]
    pub fn word(&self, domain: &str) -> Option<&'static str> {
        let (_, terms, content) = self.found(domain)?;
        plan(terms, Form { is_of_ours: true, ..Form::default() }, &Keys::all()).err()?;
        Some(match (content, terms.demands.first()) {
            (Some(ContentDemand::Pgp), _) => "pgp",
            (Some(ContentDemand::Smime), _) => "smime",
            (Some(ContentDemand::Portal), _) => "portal",
            (None, Some(demand)) if demand.names(mail::protection::Means::Portal) => "portal",
            _ => "either",
        })
    }

    /// The rules for mail to `domain` (lowercase A-labels).
    pub(crate) fn terms(&self, domain: &str) -> Terms {
        self.found(domain).map(|(_, terms, _)| terms.clone()).unwrap_or_default()
    }

    fn found(&self, domain: &str) -> Option<&(Vec<Pattern>, Terms, Option<ContentDemand>)> {
        self.0.iter().find(|(patterns, ..)| patterns.iter().any(|pattern| pattern.matches(domain)))
    }
}

/// Why a message of one of our people that is of this form does not go under these rules, whatever keys there are.
pub(crate) fn refused(terms: &Terms, form: Form) -> Option<KeptBack> {
    plan(terms, form, &Keys::all()).err()
}
