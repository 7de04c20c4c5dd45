# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium, driven by the DevTools protocol over a pair of pipes."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
DEADLINE = 60  # seconds for one answer, on a busy machine


def find():
    """The path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def browser(program):
    """Start a browser, and end it in any case."""
    to_browser, to_us = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as home:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        options += ["--no-first-run", "--disable-extensions", f"--user-data-dir={home}", "--remote-debugging-pipe"]
        # The browser reads commands from descriptor 3 and writes answers to 4.
        command = ["sh", "-c", 'in=$1 out=$2; shift 2; exec "$@" 3<&"$in" 4>&"$out"', "sh"]
        process = subprocess.Popen(
            [*command, str(to_browser[0]), str(to_us[1]), program, *options],
            pass_fds=(to_browser[0], to_us[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": home},
        )
        os.close(to_browser[0])
        os.close(to_us[1])
        try:
            yield Pipe(to_browser[1], to_us[0])
        finally:
            os.close(to_browser[1])
            os.close(to_us[0])
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


class Pipe:
    """Commands to the browser, and what it tells by itself."""

    def __init__(self, commands, answers):
        self._commands = commands
        self._answers = answers
        self._rest = b""
        self._number = 0
        self.events = []

    def call(self, method, session=None, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._commands, data) :]
        number = self._number
        answer = self._until(lambda one: one.get("id") == number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait_for(self, method, session):
        """Until the browser tells something that it has not told before the last command."""
        return self._until(lambda one: one.get("method") == method and one.get("sessionId") == session)

    def _until(self, fits):
        end = time.monotonic() + DEADLINE
        while True:
            message, separator, rest = self._rest.partition(b"\0")
            if separator:
                self._rest = rest
                one = json.loads(message)
                if "method" in one:
                    self.events.append(one)
                if fits(one):
                    return one
                continue
            if not select.select([self._answers], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"the browser did not answer within {DEADLINE} s")
            data = os.read(self._answers, 1 << 20)
            if not data:
                raise AssertionError("the browser ended")
            self._rest += data


class Page:
    """One tab: ``problems`` is all that the console would show, ``requests`` each address that was asked for."""

    def __init__(self, pipe, width=1280, height=900, phone=False, scheme="light"):
        self._pipe = pipe
        target = pipe.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = pipe.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.media(scheme)

    def _call(self, method, **parameters):
        return self._pipe.call(method, self._session, **parameters)

    def media(self, scheme, medium=""):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", media=medium, features=features)

    def open(self, address):
        self._pipe.events.clear()
        self._call("Page.navigate", url=address)
        if not any(one["method"] == "Page.loadEventFired" for one in self._pipe.events):
            self._pipe.wait_for("Page.loadEventFired", self._session)

    def run(self, script):
        """The value of an expression, of a promise when it has come true."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def press(self, key, text=None):
        for kind in ("keyDown", "keyUp"):
            extra = {"text": text} if text and kind == "keyDown" else {}
            self._call("Input.dispatchKeyEvent", type=kind, key=key, **extra)

    def type(self, text):
        self._call("Input.insertText", text=text)

    def screenshot(self, path, whole=False):
        data = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def pdf(self):
        return base64.b64decode(self._call("Page.printToPDF", printBackground=False)["data"])

    @property
    def problems(self):
        told = {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}
        return [one["params"] for one in self._pipe.events if one["method"] in told]

    @property
    def requests(self):
        sent = [one for one in self._pipe.events if one["method"] == "Network.requestWillBeSent"]
        return [one["params"]["request"]["url"] for one in sent]
