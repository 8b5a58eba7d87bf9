//! The order in which series are told of where one stands behind the other.

use wsbench_load::series::Series;

/// The series with what was never answered in them first, since that is what users see; the rest as
/// in the table.
pub(crate) fn response_first(series: &[Series]) -> Vec<Series> {
    let mut ordered = series.to_vec();
    ordered.sort_by_key(|series| series.info().tail.is_none());
    ordered
}
