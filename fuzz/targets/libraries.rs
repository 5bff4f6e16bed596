//! Shared libraries, whose layout is found when an archive is built: it fits the library, and is read as it was written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mapped_libraries::{LibraryLayout, layout_of, need_by_path};

fuzz_target!(
    init: fuzz::seed(fuzz::libraries()),
    |bytes: &[u8]| {
        if let Some(layout) = layout_of(bytes) {
            let length = bytes.len() as u64;
            assert_eq!(layout.length, length);
            assert!(layout.entry_offset(length).is_some_and(|entry| entry < length));
            assert_eq!(layout.to_string().parse::<LibraryLayout>().as_ref(), Ok(&layout));
        }
        let mut changed = bytes.to_vec();
        need_by_path(&mut changed, "libm.so.6", "/p/7");
        need_by_path(&mut changed, "libm.so.6", "/a/longer/path");
    }
);
