//! Gives a shared library in an archive a path, by which the dynamic linker could open it.
//!
//! `cargo run -p coldframe-mapped-libraries --example library_in_memory`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;

use importer_core::{Archive, Target, Writer};
use mapped_libraries::open_copied;

/// No linker opens it here, so that any bytes will do.
const CONTENTS: &[u8] = b"\x7fELF and so on";

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", shown()?);
    Ok(())
}

fn shown() -> Result<String, Box<dyn Error>> {
    let mut writer = Writer::new(Target {
        implementation: "cpython".to_owned(),
        version: (3, 12),
        bytecode_magic: 3531,
        free_threaded: false,
        optimization: 0,
    });
    writer.add_library("spam.libs/libspam.so", CONTENTS.to_vec())?;
    let mut bytes = Vec::new();
    writer.finish(&mut bytes)?;

    let archive = Archive::from_bytes(bytes, Path::new("spam.coldframe"))?;
    let file = archive.file("spam.libs/libspam.so")?.ok_or("it was packed")?;
    let library = file.library()?;
    Ok(match open_copied("libspam.so", &library, false) {
        // The path is good for as long as `opened` lives.
        Ok(opened) => {
            format!("a library of {} bytes has a path", std::fs::read(opened.path())?.len())
        }
        Err(error) => format!("not here: {error}"),
    })
}

#[test]
fn the_library_has_a_path_where_the_system_can() {
    let shown = shown().expect("the archive is whole");
    if cfg!(any(target_os = "linux", target_os = "android")) {
        assert_eq!(shown, format!("a library of {} bytes has a path", CONTENTS.len()));
    } else {
        assert_eq!(shown, "not here: this system opens libraries on disk only");
    }
}
