//! The command's process is there for its Python, so it replaces the functions that `launcher::program!()` says.
#![cfg(target_os = "linux")]

use object::{Object as _, ObjectSymbol as _};

use crate::support::{COLDFRAME, minor};

#[test]
fn the_command_asks_for_its_process() {
    let bytes = std::fs::read(COLDFRAME).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let defined: Vec<&str> = file
        .symbols()
        .chain(file.dynamic_symbols())
        .filter(|symbol| !symbol.is_undefined())
        .filter_map(|symbol| symbol.name().ok())
        .collect();
    let ends_threads = cfg!(target_env = "gnu") && minor() < 14;
    assert_eq!(defined.contains(&"pthread_exit"), ends_threads);
    assert!(defined.iter().any(|name| name.contains("program5begin")));
}
