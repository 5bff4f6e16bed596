//! Makes an entry of a cache folder, which is made once, however often it is asked for.
//!
//! `cargo run -p coldframe-cache --example make_once`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use cache::{folder_once, locate, private_folder, verified_file};

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", shown()?);
    Ok(())
}

fn shown() -> Result<String, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let named = folder.path().join("cache");
    let cache = locate(Some(&named), None).ok_or("the folder is named")?;
    let entry = private_folder(&cache, "greetings-v1")?.join("english");
    let mut n_made = 0;
    for _ in 0..3 {
        // The lock tells `coldframe cache clean` that the entry is in use.
        let _locked = folder_once(&entry, |new| {
            n_made += 1;
            verified_file(&new.join("hello"), b"Hello!")
        })?;
    }
    let text = std::fs::read_to_string(entry.join("hello"))?;
    Ok(format!("{text} (asked for 3 times, made {n_made} time)\n"))
}

#[test]
fn the_entry_is_made_once() {
    let shown = shown().expect("the folder can be written");
    assert_eq!(shown, "Hello! (asked for 3 times, made 1 time)\n");
}
