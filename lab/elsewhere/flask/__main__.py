"""Flask: a page that a template makes."""

import page

answer = page.application.test_client().get("/")
assert answer.status_code == 200 and b"A B" in answer.data, answer.data
print("ok page")
