import importlib.metadata
import io
import os

os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
import django
from django.core.management import call_command, get_commands
from django.test import Client

django.setup()
checked = io.StringIO()
call_command("check", stdout=checked)
print(checked.getvalue().strip())
migrated = io.StringIO()
call_command("migrate", stdout=migrated, verbosity=1)
print("Applying library.0002_first_books... OK" in migrated.getvalue())
call_command("makemigrations", "--check", "--dry-run")

from library.models import Book

Book.objects.create(title="Jane Eyre", year=1847)
client = Client()
print(client.get("/").content.decode().strip())
print(client.get("/", headers={"accept-language": "de"}).content.decode().strip())
print(client.get("/none").status_code, client.get("/admin/", follow=True).redirect_chain)
print("Django administration" in client.get("/admin/login/").content.decode())
print(get_commands()["count_books"])
call_command("count_books")
from django.contrib.staticfiles import finders

print(finders.find("library/style.css") is not None, finders.find("admin/css/base.css") is not None)
print(importlib.metadata.version("django") == django.__version__)
