//! Patches of modules that ask importlib, or that know loaders by their types, so that they know our archives.

use std::sync::Arc;

use crate::py::{Exception, Object, RegisteredHook, Token, import, is_in_archives};

/// Modules, and the functions of our support modules that patch them when they have been imported.
const MENDED: &[(&str, &str, &str)] = &[
    ("linecache", "_coldframe_importlib", "patch_linecache"),
    ("importlib._common", "_coldframe_importlib", "patch_common"),
    ("importlib.resources._common", "_coldframe_importlib", "patch_common"),
    ("importlib.readers", "_coldframe_importlib", "patch_readers"),
    ("importlib_resources._common", "_coldframe_importlib", "patch_common"),
    ("importlib_resources.readers", "_coldframe_importlib", "patch_readers"),
    ("pkg_resources", "_coldframe_pkg_resources", "patch_pkg_resources"),
    ("_posixsubprocess", "_coldframe_files", "patch_posixsubprocess"),
    ("_winapi", "_coldframe_files", "patch_winapi"),
    ("_sqlite3", "_coldframe_files", "patch_sqlite"),
    ("ssl", "_coldframe_files", "patch_ssl"),
    ("PIL._imagingft", "_coldframe_files", "patch_openers"),
    ("cv2", "_coldframe_files", "patch_openers"),
    ("lxml.etree", "_coldframe_files", "patch_openers"),
    ("_ctypes", "_coldframe_libraries", "patch_ctypes"),
    ("ctypes.util", "_coldframe_libraries", "patch_ctypes_util"),
    ("_cffi_backend", "_coldframe_libraries", "patch_cffi"),
    ("_tkinter", "_coldframe_libraries", "patch_tkinter"),
    ("_ssl", "_coldframe_libraries", "find_certificates"),
];

/// The abstract classes that the finder is one of, as far as this Python has them.
const CLASSES: &[&str] =
    &["MetaPathFinder", "PathEntryFinder", "ExecutionLoader", "ResourceLoader"];

/// The hooks with the patches, whichever finder serves the modules: all of them meet ours.
pub(crate) fn hooks() -> impl Iterator<Item = RegisteredHook> {
    let mending = MENDED.iter().map(|&(module, support, function)| RegisteredHook {
        module: module.into(),
        label: format!("{support}.{function}"),
        run: Arc::new(move |py, module| {
            if is_in_archives(py, support)? {
                import(py, support)?.call_method(py, function, &[module])?;
            }
            Ok(())
        }),
    });
    let registering = RegisteredHook {
        module: "importlib.abc".into(),
        label: "the finder's abstract classes".into(),
        run: Arc::new(register),
    };
    mending.chain([registering])
}

/// `isinstance(finder, importlib.abc.MetaPathFinder)` and so on, as for importlib's own.
fn register(py: Token<'_>, abc: &Object) -> Result<(), Exception> {
    let finder_type = import(py, "_coldframe")?.attribute(py, "Finder")?;
    for class in CLASSES {
        if let Some(class) = abc.attribute_or_none(py, class)? {
            class.call_method(py, "register", &[&finder_type])?;
        }
    }
    Ok(())
}
