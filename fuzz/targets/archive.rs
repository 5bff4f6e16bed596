//! Archives with forged checksums: opening one, and everything that can be looked up in it.

#![no_main]

use std::path::Path;

use importer_core::{Archive, Error, Optimization, Stack};
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: fuzz::seed([fuzz::written(fuzz::sample())]),
    |bytes: &[u8]| {
        if let Ok(archive) = Archive::from_bytes(bytes.to_vec(), Path::new("fuzzed")) {
            let _ = archive.check();
            let _ = look_up(&archive);
            let _ = stack(archive);
        }
    }
);

fn look_up(archive: &Archive) -> Result<(), Error> {
    let _ = archive.check_target(archive.target());
    for name in ["spam", "space", "space.eggs", "_ext", "", "absent", "spam.__init__"] {
        let _ = archive.module(name);
        let _ = archive.directory(name);
        let _ = archive.distribution(name);
        let _ = archive.attribute(name);
    }
    let _ = archive.file("spam/data.txt");
    for module in archive.modules() {
        let module = module?;
        for level in [Optimization::Zero, Optimization::One, Optimization::Two] {
            let _ = module.code(level);
        }
        let _ = (module.source(), module.extension(), module.has_main_guard());
        if let Ok(Some(library)) = module.library() {
            let _ = library.copy_to(&mut std::io::sink());
            let _ = library.contents();
        }
    }
    for file in archive.files() {
        let file = file?;
        let _ = (file.len(), file.stored_len(), file.contents());
        let _ = archive.directory(importer_core::folder_of(file.path()).unwrap_or_default());
    }
    for folder in ["", "spam", "space", "spam-1.0.dist-info"] {
        let Some(directory) = archive.directory(folder)? else { continue };
        let _ = directory.entries().count() + directory.modules().count();
    }
    let _ = archive.distributions().count() + archive.attributes().count();
    Ok(())
}

/// The answers of several archives together.
fn stack(archive: Archive) -> Result<(), Error> {
    let sample = Archive::from_bytes(fuzz::written(fuzz::sample()), Path::new("sample"))?;
    let stack = Stack::new(vec![archive, sample]);
    for name in ["spam", "space", "space.eggs"] {
        let _ = (stack.module(name), stack.portions(name), stack.directory_modules(name));
    }
    let _ = (stack.directory(""), stack.distributions(), stack.attribute("configuration"));
    Ok(())
}
