//! Layouts of libraries, as an archive has them: one that fits a library names no byte outside of it.

#![no_main]

use mapped_libraries::LibraryLayout;
use libfuzzer_sys::fuzz_target;

const TEXT: &str = "\
length 5123
data 4df0 5010
tables 0 440
constants 0 0 1000
code 1000 1000 2000
word 4e10 1000
entry 1000
init 1010
init-array 4df0 4e00
";

fuzz_target!(
    init: fuzz::seed_texts(&[TEXT]),
    |text: &str| {
        let Ok(layout) = text.parse::<LibraryLayout>() else { return };
        for length in [0, 0x5123, layout.length] {
            let Some(entry) = layout.entry_offset(length) else { continue };
            assert_eq!(layout.to_string().parse().as_ref(), Ok(&layout));
            assert!(entry < length && layout.length == length);
            for range in layout.copied() {
                assert!(range.start <= range.end && range.end <= length);
            }
            for word in &layout.words {
                assert!(word.offset.checked_add(8).is_some_and(|end| end <= length));
            }
            for pages in &layout.mapped {
                let end = pages.offset.checked_add(pages.length);
                assert!(end.is_some_and(|end| end <= length.next_multiple_of(0x1000)));
            }
        }
    }
);
