//! The needs of a PE file, which is an extension module or library for Windows.

use object::LittleEndian as LE;
use object::Object as _;
use object::read::NameOrOrdinal;
use object::read::pe::PeFile64;

use crate::linking::Linking;

/// The names in the import table of a PE file. Windows looks for them in the file's own folder first, as it is opened here.
pub(super) fn linking(file: &PeFile64<'_>) -> Option<Linking> {
    let mut needed = Vec::new();
    if let Some(table) = file.import_table().ok()? {
        let mut descriptors = table.descriptors().ok()?;
        while let Some(descriptor) = descriptors.next().ok()? {
            let name = table.name(descriptor.name.get(LE)).ok()?;
            needed.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    if let Some(table) = file.delay_load_import_table().ok().flatten() {
        // A library that is loaded at its first call is found in the process just as well.
        let mut descriptors = table.descriptors().ok()?;
        while let Ok(Some(descriptor)) = descriptors.next() {
            let name = table.name(descriptor.dll_name_rva.get(LE)).ok()?;
            needed.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    // Every program that Coldframe makes has Python in the process already; a second one would be another Python.
    needed.retain(|name| !is_python_dll(name));
    let is_importable =
        file.exports().ok()?.any(|export| matches!(export.map(object::Export::into_name), Ok(NameOrOrdinal::Name(name)) if name.starts_with(b"PyInit")));
    Some(Linking { soname: None, needed, search: vec!["$ORIGIN".to_owned()], is_importable })
}

/// Whether a library is Python itself: `python313.dll`, but not `python3.dll`, which only leads to it.
pub(super) fn is_python_dll(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let version = name.strip_prefix("python3").and_then(|rest| rest.strip_suffix(".dll"));
    version.is_some_and(|version| {
        let digits = version.strip_suffix("_d").unwrap_or(version).trim_end_matches('t');
        !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// How many bytes an entry of the table of imports has.
const ENTRY: usize = 20;

/// Takes Python's library out of what a program for Windows asks for, if `is_packed` says that its archive has it: the entry
/// goes behind the one that ends the table, where the program itself finds it (`py/deferred_python.rs`). Says whether that was done.
pub(super) fn defer_python(program: &mut [u8], is_packed: impl Fn(&str) -> bool) -> bool {
    let Some((start, end, at)) = python_entry(program, is_packed) else { return false };
    let (Some(from), Some(last)) = (start.checked_add(at * ENTRY), end.checked_add(ENTRY)) else {
        return false;
    };
    let Some(part) = program.get_mut(from..last) else { return false };
    part.rotate_left(ENTRY);
    true
}

/// Where the table of imports begins in the file, where the entry that ends it begins, and which entry is Python's.
fn python_entry(program: &[u8], is_packed: impl Fn(&str) -> bool) -> Option<(usize, usize, usize)> {
    let file = PeFile64::parse(program).ok()?;
    let directory = file.data_directories().get(object::pe::IMAGE_DIRECTORY_ENTRY_IMPORT)?;
    let (address, _) = directory.address_range();
    let (start, _) = file.section_table().pe_file_range_at(address)?;
    let table = file.import_table().ok()??;
    let mut descriptors = table.descriptors().ok()?;
    let (mut count, mut found) = (0, None);
    while let Some(descriptor) = descriptors.next().ok()? {
        let name = table.name(descriptor.name.get(LE)).ok()?;
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        // Without the table of names nothing is left of them when the program runs.
        let has_names = descriptor.original_first_thunk.get(LE) != 0;
        if is_python_dll(&name) && has_names && is_packed(&name) {
            found = Some(count);
        }
        count += 1;
    }
    let start = usize::try_from(start).ok()?;
    Some((start, start.checked_add(count * ENTRY)?, found?))
}

#[cfg(test)]
mod tests {
    use super::is_python_dll;

    #[test]
    fn python_itself_is_known_by_its_name() {
        for (name, expected) in [
            ("python313.dll", true),
            ("PYTHON39.DLL", true),
            ("python314t.dll", true),
            ("python313_d.dll", true),
            ("python3.dll", false),
            ("python3t.dll", false),
            ("pythoncom313.dll", false),
            ("libpython3.12.so", false),
        ] {
            assert_eq!(is_python_dll(name), expected, "{name}");
        }
    }
}
