//! Libraries whose code and constants are the archive's own pages.
//!
//! The dynamic linker opens a file in memory that has holes for them, maps it, links it, and calls its initialiser
//! (`DT_INIT`). This function is a few instructions of ours, at a place where code of the library will be. They call
//! [`take_place`], which puts the archive's pages into their places, and then calls the library's own initialisers as
//! the linker would have. All this happens inside of `dlopen`, under the linker's own lock, and before any code of
//! the library can run: no other thread ever sees a library with holes.

#![expect(
    unsafe_code,
    reason = "pages are put where the dynamic linker has mapped others, and it calls code of ours (ARCHITECTURE.md, invariant 6)"
)]

use std::ffi::{OsString, c_char, c_int, c_void};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use importer_core::{CopyError, Library};
use rustix::mm::{MprotectFlags, MremapFlags, mprotect, mremap, mremap_fixed, munmap};

use crate::layout::{ENTRY_LENGTH, LibraryLayout, MappedPages, PAGE};
use crate::memory_file;

/// An initialiser, as the dynamic linker calls it (glibc, `elf/dl-init.c`).
type Initialiser = unsafe extern "C" fn(c_int, *const *const c_char, *const *const c_char);

/// A library that the dynamic linker can open. It must live until the linker has opened it or failed to.
#[derive(Debug)]
pub(crate) struct MappedLibrary {
    layout: LibraryLayout,
    /// The archive's pages, in the order of the layout.
    pages: Vec<Pages>,
    /// The file that the linker opens.
    file: File,
}

impl MappedLibrary {
    /// Prepares a library, and gives the path by which to open it.
    ///
    /// An error of writing means that the system refuses (the archive lies where nothing may be executed, or the kernel
    /// lacks something) or that the library is not laid out for it: then it can still be copied whole.
    pub(crate) fn new(
        label: &str,
        library: &Library<'_>,
        layout: LibraryLayout,
    ) -> Result<(Arc<Self>, OsString), CopyError> {
        let refused = |reason| CopyError::from(io::Error::new(io::ErrorKind::Unsupported, reason));
        let entry = layout.entry_offset(library.len());
        let entry = entry.ok_or_else(|| refused("the layout is another library's"))?;
        if !library.is_mapped() {
            return Err(refused("the archive is not mapped"));
        }
        let contents = library.contents()?;
        let pages = layout.mapped.iter().map(|pages| Pages::of(&contents, pages));
        let pages = pages.collect::<io::Result<_>>()?;
        let (file, path) = memory_file::empty(label, library.len())?;
        let prepared = Arc::new(Self { layout, pages, file });
        let Self { layout, file, .. } = &*prepared;
        for part in layout.copied() {
            let bytes = contents.get(number(part.start)..number(part.end));
            let bytes = bytes.ok_or_else(|| refused("the layout is another library's"))?;
            file.write_all_at(bytes, part.start)?;
        }
        for word in &layout.words {
            file.write_all_at(&word.value.to_le_bytes(), word.offset)?;
        }
        file.write_all_at(&calling_code(&prepared), entry)?;
        library.forget();
        Ok((prepared, path))
    }
}

/// Instructions (x86-64) that call [`take_place`], with the linker's three arguments, the library and their own address.
fn calling_code(library: &Arc<MappedLibrary>) -> Vec<u8> {
    let function: unsafe extern "C" fn(_, _, _, _, _) = take_place;
    let library = Arc::as_ptr(library).expose_provenance() as u64;
    let mut code = Vec::new();
    code.extend([0xf3, 0x0f, 0x1e, 0xfa]); // endbr64: it is called through a pointer
    code.extend([0x4c, 0x8d, 0x05, 0xf5, 0xff, 0xff, 0xff]); // lea r8, [rip - 11]
    code.extend([0x48, 0xb9]); // mov rcx, …
    code.extend(library.to_le_bytes());
    code.extend([0x48, 0xb8]); // mov rax, …
    code.extend((function as usize as u64).to_le_bytes());
    code.extend([0xff, 0xe0]); // jmp rax
    debug_assert!(code.len() as u64 <= ENTRY_LENGTH);
    code
}

/// Puts a library's pages into their places, and calls its initialisers.
///
/// # Safety
///
/// Only [`calling_code`] may call it, as an initialiser that the dynamic linker calls: then `library` lives, and is the
/// one that is loaded where `entry` says.
unsafe extern "C" fn take_place(
    n_arguments: c_int,
    arguments: *const *const c_char,
    environment: *const *const c_char,
    library: *const MappedLibrary,
    entry: *const c_void,
) {
    // SAFETY: the opener of the library keeps it until `dlopen` has returned, and this is called within.
    let MappedLibrary { layout, pages, file } = unsafe { &*library };
    let base = entry.wrapping_byte_sub(number(layout.entry)).cast_mut();
    for (pages, place) in pages.iter().zip(&layout.mapped) {
        // SAFETY: the linker has mapped the whole library, and at this place of it the same pages of the same library's
        // file, of which some are holes. No code of it has run yet, and nothing else refers to them.
        if let Err(error) = unsafe { pages.move_to(base.wrapping_byte_add(number(place.address))) }
        {
            // A library with holes can be neither used nor taken back.
            let _ = writeln!(io::stderr(), "error: cannot map a library from the archive: {error}");
            std::process::abort();
        }
    }
    memory_file::make_holes(file, &layout.tables);
    let call = |function: *const c_void| {
        // SAFETY: the address of an initialiser, as the dynamic section says it, in a library that is linked and whole now.
        let function: Initialiser = unsafe { std::mem::transmute(function) };
        // SAFETY: it gets the arguments that the linker gives to all initialisers.
        unsafe { function(n_arguments, arguments, environment) };
    };
    if let Some(init) = layout.init {
        call(base.wrapping_byte_add(number(init)));
    }
    for at in layout.init_array.clone().step_by(size_of::<*const c_void>()) {
        let at = base.wrapping_byte_add(number(at)).cast::<*const c_void>();
        // SAFETY: an element of the array that the dynamic section names, in data that the linker has relocated.
        call(unsafe { at.read() });
    }
}

/// Pages of the archive, mapped once more.
#[derive(Debug)]
struct Pages {
    start: *mut c_void,
    length: usize,
    /// Whether they have gone to where the dynamic linker unmaps them.
    has_moved: AtomicBool,
}

// SAFETY: the address of a mapping of the process; nothing about it belongs to a thread.
unsafe impl Send for Pages {}
// SAFETY: as above; the changing field is atomic.
unsafe impl Sync for Pages {}

impl Pages {
    /// Maps the same pages of the file that `contents` are mapped from, to be read or executed.
    ///
    /// The whole of `contents` must be mapped from a file, to the end of its last page.
    fn of(contents: &[u8], pages: &MappedPages) -> io::Result<Self> {
        let length = number(pages.length);
        let source = contents.as_ptr().wrapping_add(number(pages.offset));
        if !source.addr().is_multiple_of(number(PAGE)) {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the library does not begin at a whole page",
            ));
        }
        // SAFETY: with an old length of 0 this maps the pages of a shared mapping a second time, at a place of the
        // kernel's choice, and changes nothing that is there (mremap(2), "If the value of old_size is zero").
        let start = unsafe { mremap(source.cast_mut().cast(), 0, length, MremapFlags::MAYMOVE) }?;
        let mapped = Self { start, length, has_moved: AtomicBool::new(false) };
        if pages.is_code {
            // SAFETY: the mapping that was made just now, which nothing refers to.
            unsafe { mprotect(start, length, MprotectFlags::READ | MprotectFlags::EXEC) }?;
        }
        Ok(mapped)
    }

    /// Puts the pages to another place, over what is mapped there.
    ///
    /// # Safety
    ///
    /// The mapping at the place, for their whole length, is replaced: every user of it must want that.
    unsafe fn move_to(&self, place: *mut c_void) -> io::Result<()> {
        // SAFETY: our own mapping, once; the caller answers for the place.
        unsafe { mremap_fixed(self.start, self.length, self.length, MremapFlags::MAYMOVE, place) }?;
        self.has_moved.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if !self.has_moved.load(Ordering::Relaxed) {
            // SAFETY: our own mapping, which nothing refers to and which has not moved.
            let _ = unsafe { munmap(self.start, self.length) };
        }
    }
}

/// A number of a layout as one of this machine's, which is of 64 bits.
fn number(number: u64) -> usize {
    number as usize
}
