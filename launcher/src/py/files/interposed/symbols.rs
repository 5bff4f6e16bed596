//! The symbols of the executable that interpose those of the C library: each notes its caller, and goes on to a function of ours.

/// The functions of the C library that are interposed, for a program's crate.
#[doc(hidden)]
#[macro_export]
macro_rules! __program_serves_files {
    () => {
        const _: () = {
            $crate::__interposed! { rsi x1: opendir = opendir, canonicalize_file_name = canonicalize_file_name }
            $crate::__interposed! {
                rdx x2: __open_2 = __open_2, __open64_2 = __open_2, fopen = fopen, fopen64 = fopen, stat = stat,
                stat64 = stat, lstat = lstat, lstat64 = lstat, access = access, realpath = realpath
            }
            $crate::__interposed! {
                rcx x3: open = open, open64 = open, __openat_2 = __openat_2, __openat64_2 = __openat_2,
                __xstat = __xstat, __xstat64 = __xstat, __lxstat = __lxstat, __lxstat64 = __lxstat,
                readlink = readlink, __realpath_chk = __realpath_chk
            }
            $crate::__interposed! {
                r8 x4: openat = openat, openat64 = openat, fstatat = fstatat, fstatat64 = fstatat,
                faccessat = faccessat, readlinkat = readlinkat, __readlink_chk = __readlink_chk
            }
            $crate::__interposed! { r9 x5: __fxstatat = __fxstatat, __fxstatat64 = __fxstatat, statx = statx }
            $crate::__interposed_dlopen! {}
        };
    };
}

/// Symbols that put the address of their caller behind the arguments, in that register, and jump: a call of one is a call of our
/// function with an argument more.
#[doc(hidden)]
#[cfg(target_arch = "x86_64")]
#[macro_export]
macro_rules! __interposed {
    ($behind:ident $unused:ident: $($symbol:ident = $function:ident),*) => {
        $(
            /// # Safety
            ///
            /// As for the C library's function of this name.
            #[unsafe(naked)]
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $symbol() {
                ::core::arch::naked_asm!(
                    "endbr64",
                    ::core::concat!("mov ", ::core::stringify!($behind), ", [rsp]"),
                    "jmp {}",
                    sym $crate::__program::calls::$function
                )
            }
        )*
    };
}

/// The same on ARM, where the caller's address is in a register.
#[doc(hidden)]
#[cfg(target_arch = "aarch64")]
#[macro_export]
macro_rules! __interposed {
    ($unused:ident $behind:ident: $($symbol:ident = $function:ident),*) => {
        $(
            /// # Safety
            ///
            /// As for the C library's function of this name.
            #[unsafe(naked)]
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $symbol() {
                ::core::arch::naked_asm!(
                    "hint #34",
                    ::core::concat!("mov ", ::core::stringify!($behind), ", x30"),
                    "b {}",
                    sym $crate::__program::calls::$function
                )
            }
        )*
    };
}

/// `dlopen`, which the C library's is to see called by the library that calls it: it searches that one's folders. So the path is
/// replaced, and a jump goes on, with the caller's return address where it was.
#[doc(hidden)]
#[cfg(target_arch = "x86_64")]
#[macro_export]
macro_rules! __interposed_dlopen {
    () => {
        /// # Safety
        ///
        /// As for the C library's function.
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn dlopen() {
            ::core::arch::naked_asm!(
                "endbr64",
                // The flags are kept, which aligns the stack for the call as well.
                "push rsi",
                "mov rsi, [rsp + 8]",
                "call {}",
                "mov rdi, rax",
                "pop rsi",
                "jmp rdx",
                sym $crate::__program::calls::library
            )
        }
    };
}

/// The same on ARM.
#[doc(hidden)]
#[cfg(target_arch = "aarch64")]
#[macro_export]
macro_rules! __interposed_dlopen {
    () => {
        /// # Safety
        ///
        /// As for the C library's function.
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn dlopen() {
            ::core::arch::naked_asm!(
                "hint #34",
                "stp x29, x30, [sp, #-32]!",
                "mov x29, sp",
                "str x1, [sp, #16]",
                "mov x1, x30",
                "bl {}",
                "mov x16, x1",
                "ldr x1, [sp, #16]",
                "ldp x29, x30, [sp], #32",
                "br x16",
                sym $crate::__program::calls::library
            )
        }
    };
}
