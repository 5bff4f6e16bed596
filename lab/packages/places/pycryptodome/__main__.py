from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC

# Its libraries are called as extension modules are, and opened by their paths.
print(AES.new(b"0" * 16, AES.MODE_GCM, nonce=b"1" * 12).encrypt(b"x").hex())
print(SHA256.new(b"a").hexdigest()[:8], ECC.generate(curve="P-256").curve)
