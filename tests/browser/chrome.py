"""Headless Chromium with nothing to reach, for the page of maps."""

import json
import shutil
import sys
import tempfile

SKIPPED = 77  # what ctest counts as skipped

try:
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common import utils
except ImportError:
    webdriver = None


def missing():
    """What a test in a browser lacks here, or None."""
    if webdriver is None:
        return "python3-selenium"
    if not (shutil.which("chromium") or shutil.which("google-chrome")):
        return "chromium"
    if not shutil.which("chromedriver"):
        return "chromium-driver"
    try:  # which some sandboxes do not let it, whatever the page
        with tempfile.TemporaryDirectory() as folder:
            start(folder).quit()
    except WebDriverException as failure:
        return f"a browser that starts; {failure.msg.splitlines()[0]}"
    return None


def skip_if_missing():
    lacking = missing()
    if lacking:
        print(f"skipped: needs {lacking}", file=sys.stderr)
        sys.exit(SKIPPED)


def make_service():
    """The driver by its address, as it talks to the browser through a pipe: a bare system need not
    know the name localhost."""

    class LocalService(Service):
        @property
        def service_url(self):
            return f"http://127.0.0.1:{self.port}"

        def is_connectable(self):
            return utils.is_connectable(self.port, "127.0.0.1")

    return LocalService(shutil.which("chromedriver"))


def start(downloads):
    options = Options()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     "--remote-debugging-pipe", "--window-size=1400,1000"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": downloads})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=make_service(), options=options)
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
        "offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {
        "behavior": "allow", "downloadPath": downloads})
    return driver


def resize(driver, width, height):
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})


def complaints(driver):
    """What the console has said since the last call."""
    return [entry["message"] for entry in driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")]


def requests(driver):
    """The addresses beyond the machine that were asked for since the last call."""
    addresses = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            addresses.append(message["params"]["request"]["url"])
    return [url for url in addresses
            if not url.startswith(("file:", "data:", "blob:", "chrome:", "about:"))]
