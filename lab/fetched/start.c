/* Stands before the C library in a free-threaded base executable: its own main never runs.
 *
 * It runs the `main` of the program that was linked as a shared library (see link-gcc), whose references to the C API the
 * executable resolves. Where there is no such library, as for `python3.14t` itself, it runs Python's own `main`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

typedef int Main(int, char **, char **);
typedef int Start(Main *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

int __libc_start_main(Main *own, int argc, char **argv, void (*initialise)(void), void (*finalise)(void),
                      void (*finalise_linker)(void), void *stack_end) {
    Start *start = (Start *)dlsym(RTLD_NEXT, "__libc_start_main");
    Main *program = (Main *)dlsym(RTLD_NEXT, "main");
    if (!program)
        program = (Main *)dlsym(RTLD_DEFAULT, "Py_BytesMain");
    return start(program ? program : own, argc, argv, initialise, finalise, finalise_linker, stack_end);
}
