/* The program `python.exe` for a Windows Python that comes as libraries only. PYTHON_DLL is the name of Python's own. */
#include <windows.h>

int wmain(int argc, wchar_t **argv) {
    HMODULE library = LoadLibraryW(PYTHON_DLL);
    int (*main)(int, wchar_t **) = library ? (void *)GetProcAddress(library, "Py_Main") : 0;
    return main ? main(argc, argv) : 97;
}
