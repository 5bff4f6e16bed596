//! Proof that the current thread is attached to an interpreter.

use std::marker::PhantomData;

/// A zero-sized proof that this thread is attached to a Python interpreter (holds the GIL, where there is one).
///
/// It is handed to every callback and asked for by every method that calls into Python.
/// Its lifetime is invariant: what is bound to one call is neither longer nor shorter than that.
/// It is neither `Send` nor `Sync`: the proof is worth nothing on another thread.
#[derive(Clone, Copy, Debug)]
pub struct Token<'py>(PhantomData<(Invariant<'py>, *mut ())>);

type Invariant<'py> = fn(&'py ()) -> &'py ();

impl Token<'_> {
    /// Claims that the current thread is attached.
    ///
    /// # Safety
    ///
    /// The thread must be attached, and stay so for as long as the token and what is made with it live.
    pub(in crate::py) unsafe fn assume_attached() -> Self {
        Self(PhantomData)
    }
}
