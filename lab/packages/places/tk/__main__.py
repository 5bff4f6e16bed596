import tkinter

# Their C code opens the file of `_tkinter`, when they are imported and when a picture is shown.
from matplotlib.backends import _tkagg
from PIL import Image, ImageTk, _imagingtk

print(_tkagg.__name__, _imagingtk.__name__, Image.new("RGB", (2, 3)).size)
try:
    ImageTk.PhotoImage(Image.new("RGB", (2, 3)), master=tkinter.Tk())
except tkinter.TclError as error:
    # There is no display where this runs.
    print(str(error).split(" and ")[0])
else:
    print("no display name")
