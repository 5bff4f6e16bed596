//! The doors of the packer for fuzz targets: there is no such module in any other build (`cfg(fuzzing)`).

use crate::elf::dynamic::{defined_symbols, make_portable, required_symbols, search_beside_only};
use crate::elf::lower::{GlibcFloor, lower};
use crate::elf::strip::strip;
use crate::elf::symbol_versions::system_needs;
use crate::glibc::GlibcVersion;
use crate::linking::Linking;

/// Gives bytes to all that reads and changes shared libraries when an archive is built, and looks at the outcome.
///
/// # Panics
///
/// If something is not as the packer promises.
pub fn library(contents: &[u8]) {
    let linking = Linking::read(contents);
    let needs = system_needs(contents);
    let (required, defined) = (required_symbols(contents), defined_symbols(contents));

    let mut stripped = contents.to_vec();
    strip(&mut stripped);
    assert!(stripped.len() <= contents.len(), "a stripped library is no longer than before");
    let again = stripped.clone();
    strip(&mut stripped);
    assert_eq!(stripped, again, "a stripped library has nothing more to strip");

    let floor = GlibcFloor::of_launcher(GlibcVersion::new(2, 17), contents);
    let changes: [&dyn Fn(&mut [u8]); 4] = [
        &|library| lower(library, &floor),
        &|library| make_portable(library, |_| false),
        &|library| search_beside_only(library),
        &|library| {
            crate::pe::defer_python(library, |_| true);
        },
    ];
    for change in changes {
        let mut changed = contents.to_vec();
        change(&mut changed);
        if changed == contents {
            assert_eq!(Linking::read(&changed), linking);
            assert_eq!(system_needs(&changed), needs);
            assert_eq!(required_symbols(&changed), required);
            assert_eq!(defined_symbols(&changed), defined);
        } else {
            // Readers meet the changed library as well.
            let _linking = Linking::read(&changed);
            let _needs = system_needs(&changed);
        }
    }
}
