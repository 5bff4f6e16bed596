import os
import subprocess

import pexpect.replwrap

# A script among the application's own data, which reads its neighbour, is started by its path and handed to a shell.
script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "greet.sh")
print(subprocess.check_output([script, "Anna"], text=True), end="")
print(subprocess.check_output(["sh", script, "Bert"], text=True), end="")
# One of a package, which bash reads when it starts.
bash = pexpect.replwrap.bash()
print(bash.run_command("echo $((6 * 7))").strip())
