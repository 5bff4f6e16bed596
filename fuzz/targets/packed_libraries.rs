//! Shared libraries, as the packer reads and changes them: their needs, their symbols and versions, and their sections.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: fuzz::seed(fuzz::libraries()),
    |bytes: &[u8]| packer::fuzzing::library(bytes)
);
