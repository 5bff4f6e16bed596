"""A page from a database, asked by Django's own client."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"

import django

django.setup()

from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment

from books.models import Book

setup_test_environment()
with connection.schema_editor() as editor:
    editor.create_model(Book)
for title, pages in (("Emma", 474), ("Ulysses", 730), ("<Faust>", 158)):
    Book.objects.create(title=title, pages=pages)
client = Client()
answer = client.get("/", {"least": 200})
print(answer.status_code, [template.name for template in answer.templates])
print(answer.content.decode().strip())
print(client.get("/").content.decode().strip())
print(client.get("/none").status_code, os.path.exists("books.sqlite3"))
