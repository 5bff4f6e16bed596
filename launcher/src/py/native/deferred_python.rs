//! Python's own library on Windows, out of the archive: one file is a whole application there too.
//!
//! Windows links a program with its libraries before any code of it runs, so the packer takes Python's library out of what
//! the program asks for (`packer/src/pe.rs`): its entry in the table of imports then stands behind the one that ends the table. Here
//! the library is loaded from the cache by its whole path, and the program is linked with it.

use std::ffi::{CStr, OsStr, c_char, c_void};
use std::ptr;

use importer_core::Stack;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Memory::{PAGE_READWRITE, VirtualProtect};

use manifest::{SYSTEM_FOLDER, defers_python};

use crate::error::Error;
use crate::file_access::FileAccess;
use crate::libraries;
use crate::py::native::windows_library::{open, wide};

/// One entry of the table (`IMAGE_IMPORT_DESCRIPTOR`).
#[repr(C)]
#[derive(Clone, Copy)]
struct Descriptor {
    names: u32,
    time: u32,
    forwarders: u32,
    library: u32,
    addresses: u32,
}

/// Where the table of imports stands among the directories of a program of 64 bits, from its headers on.
const IMPORTS: usize = 24 + 112 + 8;
/// Where the place of those headers stands.
const HEADERS: usize = 0x3c;

/// Loads Python's library and links this program with it, if the packer has left that to us.
pub(in crate::py) fn link(archives: &Stack, files: &FileAccess) -> Result<(), Error> {
    if !defers_python() {
        return Ok(());
    }
    // SAFETY: no name: the handle is the address of this program, whose headers and tables Windows has read, and which the packer
    // has checked before it set the mark; each is in memory for as long as the process lives.
    let (base, descriptor) = unsafe {
        let base = GetModuleHandleW(ptr::null()).cast::<u8>();
        let headers = base.add(base.add(HEADERS).cast::<u32>().read_unaligned() as usize);
        let table = headers.add(IMPORTS).cast::<u32>().read_unaligned() as usize;
        let mut entry = base.add(table).cast::<Descriptor>();
        while entry.read_unaligned().library != 0 {
            entry = entry.add(1);
        }
        (base, entry.add(1).read_unaligned())
    };
    // SAFETY: as above; the name ends in a zero.
    let name = unsafe { CStr::from_ptr(base.add(descriptor.library as usize).cast::<c_char>()) };
    let name = name.to_string_lossy().to_ascii_lowercase();
    let path = format!("{SYSTEM_FOLDER}/{name}");
    for library in libraries::needed(archives, &path)?.into_iter().flatten() {
        load(files, &library)?;
    }
    let library = archives.file(&path)?;
    let library = library.ok_or_else(|| Error::start(format!("the archive lacks `{path}`")))?;
    load(files, &library)?;
    // SAFETY: a wide string that ends in a zero; the library was loaded just now.
    let handle = unsafe { GetModuleHandleW(wide(OsStr::new(&name)).as_ptr()) };
    let mut at = 0;
    loop {
        // SAFETY: as above: both tables are of one length, and the one with names ends in a zero.
        let (wanted, place) = unsafe {
            let names = base.add(descriptor.names as usize).cast::<u64>();
            let addresses = base.add(descriptor.addresses as usize).cast::<*const c_void>();
            (names.add(at).read_unaligned(), addresses.add(at))
        };
        if wanted == 0 {
            return Ok(());
        }
        // SAFETY: as above: behind a hint of two bytes stands a name that ends in a zero. (A symbol that is asked for by a number has the
        // highest bit, and pyo3 asks for nothing so.)
        let symbol = unsafe { base.add(wanted as usize & 0x7fff_ffff).add(2).cast::<c_char>() };
        // SAFETY: a handle of a library, and a C string.
        let address = unsafe { GetProcAddress(handle, symbol.cast()) };
        let Some(address) = address else {
            // SAFETY: as above.
            let symbol = unsafe { CStr::from_ptr(symbol) }.to_string_lossy().into_owned();
            return Err(Error::start(format!("`{name}` in the archive has no `{symbol}`")));
        };
        let mut before = 0;
        let length = size_of::<*const c_void>();
        // SAFETY: the place is in the program's own table of addresses, which nobody reads before this function returns: all that
        // calls Python comes after it.
        unsafe {
            VirtualProtect(place.cast(), length, PAGE_READWRITE, &raw mut before);
            place.cast_mut().write_unaligned(address as *const c_void);
            VirtualProtect(place.cast(), length, before, &raw mut before);
        }
        at += 1;
    }
}

/// Loads a library of the archive from the cache, by its whole path.
fn load(files: &FileAccess, library: &importer_core::File<'_>) -> Result<(), Error> {
    let contents = library.contents()?;
    let (path, held) = files.library(library.path(), library.id(), &contents)?;
    held.keep();
    open(path.as_os_str())
        .map_err(|error| Error::start(format!("cannot load `{}`: {error}", path.display())))
}
