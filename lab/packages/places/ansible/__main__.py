import os
import shutil
import sys
import tempfile

# It keeps files in the home folder, and asks for a locale with UTF-8.
home = tempfile.mkdtemp()
os.environ.update(ANSIBLE_HOME=home, ANSIBLE_LOCAL_TEMP=home, ANSIBLE_REMOTE_TEMP=home, LC_ALL="C.UTF-8", ANSIBLE_NOCOLOR="1")

from ansible.cli.playbook import main

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ [3, 1, 2] | sort | join('-') }}"
    - ansible.builtin.ping:
    - ansible.builtin.copy:
        content: "text of {{ inventory_hostname }}"
        dest: "{{ home }}/written"
    - ansible.builtin.command: cat {{ home }}/written
      register: read
    - ansible.builtin.debug:
        var: read.stdout
"""

if __name__ == "__main__":
    playbook = os.path.join(home, "playbook.yml")
    with open(playbook, "w") as file:
        file.write(PLAYBOOK)
    # Modules run in a Python of the machine that is managed, which is this one.
    arguments = ["-i", "localhost,", "-c", "local", "-e", f"home={home}"]
    arguments += ["-e", f"ansible_python_interpreter={shutil.which('python3')}", playbook]
    try:
        sys.exit(main(["ansible-playbook", *arguments]))
    finally:
        shutil.rmtree(home)
