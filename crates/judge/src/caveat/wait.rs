//! Answers that waited in the generator's own queue, by the kernel's receive stamps.

use wsbench_load::series::Series;
use wsbench_record::document::{Distribution, Percentile, Record, Support};

/// A median wait above this share of the median service time is spoken of in the audit.
const WAIT_SHARE: f64 = 0.20;

/// True if kernel stamps told the parts of the service time apart.
pub(super) fn is_divided(record: &Record) -> bool {
    let mut parts = Series::Service.parts();
    parts.all(|part| record.known(part).is_some())
}

/// Median wait and median service time, ns, where the first is worth a word beside the second.
pub(super) fn notable_wait(record: &Record) -> Option<(f64, f64)> {
    if !is_divided(record) {
        return None;
    }
    let (service, wait) = (record.at(Series::Service), waits(record)?);
    let is_known = wait.support(Percentile::P50) != Support::Unknown
        && service.support(Percentile::P50) != Support::Unknown;
    let (wait, service) = (wait.p50? as f64, service.p50? as f64);
    (is_known && wait > WAIT_SHARE * service).then_some((wait, service))
}

/// How long answers waited in our queue, where stamps have told it.
pub(super) fn waits(record: &Record) -> Option<&Distribution> {
    record.known(Series::ReceiveWait)
}

/// The longest that an answer waited in our queue, and the longest that one was out, ns.
pub(super) fn longest(record: &Record) -> Option<(f64, f64)> {
    let outside = record.known(Series::Outside)?.max?;
    let wait = waits(record)?.max?;
    Some((wait as f64, outside as f64))
}
