//! Patches of `multiprocessing`, and of its copy `multiprocess`, so that workers start and end right.

use std::sync::Arc;

use crate::py::{RegisteredHook, import, is_served_by_archive};

/// Our module with the patches, which every standard library archive holds.
const SUPPORT: &str = "_coldframe_workers";

/// Modules, and the functions of [`SUPPORT`] that patch them when they have been imported.
const MENDED: &[(&str, &str)] = &[
    ("multiprocessing.process", "patch_process"),
    ("multiprocessing.pool", "patch_pool"),
    ("multiprocessing.util", "patch_util"),
    ("multiprocess.process", "patch_process"),
    ("multiprocess.util", "patch_util"),
    ("multiprocess.pool", "patch_pool"),
    ("multiprocess.spawn", "patch_multiprocess"),
];

/// The hooks with the patches; as with the start method, modules that another finder serves are left alone.
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
