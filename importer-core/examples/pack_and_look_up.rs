//! Packs a module into an archive file, opens that and looks the module up.
//!
//! `cargo run -p coldframe-importer-core --example pack_and_look_up`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::fs::File;

use importer_core::{Archive, ModuleEntry, Stack, Target, Writer};

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", shown()?);
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
    writer.add_module(ModuleEntry {
        name: "spam".to_owned(),
        path: "spam.py".to_owned(),
        source: Some(b"print('spam')\n".to_vec()),
        ..ModuleEntry::default()
    })?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("spam.coldframe");
    writer.finish(&mut File::create(&path)?)?;

    let stack = Stack::new(vec![Archive::open(&path)?]);
    let mut shown = String::new();
    for name in ["spam", "ham"] {
        shown += &match stack.module(name)? {
            Some((_, module)) => {
                let length = module.source()?.map_or(0, |source| source.len());
                format!("{name}: {} bytes of source in {}\n", length, module.path())
            }
            None => format!("{name}: not in the archive\n"),
        };
    }
    Ok(shown)
}

#[test]
fn one_module_is_found_and_the_other_is_not() {
    let shown = shown().expect("the archive is whole");
    assert_eq!(shown, "spam: 14 bytes of source in spam.py\nham: not in the archive\n");
}
