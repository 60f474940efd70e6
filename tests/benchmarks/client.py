"""A small HTTP client: one connection that stays open, cookies, forms. Standard library only."""

import http.client
import re
import time
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlencode


@dataclass
class Answer:
    """What came back, in how many milliseconds, with how many statements of how much time."""

    status: int
    body: bytes
    ms: float
    headers: dict

    @property
    def statements(self):
        """The number of statements, where the server counts them."""
        return int(self.headers.get("x-statements", 0))

    @property
    def sql_ms(self):
        """The time they took."""
        return float(self.headers.get("x-sql-milliseconds", 0))


class Visitor:
    """Somebody signed in at a server on this machine."""

    def __init__(self, port):
        self.port, self.cookies = port, {}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def get(self, path, **headers):
        """Ask for a page."""
        return self.ask("GET", path, None, headers)

    def post(self, path, fields, **headers):
        """Send a form; the CSRF token is taken from the cookie that a page before it set."""
        token = next((value for name, value in self.cookies.items() if "csrf" in name), "")
        body = urlencode({"csrfmiddlewaretoken": token, **fields}, doseq=True)
        return self.ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **headers})

    def ask(self, method, path, body, headers):
        """One request; a connection that the server closed meanwhile is opened again."""
        headers = {
            "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "Referer": f"http://127.0.0.1:{self.port}/",
            "Accept-Encoding": "identity", **{name.replace("_", "-"): value for name, value in headers.items()},
        }  # fmt: skip
        for attempt in (1, 2):
            began = time.perf_counter()
            try:
                self.connection.request(method, path, body, headers)
                response = self.connection.getresponse()
                data = response.read()
                break
            except (http.client.HTTPException, ConnectionError):
                self.connection.close()
                if attempt == 2:
                    raise
        ms = (time.perf_counter() - began) * 1000
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";")[0]
        return Answer(response.status, data, ms, {name.lower(): value for name, value in response.getheaders()})

    def sign_in(self, at="/auth/login/", **fields):
        """Sign in through the form at an address."""
        self.get(at)
        answer = self.post(at, fields)
        if answer.status != 302:
            raise RuntimeError(f"could not sign in: {answer.status}")
        return self

    def form(self, path):
        """The values of the fields that a page's form shows, as a browser would send them back."""
        page = self.get(path).body.decode()
        values = {}
        for tag in re.findall(r"<input[^>]*>", page):
            found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            if found.get("name") and found.get("type") not in ("checkbox", "radio", "submit", "search"):
                values[found["name"]] = unescape(found.get("value", ""))
        for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
            chosen = re.search(r'<option value="([^"]*)"[^>]*selected', options)
            values[name] = unescape(chosen[1]) if chosen else ""
        for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', page, re.DOTALL):
            values[name] = unescape(text).strip()
        return {name: value for name, value in values.items() if name != "csrfmiddlewaretoken"}
