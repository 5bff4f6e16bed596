//! The owners of packed modules.

/// The owner of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    Application,
    /// The standard library, or one of the launcher's own modules.
    Standard,
    /// The distribution of that number.
    Distribution(usize),
}
