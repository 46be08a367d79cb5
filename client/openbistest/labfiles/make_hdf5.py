"""Writes the HDF5 files of the demo lab: python make_hdf5.py (needs h5py and numpy; h5py 3 gives the same bytes again).

tensile.h5            a tensile test: groups, a compressed and chunked dataset, attributes, a compound table
growth_curves.h5ar    an archive that openBIS shows as a folder of the files in growth_curves/
growth_curves/*.csv   the files in it
"""

import pathlib

import h5py
import numpy as np

here = pathlib.Path(__file__).parent


def tensile():
    n = 1200
    i = np.arange(n)
    strain = (i * 1e-4).astype("f8")
    stress = np.where(strain < 0.004, 71_000 * strain, 284 + 900 * (strain - 0.004) - 2_600 * (strain - 0.004) ** 2)
    noise = ((i * 7919) % 101 - 50) / 100
    with h5py.File(here / "tensile.h5", "w", libver=("earliest", "v110")) as f:
        f.attrs["title"] = "Tensile test EN AW-6082 T6, coupon 7"
        f.attrs["operator"] = "mkeller"
        f.attrs["crosshead_speed_mm_per_min"] = 1.5
        run = f.create_group("run_001")
        run.attrs["temperature_C"] = np.int32(23)
        run.create_dataset("strain", data=np.round(strain, 6), chunks=(300,), compression="gzip", shuffle=True)
        d = run.create_dataset("stress", data=np.round(stress + noise, 2).astype("f4"), chunks=(300,), compression="gzip", shuffle=True)
        d.attrs["unit"] = "MPa"
        frames = (np.add.outer(np.arange(48), np.arange(64)) * 13 % 256).astype("u1")
        run.create_dataset("extensometer/frames", data=np.stack([np.roll(frames, k, axis=1) for k in range(6)]),
                           chunks=(1, 48, 64), compression="gzip")
        events = np.array([(40, b"yield"), (611, b"necking"), (1187, b"fracture")], dtype=[("sample", "i4"), ("event", "S12")])
        f.create_group("annotations").create_dataset("events", data=events)


def growth_curves():
    folder = here / "growth_curves"
    folder.mkdir(exist_ok=True)
    with h5py.File(here / "growth_curves.h5ar", "w", libver=("earliest", "v110")) as f:
        for strain, doubling in (("wild_type", 92), ("sir2_delta", 101), ("rad52_delta", 134)):
            od, rows = 50_000, ["minute,od600"]
            for minute in range(0, 720, 20):
                rows.append(f"{minute},{od / 1e6:.4f}")
                od += od * 14 // doubling * (1_600_000 - min(od, 1_600_000)) // 1_600_000
            text = ("\n".join(rows) + "\n").encode()
            (folder / f"{strain}.csv").write_bytes(text)
            f.create_dataset(f"{strain}.csv", data=np.frombuffer(text, "u1"))


tensile()
growth_curves()
