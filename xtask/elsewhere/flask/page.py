"""The web application. Its template lies in a text, so that any packager finds it."""

import flask

application = flask.Flask(__name__)
TEMPLATE = "<p>{% for name in names %}{{ name|upper }} {% endfor %}</p>"


@application.route("/")
def page():
    return flask.render_template_string(TEMPLATE, names=["a", "b"])
