from django.db import migrations


def add(apps, schema_editor):
    apps.get_model("library", "Book").objects.create(title="Moby-Dick", year=1851)


class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
