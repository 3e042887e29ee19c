//! Filters of `/query` calls (RFC 8620 section 5.5): conditions, and operators over them.

use serde_json::Value;
use wire::jmap::MethodErrorKind;

use crate::error::Failure;

/// Operators within one another.
const DEPTH_MAX: usize = 16;

/// Conditions put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree<C> {
    All(Vec<Tree<C>>),
    Any(Vec<Tree<C>>),
    None(Vec<Tree<C>>),
    Condition(C),
}

impl<C> Tree<C> {
    /// Reads a filter; without one everything matches. `read` reads one condition by its name.
    ///
    /// # Errors
    /// `invalidArguments`, `unsupportedFilter`.
    pub(crate) fn read(
        filter: Option<&Value>,
        read: &impl Fn(&str, &Value) -> Result<C, Failure>,
    ) -> Result<Self, Failure> {
        filter.map_or(Ok(Self::All(Vec::new())), |filter| Self::read_part(filter, read, 0))
    }

    fn read_part(
        value: &Value,
        read: &impl Fn(&str, &Value) -> Result<C, Failure>,
        depth: usize,
    ) -> Result<Self, Failure> {
        let Value::Object(members) = value else { return Err(Failure::invalid("a filter must be an object")) };
        if depth > DEPTH_MAX {
            return Err(Failure::say(MethodErrorKind::UnsupportedFilter, "the filter is nested too deep"));
        }
        let Some(operator) = members.get("operator") else {
            let conditions = members.iter().map(|(name, value)| read(name, value).map(Self::Condition));
            return Ok(Self::All(conditions.collect::<Result<_, _>>()?));
        };
        let parts = members.get("conditions").and_then(Value::as_array);
        let parts = parts.ok_or_else(|| Failure::invalid("a filter operator needs conditions"))?;
        let parts = parts.iter().map(|part| Self::read_part(part, read, depth + 1)).collect::<Result<_, _>>()?;
        match operator.as_str() {
            Some("AND") => Ok(Self::All(parts)),
            Some("OR") => Ok(Self::Any(parts)),
            Some("NOT") => Ok(Self::None(parts)),
            _ => Err(Failure::invalid("operator must be AND, OR or NOT")),
        }
    }

    /// Whether it holds where `holds` tells of each condition.
    pub(crate) fn matches(&self, holds: &impl Fn(&C) -> bool) -> bool {
        let part = |part: &Self| part.matches(holds);
        match self {
            Self::All(parts) => parts.iter().all(part),
            Self::Any(parts) => parts.iter().any(part),
            Self::None(parts) => !parts.iter().any(part),
            Self::Condition(condition) => holds(condition),
        }
    }
}

/// The order that a `/query` call wants: properties, each with whether it rises.
///
/// # Errors
/// `invalidArguments`; `unsupportedSort` for others than `properties` and collations that are not offered.
pub(crate) fn read_sort(sort: Option<Value>, properties: &[&str]) -> Result<Vec<(String, bool)>, Failure> {
    let Some(sort) = sort else { return Ok(Vec::new()) };
    let Value::Array(listed) = sort else { return Err(Failure::invalid("sort must be a list")) };
    let mut order = Vec::with_capacity(listed.len());
    for comparator in &listed {
        let property = comparator.get("property").and_then(Value::as_str).unwrap_or_default();
        if !properties.contains(&property) {
            let why = format!("there is no order by {property:?}");
            return Err(Failure::say(MethodErrorKind::UnsupportedSort, why));
        }
        crate::window::check_collation(comparator)?;
        order.push((property.to_owned(), comparator.get("isAscending").and_then(Value::as_bool).unwrap_or(true)));
    }
    Ok(order)
}
