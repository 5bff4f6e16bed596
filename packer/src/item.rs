//! A file on its way into the archive.

use std::borrow::Cow;
use std::rc::Rc;

use super::report::Origin;
use super::tree::Entry;

/// A file that is to be packed.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) origin: Origin,
    pub(super) entry: Entry,
    /// The group whose compiled modules are kept together.
    pub(super) group: Option<Rc<str>>,
    /// Its contents, if they are not on disk.
    pub(super) contents: Option<Cow<'static, [u8]>>,
}
