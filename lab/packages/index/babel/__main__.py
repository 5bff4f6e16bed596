import datetime
import decimal
import importlib.metadata
import io

import babel
from babel import Locale, dates, lists, numbers, plural
from babel.messages import extract, mofile, pofile

day = datetime.date(2024, 2, 29)
for name in ["de", "en_US", "ja", "ar_EG", "pl"]:
    locale = Locale.parse(name)
    print(name, locale.display_name, dates.format_date(day, "long", locale), sep=" | ")
    print(ascii(numbers.format_currency(decimal.Decimal("1234.5"), "EUR", locale=locale)))
print(lists.format_list(["eins", "zwei", "drei"], locale="de"), Locale("pl").plural_form(3))
print(dates.get_timezone_name(dates.get_timezone("Europe/Berlin"), locale="en_GB"))
print(len(babel.localedata.locale_identifiers()) > 500)
catalogue = pofile.read_po(io.BytesIO(b'msgid "tree"\nmsgstr "Baum"\n'), "de")
compiled = io.BytesIO()
mofile.write_mo(compiled, catalogue)
print(mofile.read_mo(io.BytesIO(compiled.getvalue()))["tree"].string)
print(list(extract.extract("python", io.BytesIO(b"_('one')\nngettext('a', 'b', n)\n"))))
print(importlib.metadata.version("babel") == babel.__version__)
