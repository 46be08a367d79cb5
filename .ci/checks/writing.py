"""The programs of every day save into an Object; what saving.py asks of a way of saving holds for each of them."""

from keyboard import at_terminal
from saving import PYTHON, Way, main

UNLINK = "import os; f = open('gone.txt', 'w'); f.write('x'); os.unlink('gone.txt'); f.close()"
MAPPED = """
import mmap
with open("mapped.bin", "w+b") as f:
    f.truncate(100000)
    with mmap.mmap(f.fileno(), 100000) as m:
        m[500:505] = b"hello"
        m[99990:99995] = b"world"
        m.flush()
"""
REPLACED = """
import os, tempfile
with tempfile.NamedTemporaryFile("w", dir=".", delete=False) as f:
    f.write("all or nothing")
os.replace(f.name, "replaced.txt")
"""
DATABASE = """
import sqlite3
with sqlite3.connect("runs.sqlite") as db:
    db.execute("create table run (number integer, result real)")
    db.executemany("insert into run values (?, ?)", [(n, n / 7) for n in range(1000)])
db.close()
"""

# Lines of the terminal that tell that an editor is ready, or has saved.
NANO, VIM = "GNU nano", r'"[a-z/]+\.[a-z]+" '
SAVED_BY_NANO, SAVED_BY_VIM = "Wrote 1 line", "written"
WRITE_OUT, EXIT = "\x0f", "\x18"  # nano's Ctrl-O and Ctrl-X
ESCAPE = "\x1b"

WAYS = {
    "cp": Way("data.csv", "cp $IN/data.csv ."),
    "cp -p": Way("preserved.csv", "cp -p $IN/data.csv preserved.csv"),
    "mv": Way("moved.csv", "cp $IN/data.csv $IN/moved.csv && mv $IN/moved.csv ."),
    "cat >": Way("cat.csv", "cat $IN/data.csv > cat.csv"),
    "two cats": Way("cats.csv", "(cat $IN/data.csv; cat $IN/large.bin) > cats.csv"),
    "exec 3>": Way("descriptor.txt", "exec 3>descriptor.txt; echo one >&3; (echo two >&3); echo three >&3; exec 3>&-"),
    "tee": Way("tee.csv", "tee tee.csv < $IN/data.csv > /dev/null"),
    "dd": Way("dd.bin", "dd if=$IN/large.bin of=dd.bin bs=64k status=none"),
    "dd conv=fsync": Way("synced.bin", "dd if=$IN/large.bin of=synced.bin bs=1M conv=fsync status=none"),
    "empty": Way("empty.txt", ": > empty.txt"),
    "truncate": Way("truncated.bin", "cp $IN/large.bin truncated.part && mv truncated.part truncated.bin"),
    "sparse": Way("sparse.bin", "truncate -s 300000 sparse.part && printf x | dd of=sparse.part bs=1 seek=123456 conv=notrunc status=none && mv sparse.part sparse.bin"),
    "python": Way("python.txt", f"{PYTHON} -c 'open(\"python.txt\", \"w\").write(\"Grüezi\\n\" * 1000)'"),
    "python mmap": Way("mapped.bin", f"{PYTHON} -c '{MAPPED}'"),
    "python os.replace": Way("replaced.txt", f"{PYTHON} -c '{REPLACED}'"),
    "sqlite": Way("runs.sqlite", f"{PYTHON} -c '{DATABASE}'"),
    "pandas": Way("frame.csv", f"{PYTHON} -c 'import pandas; pandas.DataFrame({{\"a\": range(1000)}}).to_csv(\"frame.csv\")'"),
    "h5py": Way("array.hdf5", f"{PYTHON} -c 'import h5py, numpy; h5py.File(\"array.hdf5\", \"w\").create_dataset(\"x\", data=numpy.arange(100000))'"),
    "rsync": Way("rsynced.bin", "rsync -a $IN/large.bin rsynced.bin"),
    "rsync -r": Way("tree", "rsync -a $IN/tree ."),
    "cp -r": Way("copied", "cp -r $IN/tree copied"),
    "tar": Way("unpacked", "mkdir unpacked && tar -C unpacked -xf $IN/tree.tar"),
    "unzip": Way("unzipped", "unzip -q $IN/tree.zip -d unzipped"),
    "git": Way("clone", "git clone -q --no-hardlinks $IN/repository clone && rm -rf clone/.git"),
    "many": Way("many", "cp -r $IN/many ."),
    "sed -i": Way("edited", "mkdir edited && cp $IN/data.csv edited/ && sed -i s/1/9/ edited/data.csv"),
    "vim script": Way("vimmed", "mkdir vimmed && cp $IN/data.csv vimmed/ && vim -u NONE -i NONE -es -c '1s/a/z/' -c 'wq' vimmed/data.csv"),
    "vim": Way("vim.txt", at_terminal("vim vim.txt", VIM, f"ifirst{ESCAPE}:w\r", SAVED_BY_VIM, f"a second{ESCAPE}:wq\r"), saves=2),
    "vim backup": Way("vimbackup.csv", "cp $IN/data.csv vimbackup.csv && " + at_terminal("vim -c 'set backup undofile' vimbackup.csv", VIM, f"ifirst{ESCAPE}:wq\r"),
                      saves=2, junk=("vimbackup.csv~", ".vimbackup.csv.un~")),
    "nano": Way("nano.txt", at_terminal("nano nano.txt", NANO, "first" + WRITE_OUT, "File Name", "\r", SAVED_BY_NANO, " second" + WRITE_OUT, "File Name", "\r", SAVED_BY_NANO, EXIT), saves=2),
    "nano backup": Way("nanobackup.csv", "cp $IN/data.csv nanobackup.csv && " + at_terminal(
        "nano -B -G nanobackup.csv", NANO, "first" + WRITE_OUT, "File Name", "\r", "Wrote 5001 lines", EXIT), saves=2, junk=("nanobackup.csv~",)),
    "unlink": Way(None, f"{PYTHON} -c \"{UNLINK}\""),
    "temporary": Way(None, "cp $IN/data.csv .~lock.data.csv# && rm .~lock.data.csv#"),
}

if __name__ == "__main__":
    main("writing", WAYS)
