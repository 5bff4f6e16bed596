//! A C compiler and linker for most systems, which a wheel carries.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::Context as _;

use super::Platform;
use super::tools::Tools;

/// The variables by which cargo and the crate `cc` use it; `target` is the system as it names it.
pub(super) fn variables(
    tools: &Tools<'_>,
    triple: &str,
    target: &str,
) -> anyhow::Result<Vec<(String, OsString)>> {
    let folder = tools.once("zig", |folder| {
        let unpacked = tools.wheel(folder, "ziglang", &[])?;
        let program = unpacked.join("ziglang/zig");
        // In a wheel, nothing says that it may be started.
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("could not permit `{}`", program.display()))
    })?;
    let wrapper = tools.workspace.root.join("lab/platforms/zig-cc").into_os_string();
    let plain = triple.replace('-', "_");
    Ok(vec![
        ("COLDFRAME_ZIG".to_owned(), folder.join("ziglang/ziglang/zig").into_os_string()),
        ("COLDFRAME_ZIG_TARGET".to_owned(), target.into()),
        ("ZIG_GLOBAL_CACHE_DIR".to_owned(), folder.join("cache").into_os_string()),
        (Platform::cargo_variable(triple, "LINKER"), wrapper.clone()),
        (format!("CC_{plain}"), wrapper),
        (format!("AR_{plain}"), "/usr/bin/ar".into()),
    ])
}
