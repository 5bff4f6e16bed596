import importlib.metadata

import jinja2

templates = jinja2.Environment(loader=jinja2.PackageLoader("views"), autoescape=True, trim_blocks=True)
print(templates.get_template("page.html").render(title="<Pets>", pets=["Mia", "Rex"]))
print(sorted(templates.list_templates()))
try:
    templates.get_template("broken.html").render()
except jinja2.UndefinedError as error:
    print(type(error).__name__, error)
try:
    templates.get_template("none.html")
except jinja2.TemplateNotFound as error:
    print(type(error).__name__, error)
print(jinja2.Environment(enable_async=True).from_string("{{ 6 * 7 }}").render())
print(importlib.metadata.metadata("jinja2")["Name"])
