import datetime
import importlib.metadata

import cryptography
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

box = Fernet(Fernet.generate_key())
print(box.decrypt(box.encrypt(b"a secret")))
print(AESGCM(bytes(16)).encrypt(bytes(12), b"text", None).hex())
print(PBKDF2HMAC(hashes.SHA256(), 16, b"salt", 1000).derive(b"password").hex())
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
signature = key.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
key.public_key().verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())
try:
    key.public_key().verify(signature, b"another", padding.PKCS1v15(), hashes.SHA256())
except InvalidSignature:
    print("InvalidSignature")
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example")])
start = datetime.datetime(2024, 1, 1)
owner = ec.generate_private_key(ec.SECP256R1())
certificate = (
    x509.CertificateBuilder(name, name, owner.public_key(), 7, start, start + datetime.timedelta(365))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName("example.org")]), critical=False)
    .sign(owner, hashes.SHA256())
)
read = x509.load_pem_x509_certificate(certificate.public_bytes(serialization.Encoding.PEM))
print(read.subject.rfc4514_string(), read.serial_number, read.not_valid_after_utc.date())
print(importlib.metadata.version("cryptography") == cryptography.__version__)
