"""The web application; its template is a file beside it."""

import flask

application = flask.Flask(__name__)


@application.route("/")
def page():
    return flask.render_template("page.html", names=["a", "b"])
