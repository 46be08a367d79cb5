"""A small openBIS client on the standard library alone.

It exists to disagree: it shares nothing with the Go client, asks the server in another way (plain searches instead of executeOperations,
one at a time, no paging) and resolves back references by its own rule. What it and the mount both say is right, or both read the protocol wrongly
in the same way by chance.
"""

import binascii
import http.cookiejar
import json
import struct
import urllib.parse
import urllib.request

BLOCK = 1 << 20

# The only places where an integer may stand for an object; numbers elsewhere are numbers.
PLAIN_NUMBERS = {
    "registrationDate", "modificationDate", "accessDate", "dataProductionDate", "validFromDate", "validToDate", "techId", "totalCount",
    "size", "ordinal", "from", "count", "speedHint", "checksumCRC32", "crc32Checksum", "fileLength", "version", "maxResults",
}


class ServerError(Exception):
    """An error that the server put into an answer."""


def resolve(value):
    """Replaces back references in a decoded Jackson answer by the objects they mean."""
    known = {}

    def index(node):
        if isinstance(node, dict):
            if "@id" in node:
                known[node["@id"]] = node
            for child in node.values():
                index(child)
        elif isinstance(node, list):
            for child in node:
                index(child)

    def patch(node):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in list(pairs):
            if isinstance(child, (dict, list)):
                patch(child)
            elif isinstance(child, int) and not isinstance(child, bool) and key not in PLAIN_NUMBERS and key != "@id" and child in known:
                node[key] = known[child]

    index(value)
    holder = [value]
    patch(holder)
    return holder[0]


class Client:
    """One session with one server."""

    def __init__(self, url, user, password):
        self.url = url.rstrip("/")
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.token = None
        self.token = self.call("login", user, password)
        if not self.token:
            raise ServerError("wrong user or password")

    def post(self, url, body):
        request = urllib.request.Request(url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        try:
            with self.opener.open(request, timeout=120) as response:
                return json.load(response)
        except urllib.error.HTTPError as failure:
            return json.load(failure)

    def rpc(self, url, method, *params):
        answer = self.post(url, {"jsonrpc": "2.0", "id": "1", "method": method, "params": params})
        if "error" in answer:
            raise ServerError(answer["error"]["message"])
        return resolve(answer["result"])

    def call(self, method, *params):
        """Calls a v3 method of the application server; the token is put first when there is one."""
        first = () if self.token is None else (self.token,)
        return self.rpc(self.url + "/openbis/openbis/rmi-application-server-v3.json", method, *first, *params)

    def search(self, kind, package, fetch=None):
        """All visible entities of a kind, e.g. search("Samples", "sample", {...})."""
        criteria = {"@type": f"as.dto.{package[0]}.search.{package[1]}SearchCriteria"}
        options = {"@type": f"as.dto.{package[0]}.fetchoptions.{package[1]}FetchOptions", **(fetch or {})}
        return self.call("search" + kind, criteria, options)["objects"]

    def data_store_url(self, data_set):
        """The store's URL; the server may leave it empty, or write it with or without the suffix."""
        base = ((data_set.get("dataStore") or {}).get("downloadUrl") or self.url).rstrip("/")
        return base if base.endswith("/datastore_server") else base + "/datastore_server"

    def files(self, data_set):
        """The v1 listing of a whole Dataset: [(path, is_directory, size, crc32 or None)], sorted."""
        entries = self.rpc(self.data_store_url(data_set) + "/rmi-dss-api-v1.json", "listFilesForDataSet", self.token, data_set["code"], "/", True)
        rows = []
        for entry in entries:
            crc = entry.get("crc32Checksum")
            rows.append((entry["pathInDataSet"], entry["isDirectory"], int(entry["fileSize"]), None if crc is None else crc & 0xFFFFFFFF))
        return sorted(rows)

    def download(self, data_set, path):
        """The bytes of a file by the download servlet; an error page is an error."""
        url = self.data_store_url(data_set) + "/" + urllib.parse.quote(data_set["code"] + "/" + path, safe="/") + "?sessionID=" + urllib.parse.quote(self.token)
        with self.opener.open(url, timeout=120) as response:
            body = response.read()
            if "Content-Disposition" not in response.headers:
                raise ServerError(body[:500].decode(errors="replace"))
            return body

    def blocks(self, data_set, path, numbers):
        """Blocks of 1 MiB of one file by the file-transfer protocol: {number: bytes}."""
        url = self.data_store_url(data_set) + "/file-transfer"

        def command(**params):
            with self.opener.open(url + "?" + urllib.parse.urlencode(params), timeout=120) as response:
                return response.headers.get("Content-Type", ""), response.read()

        item = data_set["code"] + "/" + path
        _, text = command(method="startDownloadSession", userSessionId=self.token, downloadItemIds=item, wishedNumberOfStreams=1)
        start = json.loads(text)
        if "error" in start:
            raise ServerError(start["error"])
        session, stream = start["downloadSessionId"], start["streamIds"][0]
        first = int(start["ranges"][item].split(":")[0])
        found = {}
        try:
            for number in numbers:
                command(method="queue", downloadSessionId=session, ranges=str(first + number))
                _, frame = command(method="download", downloadSessionId=session, downloadStreamId=stream, numberOfChunks=1)
                sequence, item_length, _, path_length, offset, payload_length = struct.unpack(">ihbhqi", frame[:21])
                end = 21 + item_length + path_length
                payload = frame[end + 8:end + 8 + payload_length]
                if binascii.crc32(frame[:end]) != struct.unpack(">q", frame[end:end + 8])[0]:
                    raise ServerError("header checksum")
                if binascii.crc32(payload) != struct.unpack(">q", frame[end + 8 + payload_length:end + 16 + payload_length])[0]:
                    raise ServerError("payload checksum")
                if sequence != first + number or offset != number * BLOCK:
                    raise ServerError("not the block that was asked for")
                found[number] = payload
        finally:
            command(method="finishDownloadSession", downloadSessionId=session)
        return found
