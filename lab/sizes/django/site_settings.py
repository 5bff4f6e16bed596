"""The settings of the site."""

SECRET_KEY = "of no importance here"
ALLOWED_HOSTS = ["testserver"]
DEBUG = False
USE_TZ = True
ROOT_URLCONF = "site_urls"
INSTALLED_APPS = ["books"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "books.sqlite3"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
LOGGING_CONFIG = None
