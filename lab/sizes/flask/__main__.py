"""A page with a template, asked by Flask's own client."""

import shop

client = shop.application.test_client()
for path in ("/", "/price/tea", "/price/gold"):
    answer = client.get(path)
    print(answer.status_code, answer.get_data(as_text=True).strip())
print(client.post("/order", json={"tea": 3}).get_json())
