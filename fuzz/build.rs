//! Makes the targets find a shared libpython, which the launcher's library is linked to (see `examples/embed/build.rs`).

fn main() {
    if let Ok(folder) = std::env::var("DEP_COLDFRAME_LIBPYTHON_FOLDER") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
