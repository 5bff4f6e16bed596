import importlib.metadata
import os
import subprocess

import psutil

this = psutil.Process()
print(this.pid == os.getpid(), this.status(), this.memory_info().rss > 1_000_000)
print(os.path.samefile(this.cwd(), os.curdir), this.num_threads())
child = subprocess.Popen(["sleep", "60"])
print([process.name() for process in this.children()])
psutil.Process(child.pid).terminate()
gone, alive = psutil.wait_procs([psutil.Process(child.pid)], timeout=20)
print(len(gone), len(alive), child.wait())
print(psutil.cpu_count() >= 1, psutil.virtual_memory().total > 0, psutil.disk_usage("/").total > 0)
try:
    psutil.Process(child.pid)
except psutil.NoSuchProcess as error:
    print(type(error).__name__)
print(importlib.metadata.version("psutil") == psutil.__version__)
