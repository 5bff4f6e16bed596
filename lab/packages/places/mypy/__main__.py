import os
import tempfile

import mypy.api

# It reads the standard library's type stubs, which it carries.
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "wrong.py")
    with open(path, "w") as file:
        file.write('import asyncio\nx: int = "a"\n')
    told, errors, code = mypy.api.run([path, "--cache-dir=/dev/null", "--no-error-summary"])
    print(told.replace(path, "wrong.py"), errors, code)
