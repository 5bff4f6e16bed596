//! Definitions of modules and methods, to which C keeps pointers.

use std::ffi::{c_int, c_void};
use std::ptr;

use pyo3_ffi as ffi;

/// A module definition that C keeps a pointer to.
#[repr(transparent)]
pub(in crate::py) struct Definition(pub(in crate::py) std::cell::UnsafeCell<ffi::PyModuleDef>);

// SAFETY: only CPython writes to a definition, under its own lock (`PyModuleDef_Init` is documented to be so used).
unsafe impl Sync for Definition {}

#[repr(transparent)]
pub(in crate::py) struct Slots<const N: usize>(
    pub(in crate::py) std::cell::UnsafeCell<[ffi::PyModuleDef_Slot; N]>,
);

// SAFETY: CPython only reads the slots.
unsafe impl<const N: usize> Sync for Slots<N> {}

pub(in crate::py) const SLOTS: usize = 2 + cfg!(Py_3_12) as usize + cfg!(Py_3_13) as usize;

/// The slots of a module that runs `execute`, keeps no state outside of itself, and needs no GIL.
pub(in crate::py) const fn slots(
    execute: unsafe extern "C" fn(*mut ffi::PyObject) -> c_int,
) -> [ffi::PyModuleDef_Slot; SLOTS] {
    let end = ffi::PyModuleDef_Slot { slot: 0, value: ptr::null_mut() };
    let mut slots = [end; SLOTS];
    slots[0] = ffi::PyModuleDef_Slot { slot: ffi::Py_mod_exec, value: execute as *mut c_void };
    #[cfg(Py_3_12)]
    {
        slots[1] = ffi::PyModuleDef_Slot {
            slot: ffi::Py_mod_multiple_interpreters,
            value: ffi::Py_MOD_PER_INTERPRETER_GIL_SUPPORTED,
        };
    }
    #[cfg(Py_3_13)]
    {
        slots[2] = ffi::PyModuleDef_Slot { slot: ffi::Py_mod_gil, value: ffi::Py_MOD_GIL_NOT_USED };
    }
    slots
}

pub(in crate::py) const fn definition<const N: usize>(
    name: &'static std::ffi::CStr,
    slots: &'static Slots<N>,
    methods: *mut ffi::PyMethodDef,
) -> Definition {
    Definition(std::cell::UnsafeCell::new(ffi::PyModuleDef {
        m_base: ffi::PyModuleDef_HEAD_INIT,
        m_name: name.as_ptr(),
        m_doc: ptr::null(),
        m_size: 0,
        m_methods: methods,
        m_slots: slots.0.get().cast(),
        m_traverse: None,
        m_clear: None,
        m_free: None,
    }))
}

/// A table of methods.
#[repr(transparent)]
pub(in crate::py) struct Methods<const N: usize>(
    pub(in crate::py) std::cell::UnsafeCell<[ffi::PyMethodDef; N]>,
);

// SAFETY: CPython only reads the table.
unsafe impl<const N: usize> Sync for Methods<N> {}
