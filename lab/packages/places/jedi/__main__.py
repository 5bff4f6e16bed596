import tempfile

import jedi

# Its own cache would lie in the home folder, and there is none.
folder = tempfile.TemporaryDirectory()
jedi.settings.cache_directory = folder.name
# It reads the sources of what it completes, the standard library's among them, and stubs that it carries.
environment = jedi.InterpreterEnvironment()
script = jedi.Script("import json\njson.loa", environment=environment)
print([found.name for found in script.complete()])
script = jedi.Script("import jedi\njedi.Script", environment=environment)
print([(found.name, found.type, found.module_name) for found in script.goto(2, 8, follow_imports=True)])
script = jedi.Script("import textwrap\ntextwrap.dedent", environment=environment)
print([found.module_path.name for found in script.infer(2, 12)])
