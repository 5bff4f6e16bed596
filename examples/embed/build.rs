//! Makes the program find a shared libpython when it runs: Cargo hands the linker arguments of the launcher's own
//! build script to the launcher's programs only, so every program that embeds Python says this itself.

fn main() {
    // Told by the launcher's build script; there is none when Python is linked in statically, or on Windows.
    if let Ok(folder) = std::env::var("DEP_COLDFRAME_LIBPYTHON_FOLDER") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
