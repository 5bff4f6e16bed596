//! One macro that ties an enum to its spellings, so that a spelling is written exactly once.

/// Defines a closed enum whose variants have one spelling each, with `ALL`, `SPELLINGS`, `as_str`, `Display` and `FromStr`.
///
/// The words before the brace name the thing in error messages: `unknown start method ...`.
macro_rules! string_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $what:literal {
            $($(#[$variant_meta:meta])* $variant:ident = $spelling:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* #[doc = concat!("\n\nSpelled `", $spelling, "`.")] $variant,)+
        }

        impl $name {
            /// Every value, in the order in which the documentation lists them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Every spelling, in the order of [`ALL`](Self::ALL).
            pub const SPELLINGS: &'static [&'static str] = &[$($spelling,)+];

            /// The name of this kind of value in messages.
            pub const WHAT: &'static str = $what;

            /// The spelling that a user writes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $spelling,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::ParseChoiceError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($spelling => Ok(Self::$variant),)+
                    _ => Err($crate::error::ParseChoiceError::new(Self::WHAT, text, Self::SPELLINGS)),
                }
            }
        }
    };
}

pub(crate) use string_enum;
