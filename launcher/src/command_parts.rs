//! The parts of the launcher that the `coldframe` command uses, and no other program: they change with it.

pub use crate::as_python::{
    PYTHON_VARIABLE, configuration as python_configuration, is_called as is_python_called,
    is_started_by_this,
};
pub use crate::interpreter::Children;
pub use crate::py::{builtin_modules, map_archive};
pub use crate::runtime::{application, configuration, report, start_log};
pub use crate::support_modules::{STUB, SUPPORT_MODULES, SupportSource};
pub use crate::surroundings::variable;
