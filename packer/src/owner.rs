//! Whose the modules are that are packed.

/// Whose a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    Application,
    /// The standard library, or one of the launcher's own modules.
    Standard,
    /// The distribution of that number.
    Distribution(usize),
}
