//! Makes `coldframe` find a shared libpython when it runs: cargo hands the linker arguments of the launcher's own build
//! script to the launcher's programs only.

use std::env;

fn main() {
    // Told by the launcher's build script; there is none when Python is linked in statically, or on Windows.
    let Ok(folder) = env::var("DEP_COLDFRAME_LIBPYTHON_FOLDER") else { return };
    // A copy of `coldframe` may carry libpython beside itself, so its own folder comes first.
    let origin = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => "@loader_path",
        _ => "$ORIGIN",
    };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{origin}");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
}
