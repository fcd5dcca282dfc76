//! Where an alert may go: pure.
//!
//! Forward is any later state. Both ends may change into each other and be reopened. Closing needs a resolution.

use api::alerts::{AlertStatus, Resolution};
use kernel::{Error, Result};

/// Whether an alert in this state is still worked on.
pub fn is_open(s: AlertStatus) -> bool {
    !matches!(s, AlertStatus::Resolved | AlertStatus::FalsePositive)
}

/// Whether the change is allowed, with the resolution that the alert would have then. `None` on an open alert:
/// reopening clears it.
pub fn go(from: AlertStatus, to: AlertStatus, resolution: Option<Resolution>) -> Result<Option<Resolution>> {
    let refuse = || Err(Error::field("status", format!("an alert that is {from} can't become {to}")));
    match (is_open(from), is_open(to)) {
        (true, true) if to < from => refuse(),
        (_, true) => Ok(None),
        (_, false) => closing(to, resolution).map(Some),
    }
}

fn closing(to: AlertStatus, resolution: Option<Resolution>) -> Result<Resolution> {
    match (to, resolution) {
        (AlertStatus::FalsePositive, None | Some(Resolution::FalsePositive)) => Ok(Resolution::FalsePositive),
        (AlertStatus::FalsePositive, Some(_)) => {
            Err(Error::field("resolution", "a false positive closes with resolution false_positive"))
        }
        (_, Some(r)) => Ok(r),
        (_, None) => Err(Error::field("resolution", "closing needs a resolution")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AlertStatus::*;

    #[test]
    fn forward_reopen_and_nothing_else() {
        for (i, from) in AlertStatus::ALL.iter().enumerate() {
            for (j, to) in AlertStatus::ALL.iter().enumerate() {
                let ok = go(*from, *to, Some(Resolution::FalsePositive)).is_ok();
                let backward_inside = is_open(*from) && is_open(*to) && j < i;
                assert_eq!(ok, !backward_inside, "{from} -> {to}");
            }
        }
        assert_eq!(go(Resolved, New, None).unwrap(), None);
        assert!(go(New, Resolved, None).is_err());
        assert_eq!(go(New, FalsePositive, None).unwrap(), Some(Resolution::FalsePositive));
        assert!(go(New, FalsePositive, Some(Resolution::Benign)).is_err());
    }
}
