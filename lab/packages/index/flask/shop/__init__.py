import json

from flask import Flask, render_template, session

from .help import pages


def create_application():
    application = Flask(__name__)
    application.secret_key = "for tests"
    application.register_blueprint(pages, url_prefix="/help")
    with application.open_resource("prices.json") as file:
        prices = json.load(file)

    @application.get("/")
    def index():
        return render_template("index.html", prices=prices)

    @application.get("/prices.json")
    def all_prices():
        return prices

    @application.get("/name")
    def name():
        return session["name"]

    @application.cli.command("count")
    def count():
        print(len(prices))

    return application
