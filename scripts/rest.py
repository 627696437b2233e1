"""A small client of the REST contract: one session for each gateway, plain standard library."""

import hashlib
import http.client
import json


class RestError(Exception):
    """An answer other than 200; its text is the appliance's own error."""

    def __init__(self, call, status, body):
        super().__init__(f"{call}: HTTP {status} {body}")
        self.status = status
        self.body = body


class Rest:
    """Calls of one gateway. Logs in when needed, and again when the session is gone (after a restart, for example)."""

    NOT_LOGGED_IN = "10440102"

    def __init__(self, port, password, host="127.0.0.1", user="admin", timeout=40):
        self.host, self.port, self.user, self.password, self.timeout = host, port, user, password, timeout
        self.token = None
        self.vrg_uuid = None

    def answers(self):
        """Whether GET /versions answers, which needs no session."""
        try:
            return self._call("GET", "/versions", None, {})[0] == 200
        except (OSError, http.client.HTTPException, ValueError):
            return False

    def login(self):
        key = hashlib.sha256(self.password.encode()).hexdigest()
        status, headers, body = self._call(
            "POST", "/session", None, {"X-Auth-User": self.user, "X-Auth-Key": key})
        if status != 200:
            raise RestError("POST /session", status, body)
        self.token = headers["x-auth-token"]
        self.vrg_uuid = body.get("uuid")

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body):
        return self.call("POST", path, body)

    def call(self, method, path, body=None):
        if self.token is None:
            self.login()
        status, _, answer = self._call(method, path, body, {"X-Auth-Token": self.token})
        if status == 400 and isinstance(answer, dict) and answer.get("errorCode") == self.NOT_LOGGED_IN:
            self.login()
            status, _, answer = self._call(method, path, body, {"X-Auth-Token": self.token})
        if status != 200:
            raise RestError(f"{method} {path}", status, answer)
        return answer

    def _call(self, method, path, body, headers):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            headers = {"Accept": "application/json;version=v1.0;charset=UTF-8", **headers}
            data = None
            if body is not None:
                data = json.dumps(body).encode()
                headers["Content-Type"] = "application/json;charset=UTF-8"
            elif method == "POST":
                data = b""
            connection.request(method, "/vrgservice" + path, body=data, headers=headers)
            response = connection.getresponse()
            raw = response.read()
            try:
                answer = json.loads(raw) if raw else {}
            except ValueError:
                answer = {"errorDes": raw[:200].decode("utf-8", "replace")}
            return response.status, {k.lower(): v for k, v in response.getheaders()}, answer
        finally:
            connection.close()
