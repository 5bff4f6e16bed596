//! Writes the settings of an application into an archive, as the packer does, and reads them, as the launcher does.
//!
//! `cargo run -p coldframe-manifest --example attributes`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;

use importer_core::{Archive, Target, Writer};
use interp_config::{RunTarget, Settings};
use manifest::VERSION;

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", shown()?);
    Ok(())
}

fn shown() -> Result<String, Box<dyn Error>> {
    let mut settings = Settings::default();
    settings.interpreter.run = RunTarget::Module("spam".to_owned());
    let mut writer = Writer::new(Target {
        implementation: "cpython".to_owned(),
        version: (3, 12),
        bytecode_magic: 3531,
        free_threaded: false,
        optimization: 0,
    });
    for (name, value) in
        [manifest::version().entry(&VERSION), manifest::configuration_entry(&settings)]
    {
        writer.set_attribute(&name, value)?;
    }
    let mut bytes = Vec::new();
    writer.finish(&mut bytes)?;

    let archive = Archive::from_bytes(bytes, Path::new("spam.coldframe"))?;
    manifest::check_version(&archive)?;
    let read = manifest::configuration(&archive)?.ok_or("it was packed")?;
    Ok(format!("version {VERSION}\n{}", read.to_toml()))
}

#[test]
fn the_settings_come_back() {
    let shown = shown().expect("the archive is whole");
    assert!(shown.starts_with("version 1\n"), "{shown}");
    assert!(shown.contains("run = { module = \"spam\" }"), "{shown}");
}
