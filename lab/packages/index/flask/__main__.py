import importlib.metadata

from shop import create_application

application = create_application()
client = application.test_client()
print(client.get("/").text)
print(client.get("/prices.json").json)
print(client.get("/static/style.css").text.strip())
print(client.get("/help/").text.strip())
print(client.get("/nowhere").status_code)
with client.session_transaction() as session:
    session["name"] = "Mia"
print(client.get("/name").text)
print(application.test_cli_runner().invoke(args=["count"]).output.strip())
print(importlib.metadata.metadata("flask")["Name"])
