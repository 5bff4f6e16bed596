//! Names the systems on which libraries are mapped from the archive, and on which they are copied into memory.

use std::env;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(maps_libraries)");
    println!("cargo::rustc-check-cfg=cfg(copies_libraries)");
    let target = |part: &str| env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    let system = target("OS");
    if ["linux", "android"].contains(&system.as_str()) {
        println!("cargo:rustc-cfg=copies_libraries");
    }
    if [system, target("ENV"), target("ARCH")] == ["linux", "gnu", "x86_64"] {
        println!("cargo:rustc-cfg=maps_libraries");
    }
}
