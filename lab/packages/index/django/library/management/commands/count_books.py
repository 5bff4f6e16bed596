from django.core.management.base import BaseCommand
from library.models import Book


class Command(BaseCommand):
    help = "Counts the books."

    def handle(self, *arguments, **options):
        print(Book.objects.count(), "books")
