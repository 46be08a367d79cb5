"""Drives LibreOffice as its menus do, by its own interface (UNO): needs the system's Python with python3-uno.

    office.py new FILE     a new spreadsheet, saved as FILE, changed and saved again
    office.py edit FILE    FILE opened, changed and saved
"""

import os
import subprocess
import sys
import time

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.lang import DisposedException

FILTERS = {".ods": "calc8", ".csv": "Text - txt - csv (StarCalc)"}
PATIENCE = 120  # seconds until the office is up


def connect(office, pipe):
    """Returns the office's desktop."""
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        except NoConnectException:
            if office.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def new(desktop, path):
    document = desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, (hidden(),))
    cell(document, 0).String = "first"
    document.storeAsURL(uno.systemPathToFileUrl(path), (PropertyValue(Name="FilterName", Value=FILTERS[os.path.splitext(path)[1]]),))
    cell(document, 1).String = "second"
    document.store()
    document.close(True)


def edit(desktop, path):
    document = desktop.loadComponentFromURL(uno.systemPathToFileUrl(path), "_blank", 0, (hidden(),))
    if document.isReadonly():
        sys.exit(f"{path} can't be edited")
    cell(document, 0).String = "edited"
    document.store()
    document.close(True)


def hidden():
    return PropertyValue(Name="Hidden", Value=True)


def cell(document, row):
    return document.Sheets.getByIndex(0).getCellByPosition(0, row)


def main(action, path):
    pipe = f"openbisfs{os.getpid()}"
    office = subprocess.Popen(["soffice", "--headless", "--norestore", "--nologo", f"--accept=pipe,name={pipe};urp;"], stderr=subprocess.DEVNULL)
    try:
        desktop = connect(office, pipe)
        {"new": new, "edit": edit}[action](desktop, os.path.abspath(path))
        try:
            desktop.terminate()
        except DisposedException:
            pass  # it was faster than its answer
        office.wait(PATIENCE)
    finally:
        office.kill()
        office.wait()


main(*sys.argv[1:])
