import importlib.metadata
import pickle

import regex

print(regex.findall(r"\p{Lu}\p{Ll}+", "Äpfel und Birnen"))
print(regex.search(r"(?:colour){e<=1}", "the color red").group())
print(regex.fullmatch(r"\((?:[^()]++|(?R))*+\)", "(a(b)c)") is not None)
print(regex.match(r"(?:(\w)-?)+", "a-b-c").captures(1))
pattern = pickle.loads(pickle.dumps(regex.compile(r"(?<year>\d{4})", regex.VERSION1)))
print(pattern.sub(r"<\g<year>>", "in 2024"), regex.split(r"(?V1)(?<=,)", "a,b"))
print(importlib.metadata.metadata("regex")["Name"])
