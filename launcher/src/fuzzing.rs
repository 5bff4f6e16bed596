//! The readers of bytes that anybody may write, for the fuzz targets and the tests of these readers alone.

pub use crate::literal::{Arguments, Literal, parse_arguments};
pub use crate::worker::{Action, Role, parse};
