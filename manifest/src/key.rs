//! Names of attributes that know the types of their values.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use importer_core::{Archive, Stack};

use crate::error::{Error, Malformed, Problem};

/// The value of an attribute.
pub trait Value: Sized {
    /// The bytes that stand in the archive.
    fn to_bytes(&self) -> Vec<u8>;

    /// The value of such bytes.
    ///
    /// # Errors
    ///
    /// [`Malformed`], for bytes that [`to_bytes`](Self::to_bytes) never gives.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed>;
}

/// The name of an attribute whose value is a `T`.
pub struct Key<T> {
    name: Cow<'static, str>,
    value: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// The key of that name.
    pub const fn new(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), value: PhantomData }
    }

    pub(crate) fn of(name: String) -> Self {
        Self { name: Cow::Owned(name), value: PhantomData }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl<T: Value> Key<T> {
    /// The name and the bytes of a value, for a [`Writer`](importer_core::Writer).
    pub fn entry(&self, value: &T) -> (String, Vec<u8>) {
        (self.name.clone().into_owned(), value.to_bytes())
    }

    /// The value in an archive, or in the first of several that has one.
    ///
    /// # Errors
    ///
    /// [`Archive`](crate::ErrorKind::Archive), when the archive is damaged; [`Malformed`](crate::ErrorKind::Malformed), when its bytes are no such value.
    pub fn read(&self, source: &impl Source) -> Result<Option<T>, Error> {
        let Some(bytes) = source.bytes_of(&self.name)? else { return Ok(None) };
        self.parse(&bytes).map(Some)
    }

    /// The value of bytes that stand under this name.
    ///
    /// # Errors
    ///
    /// [`Malformed`](crate::ErrorKind::Malformed), when they are no such value.
    pub fn parse(&self, bytes: &[u8]) -> Result<T, Error> {
        T::from_bytes(bytes)
            .map_err(|why| Problem::Malformed { name: self.name.to_string(), why }.into())
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.name).finish()
    }
}

/// An archive, or several of which the first wins.
pub trait Source {
    /// The bytes that stand under a name.
    ///
    /// # Errors
    ///
    /// The archive is damaged.
    fn bytes_of(&self, name: &str) -> Result<Option<Vec<u8>>, importer_core::Error>;
}

impl Source for Archive {
    fn bytes_of(&self, name: &str) -> Result<Option<Vec<u8>>, importer_core::Error> {
        self.attribute(name)
    }
}

impl Source for Stack {
    fn bytes_of(&self, name: &str) -> Result<Option<Vec<u8>>, importer_core::Error> {
        self.attribute(name)
    }
}
