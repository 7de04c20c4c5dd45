# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium that is controlled with the DevTools protocol over two pipes.

Playwright needs 168 MB, more than half of what all tests need, and does not support the Chromium of a distribution.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# The browser reads commands from descriptor 3 and writes answers to 4.
START = """
import fcntl, os, sys
for place, number in enumerate([fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]], 3):
    os.dup2(number, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
DEADLINE = 60  # in seconds: for one answer, on a busy machine


def find():
    """Return the path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def running(program):
    """Start a browser, and stop it in any case."""
    to_browser, to_us = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as home:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        options += ["--no-first-run", "--disable-extensions", f"--user-data-dir={home}", "--remote-debugging-pipe"]
        process = subprocess.Popen(
            [sys.executable, "-c", START, str(to_browser[0]), str(to_us[1]), program, *options],
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
    """Commands to the browser, and its events."""

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
        """Wait for an event after the last command."""
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
    """A tab: ``problems`` are console messages, ``requests`` are requested URLs."""

    def __init__(self, pipe, width=1280, height=900, phone=False, scheme="light", scripts=True):
        self._pipe = pipe
        self._target = pipe.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = pipe.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self._call("Emulation.setScriptExecutionDisabled", value=not scripts)
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
        """Return the value of an expression or of a resolved promise."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def press(self, key, code, text=""):
        """Press a key, given by name, Windows code and typed text."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self._call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **typed)

    def type(self, text):
        self._call("Input.insertText", text=text)

    def until(self, script):
        """Wait until an expression is true."""
        end = time.monotonic() + DEADLINE
        while not self.run(f"new Promise((done) => requestAnimationFrame(() => done(Boolean({script}))))"):
            assert time.monotonic() < end, f"this did not come true: {script}"

    def close(self):
        self._pipe.call("Target.closeTarget", targetId=self._target)

    def pdf(self):
        return base64.b64decode(self._call("Page.printToPDF", printBackground=False)["data"])

    def png(self):
        return base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])

    @property
    def problems(self):
        told = {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening"}
        return [one["params"] for one in self._told() if one["method"] in told]

    @property
    def requests(self):
        return [one["params"]["request"]["url"] for one in self._told() if one["method"] == "Network.requestWillBeSent"]

    def _told(self):
        return [one for one in self._pipe.events if one.get("sessionId") == self._session]
