"""cryptography: a key, a signature, a token."""

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

key = Ed25519PrivateKey.generate()
key.public_key().verify(key.sign(b"text"), b"text")
print("ok signature")
fernet = Fernet(Fernet.generate_key())
assert fernet.decrypt(fernet.encrypt(b"text")) == b"text"
print("ok token")
