//! Executables, with an archive behind them and without: their trailers, their headers, and whether an archive that
//! is written behind any file is found there again.

#![no_main]

use std::path::Path;

use importer_core::{Archive, ErrorKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: fuzz::seed(seeds()),
    |bytes: &[u8]| {
        let name = Path::new("fuzzed");
        // Bytes that begin as an archive are one, and nothing is put behind the remains of one.
        let has_none = match Archive::from_bytes(bytes.to_vec(), name) {
            Err(error) => error.kind() == ErrorKind::NotAnArchive,
            Ok(_) => !bytes.starts_with(fuzz::MAGIC),
        };
        if has_none && let Some(written) = fuzz::written_behind(bytes)
        {
            let found = Archive::from_bytes(written, name).expect("an archive behind a file");
            assert!(found.module("spam").expect("a sound archive").is_some());
        }
    }
);

fn seeds() -> Vec<Vec<u8>> {
    let elf = fuzz::small_elf();
    let with_archive = fuzz::written_behind(&elf).expect("a small executable");
    let script = fuzz::written_behind(b"#!/bin/sh\n").expect("a file");
    let mut stripped = with_archive.clone();
    stripped.truncate(stripped.len() - 32);
    vec![elf, with_archive, script, stripped]
}
