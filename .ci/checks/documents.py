"""What each `.meta.json` must say, made from the server's answers: README's "Metadata", restated independently."""

import datetime
import json
import re
import urllib.parse

MARK = "@number@"  # numbers keep the digits that the server has; json would round them


def number(text):
    return MARK + text


def dump(document):
    """The exact text of a document: indented by two, keys in the given order, a newline at the end."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return (re.sub(f'"{MARK}([^"]*)"', r"\1", text) + "\n").encode()


def load(text):
    """The reverse of dump."""
    return json.loads(text, parse_float=number, parse_int=number)


def date(milliseconds):
    if milliseconds is None:
        return None
    moment = datetime.datetime.fromtimestamp(milliseconds // 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{milliseconds % 1000:03d}Z"


def person(p):
    return p and {"userId": p["userId"], "firstName": p["firstName"] or None, "lastName": p["lastName"] or None, "email": p["email"] or None}


def reference(entity):
    identifier = entity.get("identifier")
    return {"permId": entity["permId"]["permId"], "identifier": identifier and identifier["identifier"], "type": entity["type"]["code"]}


def typed(tree, code, value):
    kind = tree.property_types[code]
    if kind["dataType"] in ("INTEGER", "REAL"):
        return number(value) if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", value) else value
    if kind["dataType"] == "BOOLEAN":
        return {"true": True, "false": False}.get(value.lower(), value)
    if kind["dataType"] == "CONTROLLEDVOCABULARY":
        return {"code": value, "label": tree.labels.get((kind["vocabulary"]["code"], value)) or None}
    return value


def page(tree, view, data):
    return f"{tree.client.url}/openbis/webapp/eln-lims/?menuUniqueId=null&viewName={view}&viewData={urllib.parse.quote_plus(data)}"


def common(tree, kind, entity, identifier, parents, children, url):
    properties = entity.get("properties") or {}
    name = next((properties[c] for c in ("$NAME", "NAME") if properties.get(c, "").strip()), None)
    return {
        "kind": kind, "code": entity["code"], "identifier": identifier, "permId": entity["permId"]["permId"],
        "type": entity["type"]["code"] if entity.get("type") else None, "name": name,
        "properties": {code: typed(tree, code, properties[code]) for code in sorted(properties)},
        "tags": sorted(tag["code"] for tag in entity.get("tags") or []),
        "registrator": person(entity["registrator"]), "registrationDate": date(entity["registrationDate"]),
        "modifier": person(entity.get("modifier")), "modificationDate": date(entity["modificationDate"]),
        "parents": parents, "children": children, "url": url,
    }


def root_document(tree):
    versions = {key.removesuffix("-version"): value for key, value in sorted(tree.information.items()) if key.endswith("-version")}
    return {
        "kind": "openbis", "server": tree.client.url, "versions": versions, "user": person(tree.session["person"]),
        "dataStores": [{"code": s["code"], "downloadUrl": tree.client.data_store_url({"dataStore": s})} for s in sorted(tree.stores, key=lambda s: s["code"])],
        "url": tree.client.url + "/openbis/webapp/eln-lims/",
    }


def space_document(tree, space):
    return {**common(tree, "space", space, "/" + space["code"], [], [], page(tree, "showSpacePage", space["code"])), "description": space["description"] or None}


def project_document(tree, project):
    url = page(tree, "showProjectPageFromPermId", project["permId"]["permId"])
    return {**common(tree, "project", project, project["identifier"]["identifier"], [], [], url),
            "description": project["description"] or None, "leader": person(project["leader"])}


def experiment_document(tree, experiment):
    identifier = experiment["identifier"]["identifier"]
    return common(tree, "collection", experiment, identifier, [], [], page(tree, "showExperimentPageFromIdentifier", f'["{identifier}",false]'))


def sample_document(tree, sample):
    def references(samples):
        return [reference(s) for s in sorted(samples, key=lambda s: (s["identifier"]["identifier"], s["permId"]["permId"]))]

    url = page(tree, "showViewSamplePageFromPermId", sample["permId"]["permId"])
    return {**common(tree, "object", sample, sample["identifier"]["identifier"], references(sample["parents"]), references(sample["children"]), url),
            "collection": sample["experiment"] and sample["experiment"]["identifier"]["identifier"]}


def data_set_document(tree, data_set, files):
    physical, linked = data_set["physicalData"], data_set["linkedData"]
    url = page(tree, "showViewDataSetPageFromPermId", data_set["code"])
    document = common(tree, "dataset", data_set, None, [reference(d) for d in data_set["parents"]], [reference(d) for d in data_set["children"]], url)
    document.update({
        "dataSetKind": data_set["kind"],
        "object": data_set["sample"] and reference(data_set["sample"]),
        "collection": data_set["experiment"] and data_set["experiment"]["identifier"]["identifier"],
        "dataStore": data_set["dataStore"] and data_set["dataStore"]["code"],
        "physicalData": physical and {
            "status": physical["status"], "size": None if physical["size"] is None else number(str(physical["size"])), "location": physical["location"] or None,
            "shareId": physical["shareId"] or None, "complete": physical["complete"] or None, "presentInArchive": physical["presentInArchive"]},
        "linkedData": linked and {
            "externalCode": linked["externalCode"] or None, "externalDms": linked["externalDms"] and linked["externalDms"]["code"],
            "contentCopies": [{
                "externalDms": c["externalDms"] and c["externalDms"]["code"], "externalCode": c["externalCode"] or None, "path": c["path"] or None,
                "gitCommitHash": c["gitCommitHash"] or None, "gitRepositoryId": c["gitRepositoryId"] or None} for c in linked["contentCopies"]]},
        "components": [reference(d) for d in data_set["components"]],
        "files": None if files is None else {
            "count": number(str(sum(not f[1] for f in files))), "bytes": number(str(sum(f[2] for f in files if not f[1])))},
    })
    return document
