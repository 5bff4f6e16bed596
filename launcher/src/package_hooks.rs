//! What packages that know loaders by their types are told of ours.

use std::sync::Arc;

use crate::py::{RegisteredHook, import};

/// The module that is told, by the function `register` of the module of ours that every standard library archive holds.
const TOLD: &str = "pkg_resources";
const SUPPORT: &str = "_coldframe_pkg_resources";

/// The hook that tells it; wherever it comes from itself, it may be asked for what the archive holds.
pub(crate) fn hook() -> RegisteredHook {
    RegisteredHook {
        module: TOLD.into(),
        label: format!("{SUPPORT}.register"),
        run: Arc::new(|py, module| {
            import(py, SUPPORT)?.call_method(py, "register", &[module])?;
            Ok(())
        }),
    }
}
