"""Computes, from the server's answers alone, what a mount must show: README's "The tree", restated independently.

The result maps a path below the mount point to an Expected. Nothing here looks at the mount or at the Go code.
"""

import os
import re
import unicodedata
from dataclasses import dataclass
from typing import Optional

import documents
from openbis import ServerError

BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNREADABLE = {"ARCHIVED", "UNARCHIVE_PENDING"}


@dataclass
class Expected:
    """One directory entry. kind is "dir", "file", "document" or "link"."""

    kind: str
    size: Optional[int] = None
    crc32: Optional[int] = None
    target: Optional[str] = None       # of a link, relative
    document: Optional[dict] = None    # of a .meta.json, decoded
    data_set: Optional[dict] = None    # of a Dataset's file: where the bytes are
    path: Optional[str] = None         # of a Dataset's file, as the server lists it
    mtime: Optional[int] = None        # seconds
    readable: bool = True


def option(name, **fields):
    return {"@type": "as.dto." + name + "FetchOptions", **fields}


PERSON = option("person.fetchoptions.Person")
SPACE = option("space.fetchoptions.Space")
PROJECT = option("project.fetchoptions.Project", space=SPACE)
EXPERIMENT = option("experiment.fetchoptions.Experiment", project=PROJECT)
SAMPLE_TYPE = option("sample.fetchoptions.SampleType")
LEAN_SAMPLE = option("sample.fetchoptions.Sample", type=SAMPLE_TYPE, space=SPACE, project=PROJECT, experiment=EXPERIMENT)
DATA_SET_TYPE = option("dataset.fetchoptions.DataSetType")
LEAN_DATA_SET = option("dataset.fetchoptions.DataSet", type=DATA_SET_TYPE, sample=LEAN_SAMPLE, experiment=EXPERIMENT)
COMMON = dict(properties=option("property.fetchoptions.Property"), tags=option("tag.fetchoptions.Tag"), registrator=PERSON, modifier=PERSON)


class Tree:
    """The expected tree of all that the client's user may see."""

    def __init__(self, client):
        self.client = client
        self.load()
        self.entries = {}
        self.place = {}  # permId of an Object or Dataset -> its path
        self.build()

    # what the server says

    def load(self):
        search = self.client.search
        self.information = self.client.call("getServerInformation")
        self.session = self.client.call("getSessionInformation")
        self.spaces = search("Spaces", ("space", "Space"), {"registrator": PERSON})
        self.projects = search("Projects", ("project", "Project"), {"space": SPACE, "registrator": PERSON, "modifier": PERSON, "leader": PERSON})
        self.experiments = search("Experiments", ("experiment", "Experiment"),
                                  {"type": option("experiment.fetchoptions.ExperimentType"), "project": PROJECT, **COMMON})
        self.samples = search("Samples", ("sample", "Sample"),
                              {"type": SAMPLE_TYPE, "space": SPACE, "project": PROJECT, "experiment": EXPERIMENT, "parents": LEAN_SAMPLE, "children": LEAN_SAMPLE, **COMMON})
        self.data_sets = search("DataSets", ("dataset", "DataSet"), {
            "type": DATA_SET_TYPE, "sample": LEAN_SAMPLE, "experiment": EXPERIMENT, "parents": LEAN_DATA_SET, "children": LEAN_DATA_SET, "components": LEAN_DATA_SET,
            "containers": LEAN_DATA_SET, "dataStore": option("datastore.fetchoptions.DataStore"), "physicalData": option("dataset.fetchoptions.PhysicalData"),
            "linkedData": option("dataset.fetchoptions.LinkedData", externalDms=option("externaldms.fetchoptions.ExternalDms")), **COMMON})
        self.property_types = {p["code"]: p for p in search("PropertyTypes", ("property", "PropertyType"), {"vocabulary": option("vocabulary.fetchoptions.Vocabulary")})}
        terms = option("vocabulary.fetchoptions.VocabularyTerm")
        self.labels = {(v["code"], t["code"]): t["label"] for v in search("Vocabularies", ("vocabulary", "Vocabulary"), {"terms": terms}) for t in v["terms"]}
        self.stores = search("DataStores", ("datastore", "DataStore"))

    # what follows from it

    def build(self):
        self.add_directory("", None, documents.root_document(self))
        top = self.names([(s, s["code"], s["code"]) for s in self.spaces])
        relations = []
        for space, name in top:
            self.add_directory(name, space, documents.space_document(self, space))
            members = [p for p in self.projects if p["space"]["code"] == space["code"]]
            loose = [s for s in self.samples if s["space"] and s["space"]["code"] == space["code"] and not s["project"] and not s["experiment"]]
            for child, child_name in self.names(self.coded(members) + self.coded(loose)):
                path = name + "/" + child_name
                if child in loose:
                    self.add_sample(path, child, relations)
                else:
                    self.add_project(path, child, relations)
        for directory, related, places in relations:
            self.add_relations(directory, related, places)

    def add_project(self, path, project, relations):
        self.add_directory(path, project, documents.project_document(self, project))
        identifier = project["identifier"]["identifier"]
        members = [e for e in self.experiments if e["project"]["identifier"]["identifier"] == identifier]
        loose = [s for s in self.samples if s["project"] and s["project"]["identifier"]["identifier"] == identifier and not s["experiment"]]
        for child, name in self.names(self.coded(members) + self.coded(loose)):
            if child in loose:
                self.add_sample(path + "/" + name, child, relations)
                continue
            here = path + "/" + name
            self.add_directory(here, child, documents.experiment_document(self, child))
            key = child["permId"]["permId"]
            objects = [s for s in self.samples if s["experiment"] and s["experiment"]["permId"]["permId"] == key]
            own = [d for d in self.data_sets if d["experiment"] and d["experiment"]["permId"]["permId"] == key and not d["sample"]]
            for entity, entry in self.names(self.coded(objects) + self.coded(own)):
                if entity in own:
                    self.add_data_set(here + "/" + entry, entity, relations)
                else:
                    self.add_sample(here + "/" + entry, entity, relations)

    def add_sample(self, path, sample, relations):
        self.add_directory(path, sample, documents.sample_document(self, sample))
        key = sample["permId"]["permId"]
        self.place[key] = path
        relations.append((path + "/.parents", sample["parents"], self.place))
        relations.append((path + "/.children", sample["children"], self.place))
        own = [d for d in self.data_sets if d["sample"] and d["sample"]["permId"]["permId"] == key]
        for data_set, name in self.names(self.coded(own)):
            self.add_data_set(path + "/" + name, data_set, relations)

    def add_data_set(self, path, data_set, relations):
        self.place[data_set["code"]] = path
        registered = data_set["registrationDate"] // 1000
        files = None
        if data_set["kind"] == "CONTAINER":
            relations.append((path, data_set["components"], self.place))
        else:
            try:
                files = self.client.files(data_set)
            except ServerError:
                if data_set["kind"] != "LINK":
                    raise
        self.entries[path] = Expected("dir")
        relations.append((path + "/.parents", data_set["parents"], self.place))
        relations.append((path + "/.children", data_set["children"], self.place))
        status = (data_set["physicalData"] or {}).get("status")
        readable = data_set["kind"] == "PHYSICAL" and status not in UNREADABLE
        for name, is_directory, size, crc in files or []:
            if is_directory:
                self.entries[path + "/" + name] = Expected("dir", mtime=registered)
            else:
                self.entries[path + "/" + name] = Expected("file", size, crc, data_set=data_set, path=name, mtime=registered, readable=readable)
        self.entries.setdefault(path + "/.meta.json", Expected("document", document=documents.data_set_document(self, data_set, files)))

    def add_directory(self, path, entity, document):
        self.entries[path] = Expected("dir", mtime=entity and entity["modificationDate"] // 1000)
        self.entries[(path + "/" if path else "") + ".meta.json"] = Expected("document", document=document)

    def add_relations(self, directory, related, places):
        """A directory of relative links, absent when no target is inside the mount."""
        inside = [r for r in related if r["permId"]["permId"] in places]
        if not inside:
            return
        self.entries.setdefault(directory, Expected("dir"))
        for entity, name in self.names(self.coded(inside)):
            target = os.path.relpath(places[entity["permId"]["permId"]], directory)
            self.entries[directory + "/" + name] = Expected("link", target=target, size=len(target.encode()))

    # names

    def coded(self, entities):
        rows = []
        for entity in entities:
            code = entity["code"]
            if entity["@type"] == "as.dto.sample.Sample":
                code = entity["identifier"]["identifier"].rsplit("/", 1)[1]  # contained: CONTAINER:CODE
            rows.append((entity, code, code))
        return rows

    def names(self, rows):
        """[(entity, name, code)] -> [(entity, unique encoded name)] by the rule for equal siblings."""
        def permanent(entity):
            return entity["permId"]["permId"]

        def clashing(labels):
            return {label for label in labels if labels.count(label) > 1}

        first = [name for _, name, _ in rows]
        second = [f"{name} [{code}]" if name in clashing(first) else name for _, name, code in rows]
        third = [f"{row[1]} [{permanent(row[0])}]" if label in clashing(second) else label for row, label in zip(rows, second)]
        return [(row[0], encode(label, permanent(row[0]))) for row, label in zip(rows, third)]


def encode(name, perm_id):
    """The injective encoding of entity names."""
    out = []
    for position, char in enumerate(name):
        blank = char in " " and position in (0, len(name) - 1)
        if char == "/":
            out.append("\u2215")
        elif char == "\u2215" or blank or unicodedata.category(char) == "Cc" or char in BIDIRECTIONAL:
            out.append("".join(f"%{byte:02X}" for byte in char.encode()))
        elif char == "%" and re.match(r"[0-9A-Fa-f]{2}", name[position + 1:position + 3]):
            out.append("%25")
        elif char == "." and position in (0, len(name) - 1):
            out.append("%2E")
        else:
            out.append(char)
    text = "".join(out)
    if len(text.encode()) > 255:
        tail = f"~{fnv32a(perm_id.encode()):08x}"
        text = text.encode()[:255 - len(tail)].decode(errors="ignore") + tail
    return text


def fnv32a(data):
    """The 32-bit Fowler-Noll-Vo hash, variant 1a."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
