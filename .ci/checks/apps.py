"""Programs that are large to install save into an Object; what saving.py asks of a way of saving holds for each of them.

File managers are represented by GIO, of which Nautilus, Nemo, Caja and Thunar are front ends: `gio copy` is their g_file_copy, `gio save`
what GTK programs save with, `gio rename` the g_file_set_display_name with which Thunar ends a copy to NAME.partial~.
"""

import os

from keyboard import at_terminal
from saving import Way, main

# emacs: what the screen says, and keys.
EMACS, SAVED = "C-h C-a|New file", "Wrote /"
SAVE, SAVE_AS, EXIT = "\x18\x13", "\x18\x17", "\x18\x03"
OFFICE = f"/usr/bin/python3 {os.path.join(os.path.dirname(os.path.abspath(__file__)), 'office.py')}"
CONVERT = "soffice --headless --norestore --convert-to"


def emacs(command, *steps):
    return at_terminal("emacs -nw -Q " + command, EMACS, *steps)


WAYS = {
    "gio copy": Way("gio.csv", "gio copy $IN/data.csv gio.csv"),
    "gio copy with attributes": Way("attributes.csv", "touch -d 2020-01-01 $IN/data.csv && chmod 640 $IN/data.csv && gio copy -p $IN/data.csv attributes.csv"),
    "gio copy over a file": Way("over.csv", "gio copy $IN/large.bin over.csv && gio copy $IN/data.csv over.csv", saves=2),
    "gio copy, keeping a backup": Way("backed.csv", "gio copy $IN/large.bin backed.csv && gio copy -b $IN/data.csv backed.csv", saves=2, junk=("backed.csv~",)),
    "gio move": Way("moved.csv", "cp $IN/data.csv $IN/moved.csv && gio move $IN/moved.csv moved.csv && test ! -e $IN/moved.csv"),
    "gio save": Way("saved.csv", "gio save saved.csv < $IN/data.csv"),
    "gio save over a file": Way("resaved.csv", "gio save resaved.csv < $IN/large.bin && gio save resaved.csv < $IN/data.csv", saves=2),
    "Nautilus, a folder": Way("nautilus", "gio mkdir nautilus && gio copy $IN/data.csv nautilus && gio mkdir nautilus/deep && gio copy $IN/tree/deep/ümlaut.txt nautilus/deep"
                              " && chmod 755 nautilus/deep nautilus && touch -r $IN/tree nautilus/deep nautilus"),
    "Nautilus, a new folder": Way("renamed", "gio mkdir 'Untitled Folder' && gio rename 'Untitled Folder' renamed && gio copy $IN/data.csv renamed"),
    "Thunar": Way("thunar.csv", "gio copy $IN/data.csv thunar.csv.partial~ && gio rename thunar.csv.partial~ thunar.csv"),
    "Thunar over a file": Way("thunared.csv", "gio copy $IN/large.bin thunared.csv && gio remove thunared.csv"
                              " && gio copy $IN/data.csv thunared.csv.partial~ && gio rename thunared.csv.partial~ thunared.csv", saves=2),
    "Thunar, a folder": Way("thunar", "gio mkdir thunar && gio copy $IN/data.csv thunar/data.csv.partial~ && gio rename thunar/data.csv.partial~ data.csv"),
    "emacs": Way("emacs.txt", emacs("emacs.txt", "first" + SAVE, SAVED, " second" + SAVE, SAVED, EXIT), saves=2),
    "emacs, an old file": Way("emacsed.csv", "cp $IN/data.csv emacsed.csv && " + emacs("emacsed.csv", "first" + SAVE, SAVED, " second" + SAVE, SAVED, EXIT),
                              saves=3, junk=("emacsed.csv~",)),
    "emacs, backup by copying": Way("copied.csv", "cp $IN/data.csv copied.csv && " + emacs("--eval '(setq backup-by-copying t)' copied.csv", "first" + SAVE, SAVED, EXIT),
                                    saves=2, junk=("copied.csv~",)),
    "emacs, saved by itself": Way("auto.txt", emacs("auto.txt", "first\x1bxdo-auto-save\r", "Auto-saving...done", SAVE, SAVED, EXIT)),
    "emacs, another name": Way("as.csv", emacs("$IN/data.csv", "first" + SAVE_AS, "Write file", "\x01\x0b$PWD/as.csv\r", SAVED, EXIT)),
    "emacs in a folder": Way("drafted", "mkdir drafted && cp $IN/data.csv drafted && " + emacs("drafted/data.csv", "first" + SAVE, SAVED, " second" + SAVE, SAVED, EXIT),
                             junk=("data.csv~",)),
    "LibreOffice converts to ODS": Way("data.ods", f"{CONVERT} ods $IN/data.csv"),
    "LibreOffice converts to CSV": Way("sheet.csv", f"cp $IN/data.csv $IN/sheet.csv && {CONVERT} ods --outdir $IN $IN/sheet.csv && {CONVERT} csv --outdir . $IN/sheet.ods"),
    "LibreOffice converts to ODT": Way("notes.odt", f"echo notes > $IN/notes.txt && {CONVERT} odt $IN/notes.txt"),
    "LibreOffice saves ODS": Way("new.ods", f"{OFFICE} new new.ods", saves=2),
    "LibreOffice saves CSV": Way("new.csv", f"{OFFICE} new new.csv", saves=2),
    "LibreOffice edits CSV": Way("edited.csv", f"cp $IN/data.csv edited.csv && {OFFICE} edit edited.csv", saves=2),
    "LibreOffice in a folder": Way("sheets", f"mkdir sheets && cp $IN/data.csv sheets && {OFFICE} edit sheets/data.csv && {OFFICE} new sheets/new.ods"),
}

if __name__ == "__main__":
    main("apps", WAYS)
