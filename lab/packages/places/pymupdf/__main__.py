import pymupdf

# C++ code of onnxruntime opens a model beside the package.
document = pymupdf.open()
document.new_page().insert_text((50, 50), "Hello")
print(document[0].get_text().strip())
