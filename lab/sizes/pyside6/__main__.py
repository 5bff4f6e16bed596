"""A window of Qt's widgets, drawn off screen."""

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QTimer
from PySide6.QtGui import QImageReader
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget

application = QApplication([])
window = QWidget()
layout = QVBoxLayout(window)
layout.addWidget(QLabel("text"))
button = QPushButton("press")
layout.addWidget(button)
pressed = []
button.clicked.connect(lambda: pressed.append(True))
window.show()
QTimer.singleShot(0, button.click)
QTimer.singleShot(50, application.quit)
application.exec()
image = window.grab().toImage()
colours = {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}
print(application.platformName(), pressed, len(colours) > 1)
# Formats beyond Qt's own come from plug-ins, which lie beside its libraries.
formats = {bytes(name).decode() for name in QImageReader.supportedImageFormats()}
print(sorted({"jpeg", "png", "svg", "webp"} & formats))
