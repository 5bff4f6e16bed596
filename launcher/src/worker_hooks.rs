//! What is mended in `multiprocessing`, and in its copy `multiprocess`, so that workers start and end right.

use std::sync::Arc;

use crate::py::{RegisteredHook, import, is_served_by_archive};

/// The module of ours that mends, which every standard library archive holds.
const SUPPORT: &str = "_coldframe_workers";

/// Modules, and the functions of [`SUPPORT`] that mend them when they have been imported.
const MENDED: &[(&str, &str)] = &[
    ("multiprocessing.process", "mend_process"),
    ("multiprocessing.pool", "mend_pool"),
    ("multiprocessing.util", "mend_util"),
    ("multiprocess.process", "mend_process"),
    ("multiprocess.util", "mend_util"),
    ("multiprocess.pool", "mend_pool"),
    ("multiprocess.spawn", "mend_multiprocess"),
];

/// The hooks that mend; as with the start method, what another finder serves is left alone.
pub(crate) fn hooks() -> impl Iterator<Item = RegisteredHook> {
    MENDED.iter().map(|&(module, function)| RegisteredHook {
        module: module.into(),
        label: format!("{SUPPORT}.{function}"),
        run: Arc::new(move |py, module| {
            if is_served_by_archive(py, module)? {
                import(py, SUPPORT)?.call_method(py, function, &[module])?;
            }
            Ok(())
        }),
    })
}
