from flask import Blueprint, render_template

pages = Blueprint("help", __name__, template_folder="templates")


@pages.get("/")
def index():
    return render_template("help/index.html")
