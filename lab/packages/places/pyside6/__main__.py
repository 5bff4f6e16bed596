import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImageReader
from PySide6.QtWidgets import QApplication, QLabel

# Qt looks for its plug-ins from where its own library lies.
application = QApplication([])
label = QLabel("text")
label.show()
application.processEvents()
print(label.sizeHint().width() > 0, application.platformName())
print(sorted(bytes(name).decode() for name in QImageReader.supportedImageFormats())[:3])


class Sender(QObject):
    sent = Signal(int)


sender = Sender()
sender.sent.connect(print)
sender.sent.emit(3)
