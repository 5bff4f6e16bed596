"""The one page."""

from django.shortcuts import render

from books.models import Book


def index(request):
    least = int(request.GET.get("least", 0))
    books = Book.objects.filter(pages__gte=least).order_by("title")
    return render(request, "books/index.html", {"books": books})
