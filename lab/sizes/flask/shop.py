"""A small shop."""

from flask import Flask, abort, jsonify, render_template, request

PRICES = {"tea": 4, "coffee": 6}
application = Flask(__name__)


@application.get("/")
def index():
    return render_template("index.html", prices=PRICES)


@application.get("/price/<name>")
def price(name):
    if name not in PRICES:
        abort(404)
    return jsonify({name: PRICES[name]})


@application.post("/order")
def order():
    return jsonify(total=sum(PRICES[name] * count for name, count in request.json.items()))


@application.errorhandler(404)
def missing(_):
    return "there is none", 404
