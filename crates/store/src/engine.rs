use crate::{Row, StoreError, Value};

/// What an engine does for a transaction. Statements are constant, so that engines may cache what they prepared.
pub(crate) trait Engine {
    fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError>;

    fn for_each(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Ends a reading transaction and begins another, where snapshots cost those who write.
    fn renew(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
