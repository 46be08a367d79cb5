"""The files that are read."""

import os
import random

MIB = 1 << 20


class Data:
    """A directory of files, which every server of the bench serves."""

    def __init__(self, root, large, small):
        self.root = root
        self.large_size = large * MIB
        self.medium_size = 256 * MIB
        self.huge_size = 8192 * MIB
        self.small_count = small
        self.few_count = min(500, small)
        self.tls_root = os.path.join(os.path.dirname(root), "tls", os.path.basename(root))
        os.makedirs(root)
        os.makedirs(self.tls_root)
        noise = random.Random(1).randbytes(16 * MIB)
        for name, size in (("large.bin", self.large_size), ("medium.bin", self.medium_size)):
            with open(os.path.join(root, name), "wb") as f:
                for n in range(size // len(noise)):
                    f.write(n.to_bytes(8, "big") + noise[8:])
        os.link(os.path.join(root, "large.bin"), os.path.join(self.tls_root, "large.bin"))
        with open(os.path.join(root, "huge.bin"), "wb") as f:
            f.write(noise[:MIB])
            f.truncate(self.huge_size)
        for folder, count in (("small", self.small_count), ("few", self.few_count)):
            os.mkdir(os.path.join(root, folder))
            for i in range(count):
                with open(os.path.join(root, folder, f"f{i:05}"), "wb") as f:
                    f.write(noise[i * 10:i * 10 + 10240])

    def offsets(self, count, seed):
        """Aligned places of 64 KiB in the large file."""
        choose = random.Random(seed)
        return [choose.randrange(self.large_size >> 16) << 16 for _ in range(count)]
