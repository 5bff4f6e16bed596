import os
import subprocess

import cmake

# The program that it starts looks for its own files from where it lies.
program = os.path.join(cmake.CMAKE_BIN_DIR, "cmake")
print(subprocess.check_output([program, "--version"], text=True).split()[:2])
listed = subprocess.check_output([program, "--help-module-list"], text=True, stderr=subprocess.STDOUT).split()
print("FindPython3" in listed)
