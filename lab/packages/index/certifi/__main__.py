import importlib.metadata
import importlib.resources
import ssl

import certifi

context = ssl.create_default_context(cafile=certifi.where())
n_certificates = len(context.get_ca_certs())
print(n_certificates > 100)
text = importlib.resources.files(certifi).joinpath("cacert.pem").read_text(encoding="ascii")
print(text == certifi.contents(), text.count("BEGIN CERTIFICATE") == n_certificates)
with open(certifi.where(), encoding="ascii") as bundle:
    print(bundle.read() == text)
print([file.name for file in importlib.metadata.files("certifi") if file.suffix == ".pem"])
